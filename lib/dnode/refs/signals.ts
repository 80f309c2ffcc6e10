/** Signals of a dialect peer in our hand: they abort when it says so, and when it is gone. */
import type { Clock, Collectable } from '../../base/clock.js'
import { LIMITS } from '../../base/options.js'
import { settleStack } from '../../base/stack.js'
import { gone, tooManyReferences, type End } from '../failures.js'
import { keyOf } from '../keys.js'
import type { Gatherer } from './gather.js'

/** What is known of one signal of the peer. */
class SignalRef implements Collectable {
  readonly id: number
  /** How often it came; 0: forgotten. */
  count = 1
  readonly #owner: Signals
  readonly #controller = new AbortController()
  readonly #signal: WeakRef<AbortSignal>

  constructor(owner: Signals, id: number) {
    this.#owner = owner
    this.id = id
    // a signal that follows another one is kept by Node while it has listeners, and collected when it has none and nobody holds it
    const signal = AbortSignal.any([this.#controller.signal])
    this.#signal = new WeakRef(signal)
    owner.clock.whenCollected(signal, this)
  }

  get signal(): AbortSignal | undefined {
    return this.#signal.deref()
  }

  abort(reason: unknown): void {
    this.count = 0
    this.#controller.abort(reason)
  }

  collected(): void {
    this.#owner.collected(this)
  }
}

/** Owned by one session. The same number is the same signal, while somebody holds it or listens to it. */
export class Signals {
  readonly clock: Pick<Clock, 'whenCollected'>
  readonly #most: number
  readonly #releases: Gatherer
  /** By `keyOf` their numbers. */
  readonly #byId = new Map<number, SignalRef>()
  #end: End | null = null

  /** `releases`: gathers `["release", id, count, …]`. `most`: for tests. */
  constructor(clock: Signals['clock'], releases: Gatherer, most: number = LIMITS.references) {
    this.clock = clock
    this.#releases = releases
    this.#most = most
  }

  get size(): number {
    return this.#byId.size
  }

  /** The signal with this number, which has come once more. Errors: DS_LIMIT. */
  take(id: number): AbortSignal {
    if (this.#end) return AbortSignal.abort(lost(this.#end))
    const known = this.#byId.get(keyOf(id))
    const signal = known?.signal
    if (known && signal) {
      known.count++
      return signal
    }
    if (!known && this.#byId.size >= this.#most) throw tooManyReferences(this.#most)
    const ref = new SignalRef(this, id)
    this.#byId.set(keyOf(id), ref)
    return ref.signal as AbortSignal
  }

  /** The peer's signal aborted, and the peer has forgotten it; a number that is not there is fine. */
  abort(id: number, reason: unknown): void {
    const ref = this.#byId.get(keyOf(id))
    this.#byId.delete(keyOf(id))
    ref?.abort(reason)
  }

  /** Nobody holds a signal any more, or listens to it. */
  collected(ref: SignalRef): void {
    if (ref.count === 0 || this.#end) return
    const key = keyOf(ref.id)
    if (this.#byId.get(key) === ref) this.#byId.delete(key)
    this.#releases.addPair(ref.id, ref.count)
    ref.count = 0
  }

  /** The session ended: nobody can abort them any more, and what they were to stop is for nobody. */
  end(end: End): void {
    this.#end = end
    const refs = [...this.#byId.values()]
    this.#byId.clear()
    if (refs.length === 0) return
    const reason = lost(end)
    // its frames hold the session, which may hold the signal, which holds it: nothing of that would ever be collected
    settleStack(reason)
    for (const ref of refs) ref.abort(reason)
  }
}

function lost(end: End): Error {
  return gone(end, 'a signal of the peer', 'maybe')
}
