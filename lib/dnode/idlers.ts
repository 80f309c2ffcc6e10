/** Who waits until a session has nothing more to do for its peer. */

/** Owned by one session. */
export class Idlers {
  #waiting: (() => void)[] = []

  get size(): number {
    return this.#waiting.length
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  release(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
