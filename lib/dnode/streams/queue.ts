/** First in, first out, without moving what waits. */

/** Taken places that are given back while others wait. */
const SPARE = 1_024

/** Holds no array while it is empty. */
export class Queue<T> {
  #values: (T | undefined)[] | null = null
  #head = 0

  get size(): number {
    return this.#values === null ? 0 : this.#values.length - this.#head
  }

  push(value: T): void {
    if (this.#values === null) this.#values = [value]
    else this.#values.push(value)
  }

  /** The oldest; the caller has looked at `size`, since undefined may be a value. */
  shift(): T | undefined {
    if (this.#values === null) return undefined
    const value = this.#values[this.#head]
    this.#values[this.#head++] = undefined
    if (this.#head === this.#values.length) this.clear()
    else if (this.#head >= SPARE && this.#head * 2 >= this.#values.length) {
      this.#values.splice(0, this.#head)
      this.#head = 0
    }
    return value
  }

  clear(): void {
    this.#values = null
    this.#head = 0
  }
}
