/** Who waits until the peer has answered a sign of life: it read all that was sent before it, and we all that it sent before. */

interface Fence {
  /** Which of the answers it is. */
  readonly number: number
  readonly resolve: () => void
}

/** Owned by one session. Answers come in the order of the questions, so that they need no names. */
export class Fences {
  #waiting: Fence[] = []

  /** Resolves when so many answers have come. */
  wait(number: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ number, resolve }))
  }

  /** So many have. */
  passed(count: number): void {
    const waiting = this.#waiting
    this.#waiting = waiting.filter(({ number }) => number > count)
    for (const { number, resolve } of waiting) if (number <= count) resolve()
  }
}
