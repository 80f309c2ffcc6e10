/** From a name and a range to an instance to call: choose, or wait a bounded while, or say why there is none. */
import type { Clock } from '../base/clock.js'
import type { Cancellation } from '../base/cancellation.js'
import {
  cancelled,
  closed,
  limit,
  noInstance,
  DServiceError,
  reasonOf,
  summaryOf,
  timeout,
  unreachable,
  type Ran,
} from '../base/errors.js'
import type { Identity } from '../base/identity.js'
import type { KeepAlive } from '../base/keepalive.js'
import { LIMITS } from '../base/options.js'
import satisfies from 'semver/functions/satisfies.js'
import type { Session } from '../dnode/session.js'
import { formatAddress } from '../wire/connection.js'
import type { CallHook } from './call-hook.js'
import type { Choosing } from './choices.js'
import type { Lookups } from './lookups.js'
import type { LivePeer, Peer } from './peer.js'
import type { Interest, Pool } from './pool.js'
import { isVersion, resolve } from './resolve.js'

/** Characters of what a peer announced that an error shows. */
const SHOWN = 80

/** What all handles of one dservice share. */
export interface NodeContext {
  readonly pool: Pool
  readonly clock: Clock
  readonly keepAlive: KeepAlive
  readonly mesh: string
  /** How long a call or look-up waits for an instance. */
  readonly instanceWait: number
  /** Told by `snapshot()`. */
  readonly lookups: Lookups
  /** Calls and look-ups that wait, by name. */
  readonly waiting: Map<string, number>
  /** Around each call of a handle; null: nothing is. */
  readonly hooks: readonly CallHook[] | null
  /** Set once the dservice was stopped. */
  readonly isStopped: () => boolean
}

/** A name and a range that somebody calls. */
export interface Target {
  readonly name: string
  readonly range: string
  /** Null until the first use of a lazy dependency. */
  interest: Interest | null
  /** False until the first choice, which waits until the candidates were gathered. */
  gathered: boolean
}

/** What is looked for, and how it is chosen. */
export interface Wish {
  readonly node: NodeContext
  readonly target: Target
  readonly choosing: Choosing
}

export type Acquired =
  { readonly ok: true; readonly peer: LivePeer } | { readonly ok: false; readonly error: Error }

/** How long to wait, and whom not to choose. */
export interface Patience {
  /** Monotonic time. */
  readonly deadline: number
  /** Sessions that have refused. */
  readonly without?: ReadonlySet<Session> | undefined
  /** Milliseconds after which they may be asked again, where nobody else came. Default: they may not. */
  readonly rest?: number | undefined
  /** Ends the wait. */
  readonly cancellation?: Cancellation | undefined
}

/** Chooses an instance, waiting until `deadline` (monotonic) or `instanceWait` at most. Never rejects. */
export async function acquire(wish: Wish, patience: Patience): Promise<Acquired> {
  const { node, target } = wish
  const { deadline, cancellation } = patience
  if (node.isStopped()) return { ok: false, error: stopped() }
  const interest = want(node, target)
  const left = Math.max(0, deadline - node.clock.monotonic())
  const wait = Math.min(node.instanceWait, left)
  const count = (node.waiting.get(target.name) ?? 0) + 1
  if (count > LIMITS.waiting) return { ok: false, error: tooMany(target) }
  node.waiting.set(target.name, count)
  const stop = new CancelledWait(cancellation, target)
  try {
    const found = waitForOne(wish, { ...patience, interest, left, wait })
    return await Promise.race([stop.promise, found])
  } finally {
    stop[Symbol.dispose]()
    node.waiting.set(target.name, (node.waiting.get(target.name) ?? 1) - 1)
  }
}

/** Settles when the one who waits is told to stop; listens no longer than the wait lasts. */
class CancelledWait implements Disposable {
  readonly promise: Promise<Acquired>
  #listener: Disposable | null = null

  constructor(cancellation: Cancellation | undefined, target: Target) {
    this.promise = new Promise((settle) => {
      const end = (reason: Error): void => {
        const error = cancelledBy(reason, `waiting for ${target.name}@${target.range}`, 'no')
        settle({ ok: false, error })
      }
      this.#listener = cancellation?.onAbort(end) ?? null
    })
  }

  [Symbol.dispose](): void {
    this.#listener?.[Symbol.dispose]()
  }
}

/** The error of what was cancelled; the reason is its cause. */
export function cancelledBy(reason: Error, what: string, ran: Ran = 'maybe'): DServiceError {
  return cancelled({ summary: `${what} was cancelled: ${reasonOf(reason)}`, cause: reason, ran })
}

/** The target's interest in its name, renewed when the pool was closed meanwhile. */
export function want(node: NodeContext, target: Target): Interest {
  if (target.interest && !target.interest.isOver) return target.interest
  target.gathered = false
  target.interest = node.pool.want(target.name)
  return target.interest
}

interface Waiting extends Patience {
  readonly interest: Interest
  /** Until the deadline. */
  readonly left: number
  /** For an instance. */
  readonly wait: number
}

async function waitForOne(wish: Wish, waiting: Waiting): Promise<Acquired> {
  const { node, target } = wish
  const { interest, left, without } = waiting
  if (!target.gathered) {
    // loading an engine and asking is our own work, not a wait for others: a short wait must not be over before it
    await Promise.race([interest.gathered, node.clock.sleep(left)])
    target.gathered = true
  }
  const peer = find(wish, without)
  return peer ? { ok: true, peer } : untilChange(wish, waiting)
}

function find({ node, choosing }: Wish, without?: ReadonlySet<Session>): LivePeer | undefined {
  return choosing.choices.find(node.clock.monotonic(), choosing, without)
}

function untilChange(wish: Wish, waiting: Waiting): Promise<Acquired> {
  const { node, target } = wish
  const { interest, wait, rest = Infinity } = waiting
  if (interest.failure) return Promise.resolve({ ok: false, error: interest.failure })
  return new Promise((settle) => {
    let { without } = waiting
    const end = (outcome: Acquired): void => {
      timer[Symbol.dispose]()
      rested?.[Symbol.dispose]()
      listener[Symbol.dispose]()
      settle(outcome)
    }
    const look = (): void => {
      if (node.isStopped()) return end({ ok: false, error: stopped() })
      if (interest.failure) return end({ ok: false, error: interest.failure })
      const peer = find(wish, without)
      if (peer) end({ ok: true, peer })
    }
    const again = (): void => {
      without = undefined
      look()
    }
    const timer = node.clock.after(wait, () => end({ ok: false, error: explain(node, target) }))
    const rested = rest < wait ? node.clock.after(rest, again) : null
    const listener = node.pool.onChange(look)
  })
}

/** Why there is no instance: nothing announced, nothing in range, or nothing that can be connected to. */
export function explain(node: NodeContext, target: Target): DServiceError {
  const { name, range } = target
  const { passed } = resolve(node.pool.live(name), range)
  const live = passed.map(({ candidate: { identity }, why }) => `${name}@${identity.version} (${why})`)
  const hidden = node.pool
    .hidden(name)
    .filter(({ hint: { version } }) => !version || !isVersion(version) || satisfies(version, range))
  const tries = hidden.map(({ peer, hint }) => ({
    address: formatAddress(peer.address),
    reason: whyHidden(peer, hint),
  }))
  if (tries.length > 0) {
    return unreachable({
      summary: `${name}@${range} is announced but cannot be reached: ${tries.map(told).join('; ')}`,
      hint: hintOf(hidden) ?? 'the process may have died a moment ago, or a firewall is between',
      details: { tries, live },
    })
  }
  return noInstance({
    summary: `no instance of ${name}@${range} on the mesh ${JSON.stringify(node.mesh)}${live.length ? `; live: ${live.join(', ')}` : ''}`,
    hint: live.length
      ? 'widen the range, or start an instance in range'
      : `start ${name}, or look with: dservice ls`,
    details: { live, known: live },
  })
}

function whyHidden(peer: Peer, { version }: Partial<Identity>): string {
  if (version && !isVersion(version))
    return `its version ${JSON.stringify(version.slice(0, SHOWN))} is invalid`
  if (peer.isLive()) return `is ${peer.identity.name}@${peer.identity.version}`
  const { lastError } = peer
  return lastError ? summaryOf(lastError) : 'has not said hello yet'
}

function told({ address, reason }: { readonly address: string; readonly reason: string }): string {
  return reason.includes(address) ? reason : `${address}: ${reason}`
}

/** What to do about peers that could be connected to, and are not what was looked for. */
function hintOf(hidden: readonly { readonly peer: Peer }[]): string | undefined {
  const met = hidden.find(
    ({ peer: { lastError } }) => lastError instanceof DServiceError && !('tries' in lastError.details),
  )
  return met?.peer.lastError instanceof DServiceError ? (met.peer.lastError.hint ?? undefined) : undefined
}

/** The method that asks was itself called with a deadline, which has passed. */
export function noTimeLeft(what: string): DServiceError {
  return timeout({
    summary: `the call that ${what} was to help with has no time left`,
    hint: 'its caller waits no longer',
    ran: 'no',
  })
}

function stopped(): DServiceError {
  return closed({ summary: 'this dservice was stopped', hint: 'make another one, or start it again' })
}

function tooMany(target: Target): DServiceError {
  return limit({
    summary: `${LIMITS.waiting} calls already wait for an instance of ${target.name}`,
    hint: `start ${target.name}, or call less at once`,
  })
}
