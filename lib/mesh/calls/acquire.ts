/** From a name and a range to an instance to call: choose, or wait a bounded while, or say why there is none. */
import type { Cancellation } from '../../base/cancellation.js'
import { atMost } from '../../base/clock.js'
import {
  cancelled,
  closed,
  limit,
  reasonOf,
  timeout,
  type DServiceError,
  type Ran,
} from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import type { Session } from '../../dnode/session.js'
import type { Choosing } from '../choosing/choices.js'
import { explain } from '../choosing/explain.js'
import { want, type Target } from '../choosing/target.js'
import type { LivePeer } from '../peers/peer.js'
import type { Interest } from '../peers/watch.js'
import type { NodeContext } from './node.js'

/** What is looked for, and how it is chosen. */
export interface Wish {
  readonly node: NodeContext
  readonly target: Target
  readonly choosing: Choosing
}

type Refused = { readonly ok: false; readonly error: Error }

export type Acquired = { readonly ok: true; readonly peer: LivePeer } | Refused

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
export function acquire(wish: Wish, patience: Patience): Promise<Acquired> {
  return patiently(wish, patience, waitForOne)
}

/** Waits until the instances that are there have been gathered; there may be none. Never rejects. */
export function gather(wish: Wish, patience: Patience): Promise<{ readonly ok: true } | Refused> {
  return patiently(wish, patience, async (_wish, waiting) => {
    await untilGathered(wish, waiting)
    const { failure } = waiting.interest
    if (wish.node.isStopped()) return { ok: false, error: stopped() }
    return failure ? { ok: false, error: failure } : { ok: true }
  })
}

/** Waits in one of these ways, within what all that wait may take of time and memory. */
async function patiently<T>(
  wish: Wish,
  patience: Patience,
  wait: (wish: Wish, waiting: Waiting) => Promise<T>,
): Promise<T | Refused> {
  const { node, target, choosing } = wish
  const { cancellation } = patience
  if (node.isStopped()) return { ok: false, error: stopped() }
  const interest = want(node, target, choosing.asked)
  const count = (node.waiting.get(target.name) ?? 0) + 1
  if (count > LIMITS.waiting) return { ok: false, error: tooMany(target) }
  node.waiting.set(target.name, count)
  const stop = new CancelledWait(cancellation, target)
  try {
    const found = wait(wish, { ...patience, interest })
    return await Promise.race([stop.promise, found])
  } finally {
    stop[Symbol.dispose]()
    node.waiting.set(target.name, (node.waiting.get(target.name) ?? 1) - 1)
  }
}

/** Settles when the one who waits is told to stop; listens no longer than the wait lasts. */
class CancelledWait implements Disposable {
  readonly promise: Promise<Refused>
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

interface Waiting extends Patience {
  readonly interest: Interest
}

async function waitForOne(wish: Wish, waiting: Waiting): Promise<Acquired> {
  await untilGathered(wish, waiting)
  const peer = find(wish, waiting.without)
  return peer ? { ok: true, peer } : untilChange(wish, waiting)
}

/** Loading an engine and asking is our own work, not a wait for others: a short wait must not be over before it. */
async function untilGathered(
  { node, choosing: { asked } }: Wish,
  { interest, deadline }: Waiting,
): Promise<void> {
  if (asked.gathered) return
  await atMost(node.clock, leftUntil(deadline, node), interest.gathered)
  asked.gathered = true
}

function leftUntil(deadline: number, { clock }: NodeContext): number {
  return Math.max(0, deadline - clock.monotonic())
}

function find({ node, choosing }: Wish, without?: ReadonlySet<Session>): LivePeer | undefined {
  return choosing.choices.find(node.clock.monotonic(), choosing, without)
}

function untilChange(wish: Wish, waiting: Waiting): Promise<Acquired> {
  const { node } = wish
  const { deadline, interest, rest = Infinity } = waiting
  // gathering may have taken of what was left
  const wait = Math.min(node.instanceWait, leftUntil(deadline, node))
  if (interest.failure) return Promise.resolve({ ok: false, error: interest.failure })
  if (wish.choosing.choices.isOver) return Promise.resolve({ ok: false, error: explainTo(wish) })
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
      else if (wish.choosing.choices.isOver) end({ ok: false, error: explainTo(wish) })
    }
    const again = (): void => {
      without = undefined
      look()
    }
    const timer = node.clock.after(wait, () => end({ ok: false, error: explainTo(wish) }))
    const rested = rest < wait ? node.clock.after(rest, again) : null
    const listener = node.pool.onChange(look)
  })
}

function explainTo({ node, target, choosing: { pin } }: Wish): DServiceError {
  return explain(node, target, pin)
}

/** The method that asks was itself called with a deadline, which has passed. */
export function noTimeLeft(what: string): DServiceError {
  return timeout({
    summary: `the call that ${what} was to help with has no time left`,
    hint: 'its caller waits no longer',
    ran: 'no',
  })
}

export function stopped(): DServiceError {
  return closed({ summary: 'this dservice was stopped', hint: 'make another one, or start it again' })
}

function tooMany(target: Target): DServiceError {
  return limit({
    summary: `${LIMITS.waiting} calls already wait for an instance of ${target.name}`,
    hint: `start ${target.name}, or call less at once`,
  })
}
