/** Values -> what travels between two dialect peers: a copy as JSON, tags for what JSON has not, and the bytes that hang on it. */
import { unsendable } from '../../base/errors.js'
import { NO_ATTACHMENTS } from '../../wire/connection.js'
import { isForbiddenKey } from '../scrub.js'
import { isByReference } from './by-reference.js'
import { encodeInstance, encodeMethods, encodeStream } from './instances.js'
import type { Step } from './path.js'
import { NO_TAGS, type BytesTag, type Payload } from './carried.js'
import type { AnyFunction, Outgoing } from './port.js'
import { Seen } from './seen.js'
import { isJsonLeaf, isJsonNumber, isTooLong, MARK, UNDEFINED, type Tag } from './tags.js'
import { Walk } from './walk.js'
import type { EncodeTo, Writing } from './writing.js'

/** About how many characters of JSON there are around the values: quotes, a comma. */
const AROUND = 3
const NUMBER = 8

/**
 * Encodes a list of values. What is answered shares nothing with them, so that they may change at once, and nothing in it
 * makes JSON.stringify throw. `outgoing.begin` is called for every message; whoever cannot send what is answered undoes that.
 * Errors: DS_UNSENDABLE and DS_LIMIT with the path; what was given a number by then is undone.
 */
export function encode(values: readonly unknown[], to: EncodeTo): Payload {
  to.outgoing?.begin()
  let size = 2
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === 'string') size += value.length + AROUND
    else if (isJsonLeaf(value)) size += NUMBER
    else return walk(values, to)
  }
  // a slice has the size that it needs: what is pushed to has room for sixteen more
  return values.length > to.limits.nodes
    ? walk(values, to)
    : { values: values.slice(), attachments: NO_ATTACHMENTS, tags: NO_TAGS, size }
}

/** Kept for the next message; null while it is at work, since a getter may send messages of its own. */
let spare: Encoder | null = null

function walk(values: readonly unknown[], to: EncodeTo): Payload {
  const encoder = spare ?? new Encoder()
  spare = null
  try {
    return encoder.run(values, to)
  } finally {
    encoder.rest()
    spare = encoder
  }
}

/** Between two messages, so that no session is kept. */
const NOBODY: EncodeTo = { limits: { depth: 0, nodes: 0 }, root: 'arguments', outgoing: null }

/** One walk over the values of one message. */
class Encoder extends Walk implements Writing {
  size = 0
  to: EncodeTo = NOBODY
  attachments: Uint8Array[] | null = null
  tags: BytesTag[] | null = null
  attached = 0
  readonly open: number[] = []
  readonly #seen = new Seen()
  /** True while somebody else gives a number: errors that come from there are ours. */
  #isHanding = false

  constructor() {
    super({ refuse: unsendable, verb: 'cannot travel', hint: 'leave it out, or send plain data' })
  }

  run(values: readonly unknown[], to: EncodeTo): Payload {
    this.to = to
    this.restart(to.limits, to.root)
    try {
      const copy = this.#items(values, 0)
      const { attachments, tags, size } = this
      return { values: copy, attachments: attachments ?? NO_ATTACHMENTS, tags: tags ?? NO_TAGS, size }
    } catch (thrown) {
      to.outgoing?.undo()
      throw this.explain(thrown, this.#isHanding)
    }
  }

  override rest(): void {
    super.rest()
    this.to = NOBODY
    this.#seen.clear()
    this.attachments = this.tags = null
    this.#isHanding = false
    this.size = this.attached = this.open.length = 0
  }

  /** One value as it travels. */
  value(value: unknown, step: Step, level: number): unknown {
    this.place(step, level)
    switch (typeof value) {
      case 'object':
        return value === null ? this.sized(null, NUMBER) : this.object(value, level)
      case 'string':
        return this.sized(value, value.length + AROUND)
      case 'boolean':
        return this.sized(value, NUMBER)
      case 'number':
        return isJsonNumber(value)
          ? this.sized(value, NUMBER)
          : this.tag('number', Object.is(value, -0) ? '-0' : `${value}`)
      case 'undefined':
        return this.sized(UNDEFINED, 20)
      case 'bigint':
        if (isTooLong(value)) throw this.exceed('has too many digits', 'send it as bytes')
        return this.tag('bigint', `${value}`)
      case 'function':
        return this.#function(value as AnyFunction, step)
      case 'symbol':
        throw this.refuse('is a symbol', 'send it as text')
    }
  }

  /** The object at the current place. */
  object(value: object, level: number): unknown {
    if (Array.isArray(value)) return this.array(value, value, level + 1)
    if (isByReference(value)) return encodeMethods(this, value, level)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) {
      const isIterable = (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] !== undefined
      return isIterable ? encodeStream(this, value, 'iterable') : this.record(value, value, level + 1)
    }
    return this.#seen.has(value) ? this.#repeat(value, level) : encodeInstance(this, value, level)
  }

  /** A container that came before comes again, in one of that level. */
  #repeat(value: object, level: number): Tag {
    const number = this.#seen.numberOf(value)
    if (this.open.includes(number)) {
      throw this.refuse('leads back into a value that is made of it', 'leave out what refers to itself')
    }
    this.again(number, level)
    return this.tag('ref', number)
  }

  enter(object: object, level: number): number {
    this.#seen.add(object)
    return this.begin(level)
  }

  leafOf(object: object): void {
    this.#seen.add(object)
    this.leaf()
  }

  array(source: readonly unknown[], object: object, level: number): unknown {
    if (!this.#seen.add(object)) return this.#repeat(object, level - 1)
    const number = this.begin(level)
    const copy = this.#items(source, level)
    this.end(number, level)
    return copy
  }

  #items(source: readonly unknown[], level: number): unknown[] {
    const { length } = source
    this.count(length)
    const copy: unknown[] = []
    let size = 2
    for (let i = 0; i < length; i++) {
      const value = source[i]
      if (typeof value === 'string') size += value.length + AROUND
      else if (isJsonLeaf(value)) size += NUMBER
      else {
        copy.push(this.value(value, i, level))
        continue
      }
      copy.push(value)
    }
    this.size += size
    return copy
  }

  record(source: object, object: object, level: number): unknown {
    if (!this.#seen.add(object)) return this.#repeat(object, level - 1)
    const number = this.begin(level)
    const copy = this.#copyOf(source, level)
    let values = 0
    let size = 2
    let isTag = false
    for (const key in copy) {
      if (isForbiddenKey(key)) throw this.#reserved(key, level)
      if (++values === 1 && key === MARK) isTag = true
      const value = copy[key]
      size += key.length + AROUND
      if (typeof value === 'string') size += value.length + AROUND
      else if (isJsonLeaf(value)) size += NUMBER
      // else it is a key of Object.prototype, which somebody has extended
      else if (Object.hasOwn(copy, key)) copy[key] = this.value(value, key, level)
    }
    this.size += size
    this.at = level
    this.count(values)
    this.end(number, level)
    return isTag ? this.tag('object', copy) : copy
  }

  /** Every getter is read once. One that throws is read again, for the error to tell which it is. */
  #copyOf(source: object, level: number): Record<string, unknown> {
    try {
      return { ...source }
    } catch (thrown) {
      for (const key of Object.keys(source)) {
        this.place(key, level)
        void (source as Record<string, unknown>)[key]
      }
      this.at = level
      throw thrown
    }
  }

  #reserved(key: string, level: number): Error {
    this.place(key, level)
    return this.refuse('has a reserved name', 'choose another key')
  }

  #function(run: AnyFunction, step: Step): Tag {
    if (step === 'then') {
      throw this.refuse('would make a promise of what holds it', 'await it first, or choose another key')
    }
    const [kind, id] = this.hand('a function', (outgoing) => outgoing.function(run))
    return this.tag(kind, id)
  }

  /** What somebody else has to number. */
  hand<T>(what: string, give: (outgoing: Outgoing) => T): T {
    const { outgoing } = this.to
    if (!outgoing) throw this.refuse(`is ${what}`, 'only plain data can be sent here')
    this.#isHanding = true
    const given = give(outgoing)
    this.#isHanding = false
    return given
  }

  /** A tag, and about its size. */
  tag(kind: string, data: unknown, more?: unknown): Tag {
    this.size +=
      kind.length + 14 + (typeof data === 'string' ? data.length : 4) + (more === undefined ? 0 : 10)
    return { $: more === undefined ? [kind, data] : [kind, data, more] }
  }

  sized<T>(value: T, size: number): T {
    this.size += size
    return value
  }
}
