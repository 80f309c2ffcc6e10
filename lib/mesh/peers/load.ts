/** How busy an instance is, as far as one caller can see. */
import { DEFAULTS } from '../../base/options.js'

/** What an instance costs that has calls to answer and has answered none yet: more than any that has. */
const UNPROVEN = Number.MAX_SAFE_INTEGER / 2 ** 16

/**
 * Finagle's peak EWMA: the time that calls take, which follows every peak at once and comes down from it slowly. Owned by what
 * is known of one instance.
 */
export class Load {
  #cost = 0
  /** Monotonic time at which the cost was brought up to date. */
  #stamp = 0

  /** A call took `ms`. */
  observe(ms: number, now: number): void {
    const weight = Math.exp(-Math.max(0, now - this.#stamp) / DEFAULTS.loadMemory)
    this.#cost = ms > this.#cost ? ms : this.#cost * weight + ms * (1 - weight)
    this.#stamp = now
  }

  /** The cost now, in milliseconds, without a look that counts; null: no call was timed. */
  peek(now: number): number | null {
    const weight = Math.exp(-Math.max(0, now - this.#stamp) / DEFAULTS.loadMemory)
    return this.#cost === 0 ? null : this.#cost * weight
  }

  /**
   * What one more call would wait for. Looking counts as a call that took no time: an instance that was slow and is left alone
   * for it gets another chance. One without any history gets one call, and no second before it has answered.
   */
  of(pending: number, now: number): number {
    this.observe(0, now)
    return this.#cost === 0 && pending > 0 ? UNPROVEN + pending : this.#cost * (pending + 1)
  }
}
