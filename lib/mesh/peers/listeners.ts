/** Who is told that something changed: once for all the changes of a turn, whatever a peer may say in it. */

/** Owned by what changes. */
export class Listeners {
  readonly #runs = new Set<() => void>()
  #isTelling = false

  /** Calls `run` after changes, until disposed. */
  add(run: () => void): Disposable {
    this.#runs.add(run)
    return { [Symbol.dispose]: () => void this.#runs.delete(run) }
  }

  /** Something changed. What is told is told when this turn's work is done, and not in the middle of it. */
  tell(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    process.nextTick(() => {
      this.#isTelling = false
      // one that is told may end another: that is told no more
      for (const run of [...this.#runs]) if (this.#runs.has(run)) run()
    })
  }
}
