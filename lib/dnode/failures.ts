/** How calls and sessions fail, in words. */
import leven from 'leven'
import {
  cancelled,
  closed,
  disconnected,
  DServiceError,
  invalid,
  limit,
  noMethod,
  protocol,
  reasonOf,
  refused,
  timeout,
  type Ran,
} from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import type { Connection } from '../wire/connection.js'
import { quote } from '../wire/quote.js'

/** Methods that an error lists in its text; more of them are in its details. */
const LISTED = 20

/** Methods that an error has in its details, and that a name is compared with: a peer may ask as often as it likes. */
const KNOWN = 200

/** The peer has no such method. */
export function missingMethod(method: string, all: readonly string[]): DServiceError {
  const known = all.slice(0, KNOWN)
  const most = Math.max(1, Math.floor(method.length / 3))
  const near = known
    .filter((name) => Math.abs(name.length - method.length) <= most)
    .map((name) => ({ name, distance: leven(name, method) }))
    .filter(({ distance }) => distance <= most)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name)
  const listed = all.slice(0, LISTED).map(shown).join(', ') + (all.length > LISTED ? ', …' : '')
  const has = listed || 'none'
  return noMethod({
    summary: `the service has no method ${quote(method)}`,
    hint: near.length > 0 ? `did you mean ${near.map(shown).join(' or ')}? It has: ${has}` : `it has: ${has}`,
    details: { method, known, near },
  })
}

/** A name that a peer chose: as it is where it is plain, else in quotes. */
function shown(name: string): string {
  return /^[\w$.-]{1,80}$/.test(name) ? name : quote(name)
}

/** An awaited call needs a peer that answers. */
export function notDialect(address: string, isOpening: boolean): DServiceError {
  if (isOpening) {
    return invalid({
      summary: `the session to ${address} is not ready`,
      hint: 'await its `ready` before calling',
    })
  }
  return invalid({
    summary: `the peer at ${address} speaks plain dnode, which has no answers`,
    hint: 'call its methods with a callback',
  })
}

/** The peer said how many calls it takes at once. */
export function tooManyPending(most: number): DServiceError {
  return limit({
    summary: `${most} calls wait for this peer, and it takes no more`,
    hint: 'wait for some of them',
  })
}

/** One side holds too many functions of the other. */
export function tooManyReferences(most: number = LIMITS.references): DServiceError {
  return limit({
    summary: `more than ${most} functions are held on one session`,
    hint: 'send the same function again instead of a new one each time, or end the session now and then',
  })
}

/** The deadline was over before anything was sent. */
export function pastDeadline(method: string): DServiceError {
  return timeout({
    summary: `the deadline of ${method} had passed before it was sent`,
    hint: 'allow it more time',
    ran: 'no',
  })
}

/** A call as its errors name it. `service`: of a peer that said its name. */
export interface Named {
  readonly service: string | null
  readonly method: string
}

/** How errors name a call: `d1 transform`; of a peer without a name, `transform`. */
export function named({ service, method }: Named): string {
  return service === null ? method : `${service} ${method}`
}

/** The caller's signal. */
export function cancelledCall(call: Named, reason: Error, ran: Ran): DServiceError {
  return cancelled({
    summary: `${named(call)} was cancelled: ${reasonOf(reason)}`,
    cause: reason,
    ran,
    details: { ...call },
  })
}

/** The method that runs is told why. */
export function nobodyWaits(why: string): DServiceError {
  return cancelled({ summary: `nobody waits for this call any more: ${why}`, hint: 'stop working for it' })
}

/** The peer gives no sign of life. */
export function silent(address: string, ms: number): DServiceError {
  return disconnected({
    summary: `the peer at ${address} has been silent for ${ms} ms`,
    hint: 'it may be stopped, busy in a loop, or cut off',
  })
}

/** How a session ended, for the calls that it takes along. `byUs`: we closed it. */
export interface End {
  readonly address: string
  readonly byUs: boolean
  readonly reason: Error | null
}

/** We are closing it. */
export function closedByUs({ peer }: Connection): End {
  return { address: peer.address, byUs: true, reason: null }
}

/** The session ended before the answer came, or before the call was made. */
export function gone({ address, byUs, reason }: End, method: string, ran: Ran): DServiceError {
  const why = reason ? `: ${reasonOf(reason)}` : ''
  const details = { method }
  const hint = ran === 'no' ? 'call again on a new session' : 'it may have run'
  return byUs
    ? closed({
        summary: `the session to ${address} was closed before ${method} answered${why}`,
        hint,
        ran,
        details,
      })
    : disconnected({
        summary: `the connection to ${address} ended before ${method} answered${why}`,
        hint,
        ran,
        details,
        cause: reason ?? undefined,
      })
}

/** The session ended, and a stream with it. */
export function streamGone({ address, byUs, reason }: End, ran: Ran): DServiceError {
  const why = reason ? `: ${reasonOf(reason)}` : ''
  const make = byUs ? closed : disconnected
  return make({
    summary: byUs
      ? `the session to ${address} was closed before a stream on it was over${why}`
      : `the connection to ${address} ended before a stream on it was over${why}`,
    hint: 'what came until then is good; call again for the rest',
    ran,
    cause: reason ?? undefined,
  })
}

/** Why a session never became ready. */
export function neverReady({ address, byUs, reason }: End): Error {
  if (reason instanceof DServiceError) return reason
  const why = reason ? reasonOf(reason) : byUs ? 'it was closed' : 'the peer hung up'
  return disconnected({
    summary: `the session to ${address} ended before the peer said what it serves: ${why}`,
    hint: 'is it a dnode service?',
    ran: 'no',
    cause: reason ?? undefined,
  })
}

/** The peer connected and said nothing. */
export function noHello(address: string, ms: number): DServiceError {
  return timeout({
    summary: `the peer at ${address} did not say what it serves within ${ms} ms`,
    hint: 'is it a dnode service?',
    ran: 'no',
  })
}

/** The call ran, but its answer cannot be read. */
export function unreadable(error: Error): DServiceError {
  const code = error instanceof DServiceError ? error.code : 'DS_PROTOCOL'
  const make = code === 'DS_LIMIT' ? limit : protocol
  return make({ summary: `the answer cannot be read: ${reasonOf(error)}`, ran: 'yes', cause: error })
}

/** Our limit and not the caller's: another instance may have room. */
export function tooManyCalls(): DServiceError {
  return refused({
    summary: `${LIMITS.pending} calls of this peer run already`,
    hint: 'wait for some of them, or call another instance',
    details: { limit: LIMITS.pending },
  })
}
