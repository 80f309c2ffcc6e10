/** Messages to datagrams: what belongs together stays together, and none is longer than fits a frame. */
import { encode } from './encode.js'
import type { Question, Resource } from './records.js'

/** Well under an Ethernet frame (RFC 6762 section 17): a lost fragment would lose the whole datagram. */
export const DATAGRAM = 1_400

const RESPONSE = 0x8400
const TRUNCATED = 0x0200

/** Records that go into one datagram: a pointer and what is needed to use it. */
export interface Group {
  readonly answers: readonly Resource[]
  readonly additionals: readonly Resource[]
}

/** A message that is to be sent. */
export interface Outgoing {
  readonly kind: 'query' | 'response'
  /** 0 but to a legacy asker, whose id is repeated. */
  readonly id: number
  readonly questions: readonly Question[]
  readonly authorities: readonly Resource[]
  /** Of a query: the answers that we have already, each a group of its own. */
  readonly groups: readonly Group[]
}

/** The datagrams of a message, as few as its groups allow. */
export function pack(message: Outgoing): Buffer[] {
  const parts = split(message)
  return parts.map((part, index) => {
    const more = message.kind === 'query' && index < parts.length - 1
    return encodePart(message, part, { first: index === 0, flags: flagsOf(message, more) })
  })
}

/** Divides the groups greedily. A group that is too long by itself goes alone. */
function split(message: Outgoing): Group[][] {
  const parts: Group[][] = []
  let part: Group[] = []
  for (const group of message.groups) {
    const first = parts.length === 0
    const fits = encodePart(message, [...part, group], { first, flags: 0 }).length <= DATAGRAM
    if (!fits && (part.length > 0 || (first && message.kind === 'query'))) {
      parts.push(part)
      part = []
    }
    part.push(group)
  }
  parts.push(part)
  return parts
}

function flagsOf(message: Outgoing, more: boolean): number {
  if (message.kind === 'response') return RESPONSE
  return more ? TRUNCATED : 0
}

function encodePart(
  message: Outgoing,
  groups: readonly Group[],
  { first, flags }: { readonly first: boolean; readonly flags: number },
): Buffer {
  return encode({
    id: message.id,
    flags,
    questions: first ? message.questions : [],
    answers: groups.flatMap((group) => group.answers),
    authorities: first ? message.authorities : [],
    additionals: groups.flatMap((group) => group.additionals),
  })
}
