/** Values -> what can travel: functions taken out, cycles made links, everything else copied as JSON has it. */
import { DServiceError, isError, limit, reasonOf, unsendable } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import type { Path, Scrubbed } from './messages.js'
import { formatPath, type Root } from './path.js'
import type { Exports } from './refs/exports.js'

/** What a receiver accepts. */
export interface ValueLimits {
  readonly depth: number
  readonly nodes: number
  /** Bytes: no more characters than this are made into text. */
  readonly row: number
}

/** Of a peer that says nothing of what it accepts: no row of its is longer than what may wait for it. */
export const CLASSIC_LIMITS: ValueLimits = Object.freeze({
  depth: LIMITS.depth,
  nodes: LIMITS.nodes,
  row: LIMITS.writeQueue,
})

/** Scrubbed values, and about how many bytes their JSON has (escapes and wide characters not counted). */
export interface Sized extends Scrubbed {
  readonly size: number
}

/** For whom values are scrubbed. `exports` null: plain data only, functions are refused. */
export interface ScrubFor {
  readonly exports: Exports | null
  readonly limits: ValueLimits
  /** What the list is called in errors: `arguments[0].user.socket`. */
  readonly root: Root
  /** What is sent of an Error instead of it. */
  readonly redact?: ((error: Error) => object) | null
}

export const NO_CALLBACKS: Readonly<Record<string, Path>> = Object.freeze({})
export const NO_LINKS: Scrubbed['links'] = Object.freeze([])

/** Keys that no value and no path may have: they reach for prototypes. */
export function isForbiddenKey(key: string): boolean {
  return key.length > 8 && (key === '__proto__' || key === 'constructor' || key === 'prototype')
}

/**
 * Scrubs a list of values. The result shares nothing with them, so that they may change at once, and nothing in it
 * makes JSON.stringify throw. Errors: DS_UNSENDABLE and DS_LIMIT with the path; nothing is exported then.
 */
export function scrub(values: readonly unknown[], to: ScrubFor): Sized {
  let size = values.length + 2
  const copy: unknown[] = []
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    const type = typeof value
    if (type === 'string') size += (value as string).length + 2
    else if (type === 'number' || type === 'boolean' || value === null) size += 8
    else return new Scrubber(to).run(values)
    copy.push(value)
  }
  if (size > to.limits.row) return new Scrubber(to).run(values)
  return { arguments: copy, callbacks: NO_CALLBACKS, links: NO_LINKS, size }
}

/** One value that is plain data, and what it takes of the limits. */
export interface ScrubbedOne {
  readonly copy: unknown
  readonly nodes: number
  readonly text: number
  /** Without its links the copy says less than the value. */
  readonly isCyclic: boolean
}

/** Scrubs one value. Errors: as `scrub`. */
export function scrubOne(value: unknown, to: ScrubFor): ScrubbedOne {
  const scrubber = new Scrubber(to)
  const { arguments: list, links } = scrubber.run([value])
  return { copy: list[0], nodes: scrubber.nodes, text: scrubber.text, isCyclic: links.length > 0 }
}

/** Objects that JSON would turn into `{}` or worse, and what to send instead. */
const NO_DATA: readonly (readonly [abstract new (...args: never[]) => object, string])[] = [
  [Map, 'send Object.fromEntries(map) or [...map]'],
  [Set, 'send [...set]'],
  [WeakMap, 'send plain data'],
  [WeakSet, 'send plain data'],
  [Promise, 'await it first'],
  [RegExp, 'send its source as text'],
  [ArrayBuffer, 'send it as base64 text'],
]

/** One walk over one list. A class, because the way to the current value is kept without an array for each value. */
class Scrubber {
  readonly #to: ScrubFor
  /** The way to the current value is the first `#at` of these. */
  readonly #keys: (string | number)[] = []
  /** The objects along that way: a value that is one of them closes a cycle. */
  readonly #ancestors: object[] = []
  readonly #added: number[] = []
  #at = 0
  /** Values so far. */
  nodes = 0
  /** Characters so far: at least so many bytes of JSON come of them. */
  text = 0
  /** Bytes beside the text, about. */
  #size = 0
  #callbacks: Record<string, Path> | null = null
  #links: { from: Path; to: Path }[] | null = null

  constructor(to: ScrubFor) {
    this.#to = to
  }

  run(values: readonly unknown[]): Sized {
    try {
      const list = this.#array(values, 0)
      const callbacks = this.#callbacks ?? NO_CALLBACKS
      return { arguments: list, callbacks, links: this.#links ?? NO_LINKS, size: this.#size + this.text }
    } catch (thrown) {
      for (const id of this.#added) this.#to.exports?.remove(id)
      if (isError(thrown) && thrown instanceof DServiceError) throw thrown
      throw this.#refuse(`cannot be read: ${reasonOf(thrown)}`, 'leave it out, or send plain data', thrown)
    }
  }

  #array(values: readonly unknown[], depth: number): unknown[] {
    this.#enter(values, depth)
    const copy: unknown[] = []
    for (let i = 0; i < values.length; i++) {
      this.#keys[depth] = i
      this.#at = depth + 1
      const value = this.#value(values[i], depth + 1)
      copy.push(value === undefined ? null : value)
    }
    this.#ancestors.pop()
    this.#size += 2
    return copy
  }

  #object(values: object, depth: number): Record<string, unknown> {
    this.#enter(values, depth)
    const copy: Record<string, unknown> = {}
    const isError = values instanceof Error
    const keys = isError ? errorKeys(values) : Object.keys(values)
    for (const key of keys) {
      this.#keys[depth] = key
      this.#at = depth + 1
      if (isForbiddenKey(key)) throw this.#refuse('has a reserved name', 'choose another key')
      const value = this.#value((values as Record<string, unknown>)[key], depth + 1)
      if (value === undefined) continue
      copy[key] = value
      this.#addText(key.length + 3)
    }
    this.#ancestors.pop()
    this.#size += 2
    return copy
  }

  #enter(values: object, depth: number): void {
    if (depth > this.#to.limits.depth) throw this.#exceeds(`is nested deeper than ${this.#to.limits.depth}`)
    this.#ancestors.push(values)
  }

  /** The copy of one value; undefined: leave it out. */
  #value(value: unknown, depth: number): unknown {
    if (++this.nodes > this.#to.limits.nodes) throw this.#exceeds(`is value number ${this.nodes}`)
    switch (typeof value) {
      case 'string':
        this.#addText(value.length + 3)
        return value
      case 'number':
      case 'boolean':
        this.#size += 8
        return value
      case 'undefined':
        return undefined
      case 'function':
        return this.#function(value as (...args: unknown[]) => unknown)
      case 'object':
        return value === null ? null : this.#reference(value, depth)
      case 'bigint':
      case 'symbol':
        throw this.#refuse(`is a ${typeof value}`, 'send it as text or a number')
    }
  }

  /** Stops where it is too long already: a peer's links may repeat a long text, and nobody is to make it all before it is measured. */
  #addText(length: number): void {
    this.text += length
    if (this.text > this.#to.limits.row) throw this.#tooLong()
  }

  #reference(value: object, depth: number): unknown {
    const ancestor = this.#ancestors.indexOf(value)
    if (ancestor >= 0) return this.#circular(ancestor)
    if (Array.isArray(value)) return this.#array(value, depth)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.#object(value, depth)
    return this.#instance(value, depth)
  }

  /** The ancestor at this index is at as many steps from the root. */
  #circular(ancestor: number): string {
    // each step is written out: values that a peer linked in a few bytes would come back as megabytes
    this.nodes += ancestor + this.#at
    if (this.nodes > this.#to.limits.nodes) throw this.#exceeds('ends one cycle too many')
    this.#links ??= []
    this.#links.push({ from: this.#path(ancestor), to: this.#path(this.#at) })
    this.#size += 60
    this.#addPath(ancestor)
    this.#addPath(this.#at)
    return '[Circular]'
  }

  /** An object of a class: as JSON sees it, or refused where JSON would see nothing of it. The `toJSON` of an Error may tell its stack. */
  #instance(value: object, depth: number): unknown {
    if (value instanceof Error) return this.#object(this.#to.redact?.(value) ?? value, depth)
    if (value instanceof String || value instanceof Number || value instanceof Boolean) return value.valueOf()
    if (ArrayBuffer.isView(value)) throw this.#refuse('is binary data', 'send it as base64 text')
    for (const [type, hint] of NO_DATA) {
      if (value instanceof type) throw this.#refuse(`is a ${type.name}`, hint)
    }
    const { toJSON } = value as { toJSON?: unknown }
    if (typeof toJSON !== 'function' || Object.hasOwn(value, 'toJSON')) return this.#object(value, depth)
    const json: unknown = toJSON.call(value, String(this.#keys[this.#at - 1]))
    if (typeof json !== 'object' || json === null) return this.#value(json, depth)
    // what toJSON answered is not asked for its own toJSON: it may be the object itself
    return Array.isArray(json) ? this.#array(json, depth) : this.#object(json, depth)
  }

  #function(run: (...args: unknown[]) => unknown): string {
    const { exports } = this.#to
    if (!exports) throw this.#refuse('is a function', 'only plain data can be sent here')
    if (this.#keys[this.#at - 1] === 'then') {
      throw this.#refuse('would make a promise of what holds it', 'await it first, or choose another key')
    }
    if (this.#at > LIMITS.path) throw this.#exceeds(`is a function deeper than ${LIMITS.path}`)
    this.#callbacks ??= {}
    let id = exports.idOf(run)
    if (id === undefined || id in this.#callbacks) {
      id = exports.add(run)
      this.#added.push(id)
    }
    this.#callbacks[id] = this.#path(this.#at)
    this.#size += 40
    this.#addPath(this.#at)
    return '[Function]'
  }

  #addPath(length: number): void {
    for (let i = 0; i < length; i++) {
      const key = this.#keys[i]
      this.#addText(typeof key === 'string' ? key.length + 3 : 8)
    }
  }

  #path(length: number): string[] {
    return this.#keys.slice(0, length).map(String)
  }

  #where(): string {
    return formatPath(this.#keys.slice(0, this.#at), this.#to.root)
  }

  #refuse(what: string, hint: string, cause?: unknown): DServiceError {
    const path = this.#where()
    return unsendable({ summary: `${path} cannot travel: it ${what}`, hint, cause, details: { path } })
  }

  #tooLong(): DServiceError {
    const path = this.#where()
    return limit({
      summary: `${path} cannot travel: with it the message is longer than ${this.#to.limits.row} bytes`,
      hint: 'send less at a time',
      details: { path },
    })
  }

  #exceeds(what: string): DServiceError {
    const { depth, nodes } = this.#to.limits
    const path = this.#where()
    return limit({
      summary: `${path} cannot travel: it ${what}, and a message has at most ${nodes} values in ${depth} levels`,
      hint: 'send less at a time',
      details: { path },
    })
  }
}

/** What travels of an Error: name, message and code first, then its own properties. */
function errorKeys(error: Error): string[] {
  const own = Object.keys(error).filter((key) => key !== 'stack' && key !== 'remoteStack')
  const coded = (error as { code?: unknown }).code === undefined ? [] : ['code']
  return [...new Set(['name', 'message', ...coded, ...own])]
}
