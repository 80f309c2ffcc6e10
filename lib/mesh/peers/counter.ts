/** How often something happened of late. */

/** What is older than the span is forgotten a tenth of the span at a time. */
const SLICES = 10

/** Counts over the last so many milliseconds, in a memory that does not grow. Time is given, and never goes back. */
export class Counter {
  readonly #slice: number
  readonly #counts: number[] = Array.from({ length: SLICES }, () => 0)
  #at = 0
  /** Of the slice that is counted in. */
  #end = -Infinity
  #total = 0

  /** `span`: milliseconds. */
  constructor(span: number) {
    this.#slice = span / SLICES
  }

  add(now: number): void {
    if (now >= this.#end) this.#roll(now)
    this.#counts[this.#at] = (this.#counts[this.#at] ?? 0) + 1
    this.#total++
  }

  total(now: number): number {
    if (now >= this.#end) this.#roll(now)
    return this.#total
  }

  /** As `total`, and leaves everything as it is. */
  peek(now: number): number {
    const steps = now < this.#end ? 0 : Math.floor((now - this.#end) / this.#slice) + 1
    if (steps >= SLICES) return 0
    let total = this.#total
    for (let i = 1; i <= steps; i++) total -= this.#counts[(this.#at + i) % SLICES] ?? 0
    return total
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }

  /** Makes the slice current that `now` is in. */
  #roll(now: number): void {
    const steps = Math.floor((now - this.#end) / this.#slice) + 1
    if (steps >= SLICES) {
      this.clear()
      this.#end = now + this.#slice
      return
    }
    for (let i = 0; i < steps; i++) {
      this.#at = (this.#at + 1) % SLICES
      this.#total -= this.#counts[this.#at] ?? 0
      this.#counts[this.#at] = 0
    }
    this.#end += steps * this.#slice
  }
}
