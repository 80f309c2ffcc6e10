/** The fields of a message that a peer sent, checked one by one. Every failure is an error of ours to catch. */
import { limit, protocol } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import { ID_END } from './ids.js'
import { quote } from '../wire/quote.js'
import type { Path, Scrubbed } from './messages.js'
import { isForbiddenKey, NO_CALLBACKS, NO_LINKS } from './scrub.js'

/** A JSON object whose fields are not known yet. */
export type Fields = Readonly<Record<string, unknown>>

/** Characters of a method's name or dotted path. */
const METHOD_NAME = 1024

/** Characters of a peer's value that an error shows. */
const SHOWN = 60

/** Keys of a peer's object that an error shows. */
const SHOWN_KEYS = 4

/** A DS_PROTOCOL that says what was expected, and what came instead. */
export function unexpected(expected: string, came: unknown): Error {
  return protocol({ summary: `expected ${expected}, received ${show(came)}` })
}

/** A peer's value, as far as a reader wants to know it: never walked, never made into text as a whole. */
function show(value: unknown): string {
  if (typeof value === 'string') return quote(value, SHOWN)
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value !== 'object' || value === null) return String(value)
  const keys: string[] = []
  for (const key in value) {
    if (keys.push(quote(key, SHOWN)) === SHOWN_KEYS) break
  }
  return keys.length === 0 ? 'an empty object' : `an object with ${keys.join(', ')}`
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < ID_END
}

/** A reference number, or the name of a method. */
export function readMethod(value: unknown): string | number {
  if (isId(value)) return value
  if (typeof value === 'string' && value.length <= METHOD_NAME) return value
  throw unexpected(`"method" to be a reference number or a name of at most ${METHOD_NAME} characters`, value)
}

/** The values of a message as they came; `unscrub` checks what is inside of `arguments`. */
export function readValues(fields: Fields): Scrubbed {
  const { arguments: args, callbacks, links } = fields
  if (args !== undefined && args !== null && !Array.isArray(args)) {
    throw unexpected('"arguments" to be an array', args)
  }
  return {
    arguments: args ?? [],
    callbacks: readCallbacks(callbacks),
    links: readLinks(links),
  }
}

/** Reference number -> path; missing or null: none. */
export function readCallbacks(value: unknown): Scrubbed['callbacks'] {
  if (value === undefined || value === null) return NO_CALLBACKS
  if (!isObject(value)) throw unexpected('"callbacks" to be an object', value)
  for (const key in value) {
    if (!/^\d{1,10}$/.test(key) || !isId(Number(key))) {
      throw unexpected('the keys of "callbacks" to be reference numbers', key)
    }
    checkPath(value[key])
  }
  return value as Scrubbed['callbacks']
}

/** From a path to another; missing or null: none. */
export function readLinks(value: unknown): Scrubbed['links'] {
  if (value === undefined || value === null) return NO_LINKS
  if (!Array.isArray(value)) throw unexpected('"links" to be an array', value)
  if (value.length > LIMITS.nodes) {
    throw limit({
      summary: `a message was received with ${value.length} links, and ${LIMITS.nodes} are allowed`,
    })
  }
  for (const link of value as unknown[]) {
    if (!isObject(link)) throw unexpected('a link to be {"from": path, "to": path}', link)
    checkPath(link['from'])
    checkPath(link['to'])
  }
  return value as Scrubbed['links']
}

function checkPath(value: unknown): asserts value is Path {
  if (!Array.isArray(value)) throw unexpected('a path to be an array', value)
  if (value.length > LIMITS.path) {
    throw limit({
      summary: `a path was received of ${value.length} elements, and ${LIMITS.path} are allowed`,
    })
  }
  for (const key of value as unknown[]) {
    const isKey = typeof key === 'string' ? !isForbiddenKey(key) : isId(key)
    if (!isKey) throw unexpected('an element of a path to be a key or an index', key)
  }
}
