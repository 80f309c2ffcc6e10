/** The containers of a message that is being written, so that one which comes again is known by its number. */

/** So many are looked through one by one; a Set costs more than that. */
const FEW = 16

/** Numbers objects from 0 as they are added. */
export class Seen {
  #size = 0
  readonly #few: (object | null)[] = Array.from({ length: FEW }, () => null)
  /** All, once there are more than a few. */
  #all: Set<object> | null = null
  /** All with their numbers, once one of many came again: a Map costs twice what a Set does. */
  #numbers: Map<object, number> | null = null

  /** Gives the object the next number; false: it has one. */
  add(object: object): boolean {
    if (this.#all !== null) return this.#addToMany(this.#all, object)
    for (let i = this.#size - 1; i >= 0; i--) if (this.#few[i] === object) return false
    if (this.#size === FEW) this.#all = new Set(this.#few as object[]).add(object)
    else this.#few[this.#size] = object
    this.#size++
    return true
  }

  #addToMany(all: Set<object>, object: object): boolean {
    if (all.add(object).size === this.#size) return false
    this.#numbers?.set(object, this.#size)
    this.#size++
    return true
  }

  has(object: object): boolean {
    return this.#all === null ? this.#few.includes(object) : this.#all.has(object)
  }

  /** The number of an object that has one. */
  numberOf(object: object): number {
    if (this.#all === null) return this.#few.indexOf(object)
    this.#numbers ??= new Map(Array.from(this.#all, (seen, number) => [seen, number]))
    return this.#numbers.get(object) as number
  }

  /** Holds nothing any more. */
  clear(): void {
    for (let i = Math.min(this.#size, FEW) - 1; i >= 0; i--) this.#few[i] = null
    this.#all = this.#numbers = null
    this.#size = 0
  }
}
