/** What an instance says of itself while it is connected, at a pace that a node can live with. */
import type { Clock } from '../../base/clock.js'
import type { State } from '../../base/identity.js'
import { isLeaving } from './departed.js'

/** Its state, and the count of the changes of what it relies on. */
export interface Change {
  readonly state: State
  readonly revision: number
}

/**
 * Changes that are passed on at once within a second; what comes after them waits for the next second, and only the last one counts. That it
 * leaves is passed on all the same, once: calls would still go there, and when its session ends nobody would know why.
 */
const MOST = 20
const SECOND = 1_000

/**
 * Owned by the peer. Each change wakes whoever waits on the mesh, so that one peer that does nothing but change could keep a node busy; what is
 * true in the end is always passed on.
 */
export class Changes {
  readonly #clock: Clock
  readonly #pass: (change: Change) => void
  #since = -Infinity
  #count = 0
  #hasLeft = false
  #held: Change | null = null
  #timer: Disposable | null = null

  constructor(clock: Clock, pass: (change: Change) => void) {
    this.#clock = clock
    this.#pass = pass
  }

  come(change: Change): void {
    const now = this.#clock.monotonic()
    if (now - this.#since >= SECOND) {
      this.#since = now
      this.#count = 0
      this.#hasLeft = false
    }
    if (isLeaving(change) && !this.#hasLeft) {
      this.#hasLeft = true
      this.#held = null
      return this.#pass(change)
    }
    if (!this.#timer && this.#count < MOST) {
      this.#count++
      return this.#pass(change)
    }
    this.#held = change
    this.#timer ??= this.#clock.after(this.#since + SECOND - now, () => this.#release())
  }

  /** The session is over: what it said last is of no interest. */
  clear(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
    this.#held = null
  }

  #release(): void {
    const held = this.#held
    this.clear()
    if (held) this.come(held)
  }
}
