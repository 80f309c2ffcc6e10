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
import type { KeepAlive } from '../base/keepalive.js'
import { LIMITS } from '../base/options.js'
import satisfies from 'semver/functions/satisfies.js'
import { formatAddress } from '../wire/connection.js'
import { choose } from './balancer.js'
import type { CallHook } from './call-hook.js'
import type { LivePeer, Peer } from './peer.js'
import type { Interest, Pool } from './pool.js'
import { resolve } from './resolve.js'

/** What all handles of one dservice share. */
export interface NodeContext {
  readonly pool: Pool
  readonly clock: Clock
  readonly keepAlive: KeepAlive
  readonly mesh: string
  /** How long a call or look-up waits for an instance. */
  readonly instanceWait: number
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
  /** The instances that the range meant at that version of the pool. */
  resolved: { readonly version: number; readonly chosen: readonly LivePeer[] } | null
}

export type Acquired =
  { readonly ok: true; readonly peer: LivePeer } | { readonly ok: false; readonly error: Error }

/** The instance for the next call, or undefined while there is none that can be chosen. */
export function pick(
  node: NodeContext,
  target: Target,
  without?: ReadonlySet<LivePeer>,
): LivePeer | undefined {
  const all = choices(node, target)
  const usable = all.filter((peer) => peer.isLive() && !without?.has(peer))
  // who is left out may have hidden a lower version that would serve
  if (usable.length === 0 && without?.size) return beyond(node, target, without)
  if (usable.length < 2) return usable[0]
  const endpoints = usable.map((peer) => ({ peer, pending: peer.session.pending }))
  return choose(endpoints, () => node.clock.random())?.peer
}

/** What the range means now: found once for each change of the pool, as a call must not cost a resolution. */
function choices({ pool }: NodeContext, target: Target): readonly LivePeer[] {
  if (target.resolved?.version !== pool.version) {
    const { chosen } = resolve(pool.live(target.name), target.range)
    target.resolved = { version: pool.version, chosen }
  }
  return target.resolved.chosen
}

function beyond({ pool }: NodeContext, target: Target, without: ReadonlySet<LivePeer>): LivePeer | undefined {
  const others = pool.live(target.name).filter((peer) => !without.has(peer))
  return resolve(others, target.range).chosen[0]
}

/** How long to wait, and whom not to choose. */
export interface Patience {
  /** Monotonic time. */
  readonly deadline: number
  readonly without?: ReadonlySet<LivePeer> | undefined
  /** Ends the wait. */
  readonly cancellation?: Cancellation | undefined
}

/** Chooses an instance, waiting until `deadline` (monotonic) or `instanceWait` at most. Never rejects. */
export async function acquire(
  node: NodeContext,
  target: Target,
  { deadline, without, cancellation }: Patience,
): Promise<Acquired> {
  if (node.isStopped()) return { ok: false, error: stopped() }
  const interest = want(node, target)
  const left = Math.max(0, deadline - node.clock.monotonic())
  const wait = Math.min(node.instanceWait, left)
  const count = (node.waiting.get(target.name) ?? 0) + 1
  if (count > LIMITS.waiting) return { ok: false, error: tooMany(target) }
  node.waiting.set(target.name, count)
  const stop = new CancelledWait(cancellation, target)
  try {
    const found = waitForOne(node, target, { interest, left, wait, without })
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

interface Waiting {
  readonly interest: Interest
  /** Until the deadline. */
  readonly left: number
  /** For an instance. */
  readonly wait: number
  readonly without: ReadonlySet<LivePeer> | undefined
}

async function waitForOne(node: NodeContext, target: Target, waiting: Waiting): Promise<Acquired> {
  const { interest, left, wait, without } = waiting
  if (!target.gathered) {
    // loading an engine and asking is our own work, not a wait for others: a short wait must not be over before it
    await Promise.race([interest.gathered, node.clock.sleep(left)])
    target.gathered = true
  }
  const peer = pick(node, target, without)
  return peer ? { ok: true, peer } : untilChange(node, target, { interest, wait, without })
}

function untilChange(
  node: NodeContext,
  target: Target,
  { interest, wait, without }: Omit<Waiting, 'left'>,
): Promise<Acquired> {
  if (interest.failure) return Promise.resolve({ ok: false, error: interest.failure })
  return new Promise((settle) => {
    const end = (outcome: Acquired): void => {
      timer[Symbol.dispose]()
      listener[Symbol.dispose]()
      settle(outcome)
    }
    const timer = node.clock.after(wait, () => end({ ok: false, error: explain(node, target) }))
    const listener = node.pool.onChange(() => {
      if (node.isStopped()) return end({ ok: false, error: stopped() })
      if (interest.failure) return end({ ok: false, error: interest.failure })
      const peer = pick(node, target, without)
      if (peer) end({ ok: true, peer })
    })
  })
}

/** Why there is no instance: nothing announced, nothing in range, or nothing that can be connected to. */
export function explain(node: NodeContext, target: Target): DServiceError {
  const { name, range } = target
  const { passed } = resolve(node.pool.live(name), range)
  const live = passed.map(({ candidate: { identity }, why }) => `${name}@${identity.version} (${why})`)
  const hidden = node.pool
    .hidden(name)
    .filter(({ hint }) => !hint.version || satisfies(hint.version, range))
    .map(({ peer }) => peer)
  const tries = hidden.map((peer) => ({ address: formatAddress(peer.address), reason: whyHidden(peer) }))
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

function whyHidden(peer: Peer): string {
  if (peer.isLive()) return `is ${peer.identity.name}@${peer.identity.version}`
  const { lastError } = peer
  return lastError ? summaryOf(lastError) : 'has not said hello yet'
}

function told({ address, reason }: { readonly address: string; readonly reason: string }): string {
  return reason.includes(address) ? reason : `${address}: ${reason}`
}

/** What to do about peers that could be connected to, and are not what was looked for. */
function hintOf(hidden: readonly Peer[]): string | undefined {
  const met = hidden.find(
    ({ lastError }) => lastError instanceof DServiceError && !('tries' in lastError.details),
  )
  return met?.lastError instanceof DServiceError ? (met.lastError.hint ?? undefined) : undefined
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
