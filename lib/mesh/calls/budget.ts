/** How much of its calls a handle may make again: retries must not become the load that keeps a service down. */
import { DEFAULTS } from '../../base/options.js'
import { Counter } from '../peers/counter.js'

/**
 * Finagle's RetryBudget: of the calls of the last ten seconds a fifth may be made again, and ten a second in any case.
 * Owned by the handles of one name and range.
 */
export class Budget {
  readonly #calls = new Counter(DEFAULTS.retryWindow)
  readonly #retries = new Counter(DEFAULTS.retryWindow)

  /** A call was made for the first time. */
  call(now: number): void {
    this.#calls.add(now)
  }

  /** Whether a call may be made again; what was granted is spent. */
  take(now: number): boolean {
    if (this.#retries.total(now) + 1 > mostOf(this.#calls.total(now))) return false
    this.#retries.add(now)
    return true
  }

  /** How many calls may be made again now, if none is made besides. */
  left(now: number): number {
    return Math.max(0, Math.floor(mostOf(this.#calls.peek(now))) - this.#retries.peek(now))
  }
}

/** Of so many calls within the window. */
function mostOf(calls: number): number {
  const { retryShare, retryFloor, retryWindow } = DEFAULTS
  return retryShare * calls + (retryFloor * retryWindow) / 1_000
}
