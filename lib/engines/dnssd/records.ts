/** The resource records that discovery speaks of, as plain data, and what makes two of them the same. */
import { isIPv4, isIPv6 } from 'node:net'
import { fold } from './names.js'

interface Common {
  readonly name: string
  /** Seconds; 0 is a goodbye. */
  readonly ttl: number
  /** The cache-flush bit: "this is all there is under this name and type" (RFC 6762 section 10.2). */
  readonly flush: boolean
}

export interface Pointer extends Common {
  readonly type: 'PTR'
  readonly target: string
}

export interface Service extends Common {
  readonly type: 'SRV'
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

export interface Text extends Common {
  readonly type: 'TXT'
  /** As on the wire: strings, each behind a byte with its length. */
  readonly data: Uint8Array
}

export interface HostAddress extends Common {
  readonly type: 'A'
  readonly address: string
}

export interface HostAddress6 extends Common {
  readonly type: 'AAAA'
  readonly address: string
}

/** "Under this name there are these types and no others" (RFC 6762 section 6.1). */
export interface Denial extends Common {
  readonly type: 'NSEC'
  readonly types: readonly RecordType[]
}

export type Resource = Pointer | Service | Text | HostAddress | HostAddress6 | Denial
export type RecordType = Resource['type']

/** A question asks for one type, or for all. */
export interface Question {
  readonly name: string
  readonly type: RecordType | 'ANY'
}

/** A datagram, read and checked. Types that we have no use for are left out. */
export interface Message {
  readonly kind: 'query' | 'response'
  readonly id: number
  /** The TC bit: known answers go on in the next datagram. */
  readonly truncated: boolean
  readonly questions: readonly Question[]
  readonly answers: readonly Resource[]
  readonly authorities: readonly Resource[]
  readonly additionals: readonly Resource[]
}

/** Seconds that a record may be kept unrefreshed (RFC 6762 section 10). */
export const TTL: { readonly unique: number; readonly shared: number } = Object.freeze({
  unique: 120,
  shared: 4_500,
})

/** What a record says, without name, type and TTL: equal data is the same record. */
export function dataOf(record: Resource): string {
  switch (record.type) {
    case 'PTR':
      return fold(record.target)
    case 'SRV':
      return `${record.priority} ${record.weight} ${record.port} ${fold(record.target)}`
    case 'TXT':
      return Buffer.from(record.data).toString('latin1')
    case 'NSEC':
      return record.types.join(' ')
    case 'A':
    case 'AAAA':
      return record.address
  }
}

/** Two records with the same key are one. */
export function recordKey(record: Resource): string {
  return `${fold(record.name)} ${record.type} ${dataOf(record)}`
}

/** Whether `record` is of the name and type that `question` asks for. */
export function answersTo(record: Resource, question: Question): boolean {
  if (question.type === 'ANY' ? record.type === 'NSEC' : record.type !== question.type) return false
  return fold(record.name) === fold(question.name)
}

/** Whether this address stays on this machine: the only kind that loopback scope announces and believes. */
export function isLoopback(address: string): boolean {
  return isIPv4(address) ? address.startsWith('127.') : isIPv6(address) && address === '::1'
}
