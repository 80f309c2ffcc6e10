/** What travelled between two dialect peers -> values: checks and bounds what a peer sent, and puts in place what its tags stand for. */
import { protocol } from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import { unexpected } from '../check.js'
import { isForbiddenKey } from '../scrub.js'
import { NOTHING_ATTACHED, type Attached } from './carried.js'
import type { Step } from './path.js'
import type { DecodeFrom, Reading } from './reading.js'
import { decodeTag } from './revive.js'
import { MARK } from './tags.js'
import { Walk } from './walk.js'

/**
 * The values of a message. Takes over the list: what tags stand for is set in it, and the bytes are those of the row's
 * attachments, each of which is used at most once, whatever message of the row it is in. Errors: DS_PROTOCOL, DS_LIMIT, DS_REF_GONE, each with the place; ours to
 * catch, nothing of the message is to be used then.
 */
export function decode(values: unknown[], attached: Attached, from: DecodeFrom): unknown[] {
  left = from.limits.nodes - values.length
  deepest = from.limits.depth
  let isJson = left >= 0
  for (let i = 0; isJson && i < values.length; i++) {
    const value = values[i]
    if (typeof value === 'object' && value !== null) isJson = isPlain(value, 1)
  }
  return isJson ? values : walk(values, attached, from)
}

/** Of the look that is being taken: values that may still come, and levels. Nothing runs in between. */
let left = 0
let deepest = 0

/** A quick look: nothing to revive, and nothing to refuse. Whatever else there is, the walk finds out, and says where. */
function isPlain(value: object, level: number): boolean {
  if (level > deepest) return false
  if (Array.isArray(value)) {
    left -= value.length
    if (left < 0) return false
    for (const item of value as unknown[]) {
      if (typeof item === 'object' && item !== null && !isPlain(item, level + 1)) return false
    }
    return true
  }
  for (const key in value) {
    if (--left < 0 || key === MARK || isForbiddenKey(key)) return false
    const item = (value as Record<string, unknown>)[key]
    if (typeof item === 'object' && item !== null && !isPlain(item, level + 1)) return false
  }
  return true
}

/** Kept for the next message; null while it is at work, since the `read` of a custom type may decode too. */
let spare: Decoder | null = null

function walk(values: unknown[], attached: Attached, from: DecodeFrom): unknown[] {
  const decoder = spare ?? new Decoder()
  spare = null
  try {
    return decoder.run(values, attached, from)
  } finally {
    decoder.rest()
    spare = decoder
  }
}

/** Characters that `ref` tags may make of those of a row, which whoever makes text of the values has to bear. */
const MOST_TEXT = LIMITS.writeQueue

/** Between two messages, so that no session is kept. */
const NOBODY: DecodeFrom = { limits: { depth: 0, nodes: 0 }, root: 'arguments', incoming: null }

class Decoder extends Walk implements Reading {
  from: DecodeFrom = NOBODY
  containers: unknown[] = []
  #attached = NOTHING_ATTACHED
  /** Characters of keys and texts so far, repeats counted as what they stand for. */
  #text = 0
  /** Those inside of each container; of one that is open, those before it. */
  #texts: number[] = []

  constructor() {
    super({ refuse: protocol, verb: 'cannot be taken' })
  }

  run(values: unknown[], attached: Attached, from: DecodeFrom): unknown[] {
    this.from = from
    this.#attached = attached
    this.restart(from.limits, from.root)
    try {
      return this.#items(values, 0)
    } catch (thrown) {
      throw this.explain(thrown, true)
    }
  }

  override rest(): void {
    super.rest()
    this.from = NOBODY
    this.containers = []
    this.#attached = NOTHING_ATTACHED
    this.#text = 0
    this.#texts = []
  }

  /** So many characters were found in the container at the current place. */
  say(characters: number): void {
    this.#text += characters
  }

  override begin(level: number): number {
    const number = super.begin(level)
    this.#texts[number] = this.#text
    return number
  }

  override end(number: number, level: number): void {
    super.end(number, level)
    this.#texts[number] = this.#text - (this.#texts[number] as number)
  }

  override again(number: number, level: number): void {
    super.again(number, level)
    if (this.isOpen(number)) return
    this.#text += this.#texts[number] as number
    if (this.#text > MOST_TEXT) {
      throw this.exceed(`repeats more than ${MOST_TEXT} characters`, 'send less at a time')
    }
  }

  value(value: unknown, step: Step, level: number): unknown {
    if (typeof value === 'string') this.#text += value.length
    if (typeof value !== 'object' || value === null) return value
    this.place(step, level)
    if (Array.isArray(value)) return this.#array(value, level + 1)
    for (const key in value) {
      if (key === MARK) return decodeTag(this, (value as { $: unknown }).$, level)
      break
    }
    return this.record(value, level + 1)
  }

  #array(values: unknown[], level: number): unknown[] {
    const number = this.begin(level)
    this.containers[number] = values
    this.#items(values, level)
    this.end(number, level)
    return values
  }

  #items(values: unknown[], level: number): unknown[] {
    this.count(values.length)
    for (let i = 0; i < values.length; i++) {
      const item = values[i]
      if (typeof item === 'string') this.#text += item.length
      else if (typeof item === 'object' && item !== null) values[i] = this.value(item, i, level)
    }
    return values
  }

  record(values: object, level: number): object {
    const number = this.begin(level)
    const record = (this.containers[number] = values) as Record<string, unknown>
    for (const key in record) {
      const item = record[key]
      this.count(1)
      if (isForbiddenKey(key)) {
        this.place(key, level)
        throw this.refuse('has a reserved name', 'choose another key')
      }
      this.#text += typeof item === 'string' ? key.length + item.length : key.length
      if (typeof item !== 'object' || item === null) continue
      const value = this.value(item, key, level)
      // what was received is never taken for a promise
      if (typeof value === 'function' && key === 'then') delete record[key]
      else if (value !== item) record[key] = value
    }
    this.at = level
    this.end(number, level)
    return values
  }

  leafOf<T extends object>(value: T, characters: number): T {
    const number = this.leaf()
    this.#text += this.#texts[number] = characters
    this.containers[number] = value
    return value
  }

  /** Two views of the same bytes would change each other. */
  attachment(index: unknown): Uint8Array {
    const bytes = this.#attached.take(index)
    if (bytes === null) throw this.refuse('takes an attachment that was taken before')
    if (bytes) return bytes
    throw unexpected(`the number of one of ${this.#attached.length} attachments`, index)
  }
}
