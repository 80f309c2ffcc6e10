/** Numbers that are told to the peer together, once per turn of the event loop: answers of nothing, and releases. */

/** Numbers of one message: a small row, whatever they are. An even number, since releases are pairs. */
const MOST = 1_000

/** Owned by one session. After `drop` it does nothing. */
export class Gatherer {
  #tell: ((numbers: readonly number[]) => void) | null
  #numbers: number[] = []
  #isScheduled = false

  /** `tell` gets a list that is its own, never an empty one. It must not throw. */
  constructor(tell: (numbers: readonly number[]) => void) {
    this.#tell = tell
  }

  /** Told at the end of the turn, or when there are many. */
  add(id: number): void {
    this.#numbers.push(id)
    this.#added()
  }

  /** The same for two that belong together. */
  addPair(id: number, count: number): void {
    this.#numbers.push(id, count)
    this.#added()
  }

  /** Tells at once what there is. */
  flush(): void {
    if (this.#numbers.length === 0) return
    const numbers = this.#numbers
    this.#numbers = []
    this.#tell?.(numbers)
  }

  /** The turn of the first number is over. */
  endTurn(): void {
    this.#isScheduled = false
    this.flush()
  }

  /** The session ended. */
  drop(): void {
    this.#tell = null
    this.#numbers = []
  }

  #added(): void {
    if (this.#numbers.length >= MOST) return this.flush()
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(endTurn, this)
  }
}

function endTurn(gatherer: Gatherer): void {
  gatherer.endTurn()
}
