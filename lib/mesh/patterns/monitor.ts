/**
 * `monitor(handle)`: who comes, changes and goes.
 *
 *   pool --changed--> look: who is connected --up, changed--> feed --> next()
 *                          who is not any more --stopped----> feed
 *                                              --lost-------> feed, or first the time in which it may come back
 */
import { limit } from '../../base/errors.js'
import type { Identity } from '../../base/identity.js'
import { LIMITS } from '../../base/options.js'
import { cancelledBy, stopped } from '../calls/acquire.js'
import { callerIn } from '../calls/handle.js'
import type { Caller } from '../calls/tries.js'
import { explain } from '../choosing/explain.js'
import { connected, inOrder, instanceOf } from '../choosing/present.js'
import { isLeaving } from '../peers/departed.js'
import type { LivePeer } from '../peers/peer.js'
import type { Interest } from '../peers/watch.js'
import { Feed, type DownReason, type MonitorEvent } from './feed.js'
import { whoseOf } from './instances.js'

/**
 * Tells of the instances in range: first an `up` of each that is there, then what changes. Exactly one `down` follows an `up`, when the instance
 * was stopped, or when its connection was lost and it did not come back for as long as a call waits for an instance (`instanceWait`, 5 s), or
 * nothing leads to it any more. A connection that is lost and back before is no event. It begins at the first `next()`.
 *
 * Nothing piles up: a reader that is late is told of each instance what is true then, and of none that came and went unseen. Leave
 * it (`break`, `return()`) and all that it holds is free. It ends when the dservice is stopped, and fails with DS_CANCELLED by the handle's
 * signal. A `next()` that waits keeps the process alive, as a read of a stream does. Errors: DS_INVALID (no handle), DS_CLOSED, DS_ENGINE; DS_NO_INSTANCE of a handle of
 * one instance that is not there.
 *
 *   for await (const { type, instance } of monitor(users)) console.log(type, instance.id)
 */
export function monitor(handle: object): AsyncIterableIterator<MonitorEvent> & AsyncDisposable {
  return new Monitor(callerIn(handle, 'monitor'))
}

/** An instance that the reader may know of. */
interface Known {
  readonly peer: LivePeer
  /** As it was seen last: a peer that changes has another one. */
  readonly identity: Identity
  readonly isEjected: boolean
  /** Set while its connection is lost: the time in which it may come back. */
  lost: Disposable | null
}

interface Waiter {
  resolve(result: IteratorResult<MonitorEvent, undefined>): void
  reject(error: Error): void
}

const DONE: IteratorResult<MonitorEvent, undefined> = { done: true, value: undefined }

/** Owned by its reader, who ends it; the end of its dservice does too. */
class Monitor implements AsyncIterableIterator<MonitorEvent>, AsyncDisposable {
  readonly #caller: Caller
  readonly #feed = new Feed()
  readonly #known = new Map<string, Known>()
  readonly #waiters: Waiter[] = []
  /** What it has of others, from its first `next()` on. */
  readonly #held: Disposable[] = []
  #interest: Interest | null = null
  #phase: 'new' | 'open' | 'over' = 'new'
  /** Told once, after the events before it. */
  #error: Error | null = null

  constructor(caller: Caller) {
    this.#caller = caller
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  next(): Promise<IteratorResult<MonitorEvent, undefined>> {
    if (this.#phase === 'new') this.#begin()
    return new Promise((resolve, reject) => {
      if (this.#waiters.length < LIMITS.waiting) this.#wait({ resolve, reject })
      else reject(tooMany())
    })
  }

  /** Twice is fine. */
  return(): Promise<IteratorResult<MonitorEvent, undefined>> {
    this.#feed.clear()
    this.#error = null
    this.#end()
    return Promise.resolve(DONE)
  }

  // --- what the pool knows

  #begin(): void {
    const { shared, cancellation } = this.#caller
    const { node, target, broken } = shared
    if (broken || node.isStopped()) return this.#end(broken ?? stopped())
    this.#phase = 'open'
    this.#interest = node.pool.want(target.name, 'every')
    this.#held.push(
      this.#interest,
      node.pool.onChange(() => this.#look()),
    )
    const what = `the monitor of ${target.name}@${target.range}`
    const listener = cancellation?.onAbort((reason) => this.#end(cancelledBy(reason, what, 'no')))
    if (listener) this.#held.push(listener)
    // aborted by now
    if (this.#isOver) return this.#release()
    this.#look()
    void this.#interest.gathered.then(() => this.#expect())
  }

  /** A monitor of one instance that does not come would say nothing for ever. */
  #expect(): void {
    const { node, target } = this.#caller.shared
    const { pin } = this.#caller.choosing
    if (pin === null || this.#isOver) return
    const isThere = (): boolean => this.#known.has(pin)
    const giveUp = (): void => (isThere() ? undefined : this.#end(explain(node, target, pin)))
    if (isThere()) return
    if (node.pool.departed.has(pin)) giveUp()
    else this.#held.push(node.clock.after(node.instanceWait, giveUp))
  }

  #look(): void {
    const { pool } = this.#caller.shared.node
    if (this.#interest?.failure) return this.#end(this.#interest.failure)
    // what ends because we were stopped is not gone
    if (pool.isClosed || this.#interest?.isOver) return this.#end()
    const there = connected(whoseOf(this.#caller))
    for (const [id, known] of this.#known) if (!there.has(id)) this.#miss(id, known)
    const strangers: LivePeer[] = []
    for (const [id, peer] of there) {
      const known = this.#known.get(id)
      if (!known) strangers.push(peer)
      else if (!isAsKnown(known, peer)) this.#see(peer)
    }
    // one that was on its way out when we met it was never there
    for (const peer of inOrder(strangers)) if (!isLeaving(peer.identity)) this.#see(peer)
    this.#deliver()
  }

  #see(peer: LivePeer): void {
    const { identity, standing } = peer
    this.#known.get(identity.id)?.lost?.[Symbol.dispose]()
    this.#known.set(identity.id, { peer, identity, isEjected: standing.isEjected, lost: null })
    this.#feed.see(instanceOf(peer))
  }

  /** Its connection is lost. That is the end of it where it said so, or nothing leads to it; else it may come back. */
  #miss(id: string, known: Known): void {
    const { pool, clock, instanceWait } = this.#caller.shared.node
    if (pool.departed.has(id)) return this.#gone(id, 'stopped')
    if (!pool.leadsTo(id, known.peer.address)) return this.#gone(id, 'lost')
    known.lost ??= clock.after(instanceWait, () => {
      this.#gone(id, 'lost')
      this.#deliver()
    })
  }

  #gone(id: string, reason: DownReason): void {
    this.#known.get(id)?.lost?.[Symbol.dispose]()
    this.#known.delete(id)
    this.#feed.gone(id, reason)
  }

  // --- what the reader gets

  #wait(waiter: Waiter): void {
    this.#caller.shared.node.keepAlive.hold()
    this.#waiters.push(waiter)
    this.#deliver()
  }

  #deliver(): void {
    while (this.#waiters.length > 0) {
      const event = this.#feed.take()
      if (!event && !this.#isOver) return
      const waiter = this.#waiters.shift()
      this.#caller.shared.node.keepAlive.release()
      if (event) waiter?.resolve({ done: false, value: event })
      else if (this.#error) waiter?.reject(this.#error)
      else waiter?.resolve(DONE)
      if (!event) this.#error = null
    }
  }

  get #isOver(): boolean {
    return this.#phase === 'over'
  }

  /** What was not read yet still is. Twice is fine; the first reason counts. */
  #end(error?: Error): void {
    if (!this.#isOver) this.#error = error ?? null
    this.#phase = 'over'
    this.#release()
    this.#deliver()
  }

  #release(): void {
    for (const held of this.#held.splice(0)) held[Symbol.dispose]()
    for (const { lost } of this.#known.values()) lost?.[Symbol.dispose]()
    this.#known.clear()
  }
}

/** Nothing of it is new: most of those that are there, at most looks. */
function isAsKnown(known: Known, peer: LivePeer): boolean {
  const { lost, identity, isEjected } = known
  return !lost && known.peer === peer && identity === peer.identity && isEjected === peer.standing.isEjected
}

function tooMany(): Error {
  return limit({
    summary: `${LIMITS.waiting} calls of next() of a monitor wait already`,
    hint: 'wait for one before you ask for the next: for await does',
  })
}
