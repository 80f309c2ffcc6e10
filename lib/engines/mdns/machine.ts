/**
 * What the responder and the querier have in common: machines without sockets, timers or chance of their own.
 *
 *   (state, event, now) -> (state, actions)      `now` and `wakeAt` are milliseconds that only grow
 */
import type { Group, Outgoing } from '../dnssd/pack.js'
import type { Question, Resource } from '../dnssd/records.js'

/** Where a datagram came from, or goes to. */
export interface Source {
  readonly address: string
  readonly port: number
}

/** An order to send: to the group where `to` is null. */
export interface Send {
  readonly do: 'send'
  readonly message: Outgoing
  readonly to: Source | null
}

export interface Machine<Event, Action> {
  /** Takes one event and answers what is to be done. Never throws on anything that a peer sent. */
  step(event: Event, now: number): Action[]
  /** When a tick is due next; Infinity: never. */
  readonly wakeAt: number
}

/** How patient a link wants us to be; durations are milliseconds. */
export interface Timing {
  /** Answers that others may have too wait a random time of this range (RFC 6762 section 6). */
  readonly answerDelay: readonly [number, number]
  /** So do answers to a question whose known answers go on in the next datagram (section 7.2). */
  readonly truncatedDelay: readonly [number, number]
  /** The first wait for an answer to a question that stands; each further wait is twice as long (section 5.2). */
  readonly askAgain: number
  /** A record is not multicast again within this (section 6). */
  readonly gap: number
}

/**
 * On loopback nothing collides and nothing is lost in the air: the RFC's 20-120 ms, and its second between two
 * multicasts of a record, would be nearly all of the time that discovery takes. A short random wait still lets
 * answers be merged, and a gap of 20 ms still bounds what a flood of questions can cause.
 */
export const LOOPBACK: Timing = Object.freeze({
  answerDelay: [0, 20] as const,
  truncatedDelay: [40, 60] as const,
  askAgain: 125,
  gap: 20,
})

/** An order to ask the group, with the answers that we have already (RFC 6762 section 7.1). */
export function ask(questions: readonly Question[], known: readonly Resource[] = []): Send {
  const groups = known.map((record) => ({ answers: [record], additionals: [] }))
  return { do: 'send', to: null, message: { kind: 'query', id: 0, questions, authorities: [], groups } }
}

/** An order to tell the group. */
export function tell(groups: readonly Group[]): Send {
  return {
    do: 'send',
    to: null,
    message: { kind: 'response', id: 0, questions: [], authorities: [], groups },
  }
}

/** A random time of a range. */
export function within([from, to]: readonly [number, number], random: () => number): number {
  return from + (to - from) * random()
}
