/** How much of an error leaves: what its receiver takes, counted over its properties and causes together. */
import { isForbiddenKey, scrubOne, type ValueLimits } from './scrub.js'

/** Values that the fields of one error are, with the object that holds its properties. */
const FIELDS = 8

/** Levels above the value of a property in an error that is answered, and above that in a list of values. */
const LEVELS = 3
const SCRUBBED = 1

/** Properties that travel by a field of their own, or not at all. */
export const OWN_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'message',
  'code',
  'stack',
  'remoteStack',
  'cause',
  'ran',
  'then',
])

/** What stands for an Error that is found inside of a property. What it throws leaves the property out. */
export type InnerError = (error: Error) => object

/** Owned by whoever writes one error. What does not fit any more is left out, or cut. */
export class Room {
  readonly #depth: number
  readonly #inner: InnerError | null
  #nodes: number
  #text: number

  constructor({ depth, nodes, row }: ValueLimits, inner: InnerError | null = null) {
    this.#depth = depth
    this.#nodes = nodes
    this.#text = row
    this.#inner = inner
  }

  /** Whether there is room for one more error. */
  enter(): boolean {
    this.#nodes -= FIELDS
    return this.#nodes > 0 && this.#text > 0
  }

  /** As much of a text as there is room for, and `most` characters of it. */
  cut(text: string, most: number = Infinity): string {
    const fitting = text.slice(0, Math.max(0, Math.min(this.#text, most)))
    this.#text -= fitting.length
    return fitting
  }

  /** Own enumerable properties that are plain data and fit, and the errors of an AggregateError; the others are left out. `level`: causes above. */
  properties(thrown: object, level: number): Record<string, unknown> | null {
    let properties: Record<string, unknown> | null = null
    for (const key of keysOf(thrown)) {
      if (OWN_FIELDS.has(key) || isForbiddenKey(key) || key.length > this.#text) continue
      const copy = this.#copy(() => (thrown as Record<string, unknown>)[key], level)
      if (copy === undefined) continue
      properties ??= {}
      properties[key] = copy
      this.#text -= key.length
    }
    return properties
  }

  #copy(get: () => unknown, level: number): unknown {
    const limits = {
      depth: this.#depth - LEVELS + SCRUBBED - level,
      nodes: this.#nodes,
      row: this.#text,
    }
    try {
      const value = get()
      if (value === undefined) return undefined
      const one = scrubOne(value, { exports: null, limits, root: 'result', redact: this.#inner })
      if (one.isCyclic) return undefined
      this.#nodes -= one.nodes
      this.#text -= one.text
      return one.copy
    } catch (error) {
      return void error // no plain data, or too much of it: the error travels without it
    }
  }
}

/** What Promise.any rejects with would say nothing without its errors, which are not enumerable. */
function keysOf(thrown: object): string[] {
  const keys = Object.keys(thrown)
  return thrown instanceof AggregateError && !keys.includes('errors') ? [...keys, 'errors'] : keys
}
