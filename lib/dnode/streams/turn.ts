/** How much the streams of one session may produce before everybody else has a turn, and whose turn it is among them. */
import type { Clock } from '../../base/clock.js'
import { LIMITS } from '../../base/options.js'
import { Queue } from './queue.js'

/** Bytes that streams produce in one turn of the event loop: four times as much brought no more items, and calls beside them waited four times as long. */
const SLICE = LIMITS.ownRow

/** Milliseconds for which they do. */
const STRETCH = 2

/** Milliseconds of a quick item, of which so many go by between two looks at the clock. */
const QUICK = 0.1
const LOOKS = 16

/** Streams that are asked in one turn: each may have an item at once, however large. */
const ASKED = 16

/** A stream that may go on. */
interface Resumable {
  resume(): void
}

/**
 * Owned by the streams of one session. A turn is over after so many bytes or milliseconds; those who could go on wait in a
 * queue, round robin, for the next one, or until the connection is drained.
 */
export class Turn {
  readonly #clock: Clock
  readonly #over: () => void
  readonly #queue = new Queue<Resumable>()
  #isFull = false
  #isScheduled = false
  #isRunning = false
  #left: number = SLICE
  #asked = 0
  #items = 0
  #nextLook = 1
  #start = 0

  /** `over`: called at the end of each turn in which an item was taken. */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock
    this.#over = over
  }

  /** Whether another item may be taken now. */
  get isOpen(): boolean {
    return this.#left > 0 && !this.#isFull
  }

  /** An item of this size was taken. */
  spend(size: number): void {
    this.#left -= size
    if (this.#items === 0) this.#start = this.#clock.monotonic()
    if (++this.#items >= this.#nextLook) this.#look()
    this.#schedule()
  }

  /** A stream could go on: at once if the turn allows it, else in its order. It is not in the queue yet. */
  enqueue(stream: Resumable): void {
    this.#queue.push(stream)
    this.#run()
  }

  /** The connection takes no more until `drained`. */
  full(): void {
    this.#isFull = true
  }

  drained(): void {
    this.#isFull = false
    this.#run()
  }

  /** Nobody goes on any more. */
  end(): void {
    this.#queue.clear()
  }

  /** Where items are quick, the clock is not asked for each. */
  #look(): void {
    const took = this.#clock.monotonic() - this.#start
    this.#nextLook = this.#items + (took < this.#items * QUICK ? Math.min(this.#items, LOOKS) : 1)
    if (took >= STRETCH) this.#left = 0
  }

  #run(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    while (this.#queue.size > 0 && this.isOpen && this.#asked < ASKED) {
      this.#asked++
      this.#queue.shift()?.resume()
    }
    this.#isRunning = false
    if (this.#queue.size > 0 && !this.#isFull) this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(next, this)
  }

  /** A turn is over, and the next one begins. */
  next(): void {
    this.#isScheduled = false
    if (this.#items > 0) this.#over()
    this.#left = SLICE
    this.#asked = this.#items = 0
    this.#nextLook = 1
    this.#run()
  }
}

function next(turn: Turn): void {
  turn.next()
}
