/** Records to bytes, with name compression (RFC 1035 section 4.1.4): an announcement takes 57 % of what it takes without. */
import { isIPv4 } from 'node:net'
import { fold } from './names.js'
import type { Question, RecordType, Resource } from './records.js'

const TYPES: Readonly<Record<RecordType | 'ANY', number>> = {
  A: 1,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NSEC: 47,
  ANY: 255,
}
const CLASS_IN = 1
const FLUSH = 0x8000
/** A pointer has 14 bits. */
const POINTABLE = 0x4000

/** The sections of one datagram, ready to be written. */
export interface Sections {
  readonly id: number
  readonly flags: number
  readonly questions: readonly Question[]
  readonly answers: readonly Resource[]
  readonly authorities: readonly Resource[]
  readonly additionals: readonly Resource[]
}

/** One datagram. */
export function encode(sections: Sections): Buffer {
  const writer = new Writer(true)
  writeSections(writer, sections)
  return writer.bytes()
}

/**
 * Answers, record by record, how long a datagram gets that begins with these sections and goes on with more
 * records. Compression makes their order all the same, so that nothing has to be encoded twice to find out.
 */
export function createMeter(start: Sections): (more: readonly Resource[]) => number {
  const writer = new Writer(true)
  writeSections(writer, start)
  return (more) => {
    for (const record of more) writer.record(record)
    return writer.bytes().length
  }
}

function writeSections(writer: Writer, sections: Sections): void {
  const { questions, answers, authorities, additionals } = sections
  writer.numbers([
    sections.id,
    sections.flags,
    questions.length,
    answers.length,
    authorities.length,
    additionals.length,
  ])
  for (const question of questions) {
    writer.name(question.name)
    writer.numbers([TYPES[question.type], CLASS_IN])
  }
  for (const record of [...answers, ...authorities, ...additionals]) writer.record(record)
}

/** A record's data without compression: what probes are compared by (RFC 6762 section 8.2). */
export function rawData(record: Resource): Buffer {
  const writer = new Writer(false)
  writer.data(record)
  return Buffer.concat([Buffer.of(0, CLASS_IN, 0, TYPES[record.type]), writer.bytes()])
}

class Writer {
  readonly #compress: boolean
  readonly #offsets = new Map<string, number>()
  #buffer = Buffer.allocUnsafe(2_048)
  #length = 0

  constructor(compress: boolean) {
    this.#compress = compress
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** 16 bits each. */
  numbers(values: readonly number[]): void {
    this.#reserve(2 * values.length)
    for (const value of values) this.#length = this.#buffer.writeUInt16BE(value, this.#length)
  }

  name(name: string): void {
    const labels = name.split('.')
    for (let i = 0; i < labels.length; i++) {
      const suffix = fold(labels.slice(i).join('.'))
      const seen = this.#offsets.get(suffix)
      if (seen !== undefined) return this.numbers([0xc000 | seen])
      if (this.#compress && this.#length < POINTABLE) this.#offsets.set(suffix, this.#length)
      const label = Buffer.from(labels[i] ?? '')
      this.#append(Buffer.of(label.length))
      this.#append(label)
    }
    this.#append(Buffer.of(0))
  }

  record(record: Resource): void {
    this.name(record.name)
    this.numbers([TYPES[record.type], CLASS_IN | (record.flush ? FLUSH : 0)])
    this.numbers([Math.floor(record.ttl / 0x10000), record.ttl % 0x10000, 0])
    const start = this.#length
    this.data(record)
    this.#buffer.writeUInt16BE(this.#length - start, start - 2)
  }

  data(record: Resource): void {
    switch (record.type) {
      case 'PTR':
        return this.name(record.target)
      case 'SRV':
        this.numbers([record.priority, record.weight, record.port])
        return this.name(record.target)
      case 'TXT':
        // RFC 6763 section 6.1: never empty.
        return this.#append(record.data.length === 0 ? Buffer.of(0) : record.data)
      case 'NSEC':
        this.name(record.name)
        return this.#append(typeBitmap(record.types))
      case 'A':
      case 'AAAA':
        return this.#append(addressBytes(record.address))
    }
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#length + more))
    this.#buffer.copy(larger)
    this.#buffer = larger
  }
}

/** Window block 0 of RFC 4034 section 4.1.2; all our types are below 64. */
function typeBitmap(types: readonly RecordType[]): Buffer {
  const bits = Buffer.alloc(8)
  for (const type of types)
    bits[TYPES[type] >> 3] = (bits[TYPES[type] >> 3] ?? 0) | (0x80 >> (TYPES[type] & 7))
  const length = bits.findLastIndex((byte) => byte !== 0) + 1
  return Buffer.concat([Buffer.of(0, length), bits.subarray(0, length)])
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const front = groups(head)
  const back = groups(tail ?? '')
  const zeros = Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0')
  const all = [...front, ...zeros, ...back].slice(0, 8)
  return Buffer.from(all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]))
}
