/** Calls at a steady rate, whatever becomes of those before, and what became of each. */
import { DEADLINE, RATE } from './figures.mjs'

/** Milliseconds after its deadline at which a call that has not ended counts as hung. */
const LATE = 1_000

/** Owned by one measure. `make(i)` makes the call number i. */
export class Load {
  #make
  #timer
  #begun = performance.now()
  #made = 0
  #rate
  /** Calls that have not ended, those that failed since `mark`, and all of these: `{ number, begun, ended, error }`. */
  pending = new Set()
  failed = []
  all = []
  answered = 0
  /** The longest time between two answers since `mark`. */
  gap = 0
  #answeredAt = performance.now()
  #waiters = new Set()

  constructor(make, rate = RATE) {
    this.#make = make
    this.#rate = rate
    this.#timer = setInterval(() => this.#turn(), 1)
  }

  /** What is counted begins anew. */
  mark() {
    this.failed = []
    this.answered = 0
    this.gap = 0
    this.#answeredAt = performance.now()
  }

  /** Resolves at the first answer that fits. */
  until(fits) {
    return new Promise((done) => this.#waiters.add({ fits, done }))
  }

  /** No more calls; resolves when all that were made have ended, or are hung. Answers how many are. */
  async end() {
    clearInterval(this.#timer)
    const end = performance.now() + DEADLINE + LATE
    while (this.pending.size > 0 && performance.now() < end) await new Promise((done) => setTimeout(done, 20))
    return this.pending.size
  }

  #turn() {
    const now = performance.now()
    // what a pause of ours made us miss is not made up for: it would come all at once
    const due = Math.min(((now - this.#begun) * this.#rate) / 1000, this.#made + this.#rate / 20)
    for (; this.#made < due; this.#made++) void this.#one(this.#made)
    if (due < ((now - this.#begun) * this.#rate) / 1000) this.#begun = now - (this.#made * 1000) / this.#rate
  }

  async #one(number) {
    const call = { number, begun: performance.now(), ended: null, error: null }
    this.pending.add(call)
    try {
      const value = await this.#make(number)
      call.ended = performance.now()
      this.#answer(value, call)
    } catch (error) {
      call.ended = performance.now()
      call.error = error
      this.failed.push(call)
      this.all.push(call)
    }
    this.pending.delete(call)
  }

  #answer(value, { begun, ended }) {
    this.answered++
    this.gap = Math.max(this.gap, ended - this.#answeredAt)
    this.#answeredAt = ended
    for (const waiter of this.#waiters) {
      if (!waiter.fits({ value, begun, ended })) continue
      this.#waiters.delete(waiter)
      waiter.done({ value, begun, ended })
    }
  }
}
