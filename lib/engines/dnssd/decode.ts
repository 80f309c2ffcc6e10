/** Bytes from the network to messages: guarded, decoded by multicast-dns, checked and reduced to what we use. */
import { EventEmitter } from 'node:events'
import { isIPv4, isIPv6 } from 'node:net'
import type { Socket } from 'node:dgram'
import multicastDns from 'multicast-dns'
import { isDecodable, isStandard } from './guard.js'
import type { Message, Question, Resource } from './records.js'
import { TXT_LIMIT } from './txt.js'

/** A name has at most 255 bytes (RFC 1035 section 3.1). */
const NAME_LIMIT = 255
/** RFC 6762 section 10 recommends no TTL above; whoever says longer is asked again sooner. */
const TTL_LIMIT = 4_500
/** The class IN with the QU bit, as the decoder spells it (RFC 6762 section 5.4). */
const CLASSES = new Set(['IN', 'ANY', 'UNKNOWN_32769', 'UNKNOWN_33023'])
const QUESTIONS: ReadonlySet<string> = new Set<Question['type']>(['A', 'AAAA', 'PTR', 'SRV', 'TXT', 'ANY'])

type Decoded = { [K in keyof multicastDns.FullPacket]: Exclude<multicastDns.FullPacket[K], undefined> }
type DecodedRecord = Decoded['answers'][number]

/** Reads one datagram; null for what is malformed, of another kind, or not to be decoded at all. */
export type Decode = (bytes: Uint8Array) => Message | null

/**
 * A decoder. multicast-dns reads datagrams in its own listener: it gets a stand-in for a socket, on which
 * only guarded datagrams ever appear, and which never sends. The real socket is ours alone.
 */
export function createDecoder(): Decode {
  const standIn = new EventEmitter()
  let decoded: Decoded | null = null
  const mdns = multicastDns({ socket: standIn as Socket, bind: false, multicast: false })
  mdns.on('packet', (packet: Decoded) => (decoded = packet))
  // What it warns of is a malformed datagram: nothing was decoded, and the answer is null.
  mdns.on('warning', () => (decoded = null))
  return (bytes) => {
    if (!isDecodable(bytes) || !isStandard(bytes)) return null
    decoded = null
    standIn.emit('message', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {})
    return decoded === null ? null : toMessage(decoded)
  }
}

function toMessage(packet: Decoded): Message {
  const records = (section: readonly DecodedRecord[]): Resource[] =>
    section.map(toResource).filter((record) => record !== null)
  return {
    kind: packet.type,
    id: packet.id,
    truncated: (packet.flags & 0x0200) !== 0,
    questions: packet.questions
      .filter(({ type, class: kind, name }) => QUESTIONS.has(type) && CLASSES.has(kind ?? '') && isName(name))
      .map(({ name, type }) => ({ name, type: type as Question['type'] })),
    answers: records(packet.answers),
    authorities: records(packet.authorities),
    additionals: records(packet.additionals),
  }
}

/** One record, or null where it is of no use to us or not what its type demands. */
function toResource(record: DecodedRecord): Resource | null {
  if (record.type === 'OPT' || record.class !== 'IN' || !isName(record.name)) return null
  const ttl = Math.min(record.ttl ?? 0, TTL_LIMIT)
  const common = { name: record.name, ttl, flush: record.flush === true }
  if (record.type === 'PTR') {
    return isName(record.data) ? { ...common, type: 'PTR', target: record.data } : null
  }
  if (record.type === 'SRV') {
    const { priority = 0, weight = 0, port, target } = record.data
    return isName(target) && port > 0 ? { ...common, type: 'SRV', priority, weight, port, target } : null
  }
  if (record.type === 'TXT') {
    const data = joinStrings(record.data)
    return data.length <= TXT_LIMIT ? { ...common, type: 'TXT', data } : null
  }
  if (record.type === 'A') return isIPv4(record.data) ? { ...common, type: 'A', address: record.data } : null
  if (record.type === 'AAAA')
    return isIPv6(record.data) ? { ...common, type: 'AAAA', address: record.data } : null
  return null
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length > 0 && Buffer.byteLength(name) <= NAME_LIMIT
}

/** The decoder took the length bytes away; copied, so that a record does not hold its whole datagram. */
function joinStrings(data: string | Buffer | readonly (string | Buffer)[]): Buffer {
  const strings = (Array.isArray(data) ? data : [data]) as readonly (string | Buffer)[]
  return Buffer.concat(
    strings.map((text) => Buffer.from(text)).flatMap((part) => [Buffer.of(part.length), part]),
  )
}
