/** How much of its calls a handle may make again: retries must not become the load that keeps a service down. */
import { DEFAULTS } from '../base/options.js'
import { Counter } from './counter.js'

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
    const { retryShare, retryFloor, retryWindow } = DEFAULTS
    const most = retryShare * this.#calls.total(now) + (retryFloor * retryWindow) / 1_000
    if (this.#retries.total(now) + 1 > most) return false
    this.#retries.add(now)
    return true
  }
}
