/** What waits for an answer, by ids that grow one by one. */
import { ID_END } from './ids.js'

const FIRST = 16

/** Slots that are kept when nothing waits any more. */
const KEPT = 1_024

/**
 * A value has its place by the lowest bits of its id, so that no hash is made and nothing is allocated for small calls.
 * An id whose place is taken, by one that has waited since the ids came round last, is skipped. Nothing is held until the first id.
 */
export class Ring<T extends { readonly id: number }> {
  #slots: (T | undefined)[] = []
  #size = 0
  #next: number

  /** `firstId`: near the end of the ids, for tests. */
  constructor(firstId = 0) {
    this.#next = firstId
  }

  get size(): number {
    return this.#size
  }

  /** An id that nothing has, and whose place is free. */
  nextId(): number {
    if (this.#size * 2 >= this.#slots.length) this.#grow()
    const mask = this.#slots.length - 1
    let id = this.#next
    while (this.#slots[id & mask] !== undefined) id = (id + 1) % ID_END
    this.#next = (id + 1) % ID_END
    return id
  }

  /** Its id must be free. */
  add(value: T): void {
    while (this.#slots.length === 0 || this.#slots[this.#at(value.id)] !== undefined) this.#grow()
    this.#slots[this.#at(value.id)] = value
    this.#size++
  }

  get(id: number): T | undefined {
    const value = this.#slots[this.#at(id)]
    return value?.id === id ? value : undefined
  }

  /** Removes and answers what has this id. */
  take(id: number): T | undefined {
    const at = this.#at(id)
    const value = this.#slots[at]
    if (value?.id !== id) return undefined
    this.#slots[at] = undefined
    if (--this.#size === 0 && this.#slots.length > KEPT) this.#slots = []
    return value
  }

  /** All that waits, about in the order in which it came. */
  values(): T[] {
    const { length } = this.#slots
    const values: T[] = []
    for (let i = 0; i < length; i++) {
      const value = this.#slots[this.#at(this.#next + i)]
      if (value !== undefined) values.push(value)
    }
    return values
  }

  clear(): void {
    this.#slots = []
    this.#size = 0
  }

  #at(id: number): number {
    return id & (this.#slots.length - 1)
  }

  #grow(): void {
    const values = this.values()
    const length = Math.max(FIRST, this.#slots.length * 2)
    this.#slots = Array.from({ length }, () => undefined)
    for (const value of values) this.#slots[this.#at(value.id)] = value
  }
}
