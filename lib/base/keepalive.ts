/** The one place that keeps the process alive: sockets and timers of the library never do. */

/** Longer than any process lives between two ticks; the timer only has to exist. */
const FOREVER = 2 ** 30

/** Counts what is pending; while there is something, Node does not exit. Owned by one dservice. */
export class KeepAlive implements Disposable {
  readonly #holds: boolean
  #count = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  /** `holds`: false where time is virtual: the process shall end rather than wait for what nobody moves on. */
  constructor(holds = true) {
    this.#holds = holds
  }

  get count(): number {
    return this.#count
  }

  /** Something is pending until `release` is called as often. */
  hold(): void {
    if (this.#count++ > 0 || !this.#holds) return
    this.#timer ??= setInterval(() => undefined, FOREVER)
    this.#timer.ref()
  }

  release(): void {
    if (--this.#count > 0) return
    this.#timer?.unref()
    if (this.#isOver) this[Symbol.dispose]()
  }

  /** Nothing more is expected: the timer goes with the last hold, for a process may make many of us. A later hold makes another. */
  [Symbol.dispose](): void {
    this.#isOver = true
    if (this.#count > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Holds while `promise` is pending, and passes it on. */
  async during<T>(promise: Promise<T>): Promise<T> {
    this.hold()
    try {
      return await promise
    } finally {
      this.release()
    }
  }
}
