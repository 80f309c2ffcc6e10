/** Messages to datagrams: what belongs together stays together, and none is longer than fits a frame. */
import { createMeter, encode, type Sections } from './encode.js'
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
    const isLast = index === parts.length - 1
    const flags = message.kind === 'response' ? RESPONSE : isLast ? 0 : TRUNCATED
    return encode({ ...startOf(message, index === 0), flags, ...sectionsOf(part) })
  })
}

/** Divides the groups greedily. A group that is too long by itself goes alone. */
function split(message: Outgoing): Group[][] {
  const parts: Group[][] = []
  let part: Group[] = []
  let meter = createMeter(startOf(message, true))
  for (const group of message.groups) {
    const records = [...group.answers, ...group.additionals]
    const isFirstQuery = parts.length === 0 && message.kind === 'query'
    if (meter(records) > DATAGRAM && (part.length > 0 || isFirstQuery)) {
      parts.push(part)
      part = []
      meter = createMeter(startOf(message, false))
      meter(records)
    }
    part.push(group)
  }
  return [...parts, part]
}

/** Questions and authorities go into the first datagram. */
function startOf(message: Outgoing, isFirst: boolean): Sections {
  return {
    id: message.id,
    flags: 0,
    questions: isFirst ? message.questions : [],
    authorities: isFirst ? message.authorities : [],
    answers: [],
    additionals: [],
  }
}

function sectionsOf(groups: readonly Group[]): Pick<Sections, 'answers' | 'additionals'> {
  return {
    answers: groups.flatMap((group) => group.answers),
    additionals: groups.flatMap((group) => group.additionals),
  }
}
