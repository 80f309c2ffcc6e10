/** The one phase machine: which state may follow which, and who is told. */
import type { State } from './identity.js'

/**
 *   stopped -> starting -> waiting <-> ready
 *                  |          |          |
 *                  +----------+----------+--> draining -> stopped
 *
 * A start that fails goes to stopped without draining.
 */
const NEXT: Readonly<Record<State, readonly State[]>> = {
  stopped: ['starting'],
  starting: ['waiting', 'draining', 'stopped'],
  waiting: ['ready', 'draining', 'stopped'],
  ready: ['waiting', 'draining', 'stopped'],
  draining: ['stopped'],
}

/** The state of one service; owned by it. */
export class Lifecycle {
  #state: State = 'stopped'
  readonly #changed: (state: State) => void

  constructor(changed: (state: State) => void) {
    this.#changed = changed
  }

  get state(): State {
    return this.#state
  }

  /** True from `start()` until `stop()`. */
  get isUp(): boolean {
    return this.#state === 'starting' || this.#state === 'waiting' || this.#state === 'ready'
  }

  /** Moves on, tells the owner, and answers whether anything changed. A step that the picture lacks is a bug of ours, and throws. */
  to(next: State): boolean {
    if (next === this.#state) return false
    if (!NEXT[this.#state].includes(next))
      throw new Error(`a service cannot go from ${this.#state} to ${next}`)
    this.#state = next
    this.#changed(next)
    return true
  }
}
