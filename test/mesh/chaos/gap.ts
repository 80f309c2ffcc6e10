/** The longest time without an answer, though there was somebody to answer. */

/** Owned by one test. Milliseconds. */
export class Gap {
  longest = 0
  /** The last answer, or since when an instance is well; null: none is. */
  #since: number | null = null

  answered(): void {
    if (this.#since !== null) this.#take(performance.now())
  }

  /** The number of those that are well has changed. */
  isAnyWell(isAny: boolean): void {
    const now = performance.now()
    if (!isAny) {
      this.#take(now)
      this.#since = null
    } else this.#since ??= now
  }

  #take(now: number): void {
    if (this.#since !== null) this.longest = Math.max(this.longest, now - this.#since)
    this.#since = now
  }
}
