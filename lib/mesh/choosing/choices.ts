/** From a name and a range to the instance that takes a call, as a handle wants it. */
import type { Clock } from '../../base/clock.js'
import type { Session } from '../../dnode/session.js'
import type { LivePeer } from '../peers/peer.js'
import type { Pool } from '../peers/pool.js'
import type { Balance } from '../types.js'
import { byKey, inTurn, leastLoaded } from './balancer.js'
import { resolve, type Spread } from './resolve.js'
import type { Asked } from './target.js'

/** How a handle chooses among the instances that its range means. */
export interface Choosing {
  readonly choices: Choices
  /** As it was said: of one instance the choices know none. */
  readonly spread: Spread
  readonly balance: Balance
  /** The hash of the handle's key; 0 without one. */
  readonly key: number
  /** The id of the one instance that may be called; null: any. */
  readonly pin: string | null
  /** The question whose answers are chosen from. */
  readonly asked: Asked
}

/** A call that is about to be made, and by which it is known. */
export interface Made {
  /** Monotonic time. */
  readonly begun: number
}

interface Of {
  readonly pool: Pool
  readonly clock: Clock
  readonly name: string
  readonly range: string
  readonly spread: Spread
  /** The id of the only instance; null: all. */
  readonly pin: string | null
}

/**
 * What a range means now: found once for each change of the pool, as a call must not cost a resolution. Shared by the handles of
 * one look-up that have the same spread.
 */
export class Choices {
  readonly #of: Of
  /** The pool's, at which the list was made. */
  #version = -1
  #list: readonly LivePeer[] = []
  #ejected: readonly LivePeer[] = []
  /** When one of the ejected may be probed. */
  #probeAt = Infinity
  #turn: number
  /** The one that may be called, as it was met last. */
  #met: LivePeer | null = null

  constructor(of: Of) {
    this.#of = of
    // clients that were started together should not walk in step
    this.#turn = Math.floor(of.clock.random() * 2 ** 16)
  }

  /** The one instance that may be called has left, or was there and nothing leads to it any more: nobody waits for it. */
  get isOver(): boolean {
    const { pool, pin } = this.#of
    if (pin === null) return false
    return pool.departed.has(pin) || (this.#met !== null && !pool.leadsTo(pin, this.#met.address))
  }

  /** Whether there is a choice, so that it matters how long calls take. */
  get isSeveral(): boolean {
    return this.#list.length > 1
  }

  /** The instance for a call that is made at once; an ejected one whose time is over, and which this call decides about. */
  next(call: Made, choosing: Choosing): LivePeer | undefined {
    if (this.#version !== this.#of.pool.version) this.#renew()
    if (call.begun >= this.#probeAt) {
      const due = this.#ejected.find((peer) => peer.isLive() && peer.standing.health.probeAt <= call.begun)
      due?.standing.health.probe(call)
      this.#noteProbes()
      if (due) return due
    }
    return this.#choose(this.#list, call.begun, choosing)
  }

  /** An instance but these, whenever it will be called; undefined while there is none. */
  find(now: number, choosing: Choosing, without?: ReadonlySet<Session>): LivePeer | undefined {
    const { pool, range, spread } = this.#of
    if (this.#version !== pool.version) this.#renew()
    if (!without?.size) return this.#choose(this.#list, now, choosing)
    // who is left out may have hidden a lower version that would serve
    const others = this.#candidates().filter(({ session }) => !without.has(session))
    return this.#choose(resolve(others, range, spread).chosen, now, choosing)
  }

  #renew(): void {
    const { pool, range, spread } = this.#of
    this.#version = pool.version
    const { chosen, ejected } = resolve(this.#candidates(), range, spread)
    this.#list = chosen
    this.#ejected = ejected
    this.#noteProbes()
  }

  #candidates(): LivePeer[] {
    const { pool, name, pin } = this.#of
    if (pin === null) return pool.live(name)
    const one = pool.one(name, pin)
    if (!one) return []
    this.#met = one
    return [one]
  }

  #noteProbes(): void {
    this.#probeAt = Infinity
    for (const { standing } of this.#ejected) this.#probeAt = Math.min(this.#probeAt, standing.health.probeAt)
  }

  #choose(all: readonly LivePeer[], now: number, choosing: Choosing): LivePeer | undefined {
    const chosen = all.length < 2 ? all[0] : this.#balanced(all, now, choosing)
    // where it ended a moment ago, the pool is about to say so
    return chosen?.isLive() ? chosen : undefined
  }

  #balanced(peers: readonly LivePeer[], now: number, { balance, key }: Choosing): LivePeer | undefined {
    if (balance === 'ewma') return leastLoaded(peers, now, this.#of.clock)
    return balance === 'key' ? byKey(peers, key) : inTurn(peers, this.#turn++)
  }
}
