/** What waits for an answer, by ids that grow one by one. */
import { ID_END } from './ids.js'

const FIRST = 16

/** Slots that are kept when nothing waits any more, whatever they were needed for, and where as many are needed again and again. */
const KEPT = 1_024
const KEPT_BUSY = 65_536

/** What a table grows by: of hundreds of thousands of calls, none should move often. */
const GROWTH = 4

/**
 * A value has its place by the lowest bits of its id, so that no hash is made and nothing is allocated for small calls.
 * An id whose place is taken, by one that has waited since the ids came round last, is skipped. Nothing is held until the first id.
 */
export class Ring<T extends { readonly id: number }> {
  #slots: (T | undefined)[] = []
  #size = 0
  /** The most that waited since nothing did. */
  #peak = 0
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
    if (++this.#size > this.#peak) this.#peak = this.#size
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
    if (--this.#size === 0) this.#rest()
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

  /** Nothing waits: lets go of what a burst needed, and is not needed all the time. */
  #rest(): void {
    const { length } = this.#slots
    const isBusy = this.#peak * 2 * GROWTH >= length && length <= KEPT_BUSY
    this.#peak = 0
    if (length > KEPT && !isBusy) this.#slots = []
  }

  #grow(): void {
    const old = this.#slots
    const slots: (T | undefined)[] = []
    slots.length = Math.max(FIRST, old.length * GROWTH)
    this.#slots = slots.fill(undefined)
    for (const value of old) if (value !== undefined) this.#slots[this.#at(value.id)] = value
  }
}
