/** What is due when: a heap, so that the next moment is known without looking at all of them. */

interface Slot<Key> {
  readonly key: Key
  readonly at: number
}

/** Below this many, slots that no longer hold are not worth a clean-up. */
const SLACK = 64

/** Keys, each due at one moment. What was moved or deleted stays in the heap until it comes up, or until most of it is such. */
export class Schedule<Key> {
  readonly #times = new Map<Key, number>()
  #heap: Slot<Key>[] = []

  /** The earliest moment; Infinity where there is none. */
  get next(): number {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (this.#times.get(top.key) === top.at) return top.at
      this.#pop()
    }
    return Infinity
  }

  /** Makes a key due at a moment, in place of an earlier one. Infinity: never. */
  set(key: Key, at: number): void {
    if (at === Infinity) return this.delete(key)
    if (this.#times.get(key) === at) return
    this.#times.set(key, at)
    if (this.#heap.length > 2 * this.#times.size + SLACK) return this.#rebuild()
    this.#rise({ key, at })
  }

  delete(key: Key): void {
    this.#times.delete(key)
  }

  /** Takes out all that is due by then, the earliest first. */
  take(until: number): Key[] {
    const due: Key[] = []
    while (this.next <= until) {
      const top = this.#pop()
      if (!top) break
      this.#times.delete(top.key)
      due.push(top.key)
    }
    return due
  }

  /** Restores the invariant: no slot is earlier than the one above it, which is at half its place. */
  #rise(slot: Slot<Key>): void {
    let place = this.#heap.push(slot) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      const other = this.#heap[above]
      if (!other || other.at <= slot.at) break
      this.#heap[place] = other
      place = above
    }
    this.#heap[place] = slot
  }

  #pop(): Slot<Key> | undefined {
    const top = this.#heap[0]
    const last = this.#heap.pop()
    if (last && this.#heap.length > 0) this.#sink(last)
    return top
  }

  #sink(slot: Slot<Key>): void {
    let place = 0
    for (;;) {
      const [left, right] = [this.#heap[2 * place + 1], this.#heap[2 * place + 2]]
      const isRight = right !== undefined && left !== undefined && right.at < left.at
      const earlier = isRight ? right : left
      if (!earlier || earlier.at >= slot.at) break
      this.#heap[place] = earlier
      place = 2 * place + (isRight ? 2 : 1)
    }
    this.#heap[place] = slot
  }

  /** A sorted list is a heap. */
  #rebuild(): void {
    this.#heap = [...this.#times].map(([key, at]) => ({ key, at })).sort((a, b) => a.at - b.at)
  }
}
