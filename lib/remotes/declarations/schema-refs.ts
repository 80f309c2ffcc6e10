/** Where the references of a schema lead. */
import { canonical, type JsonSchema } from '../../mesh/contract.js'

/** A schema that is an object of keywords. */
export type Keywords = Readonly<Record<string, unknown>>

/** Steps from reference to reference, of all types of a contract, in search of an end; one that is not found by then is none. */
const MOST_STEPS = 50_000

/** Owned by who makes the types of a contract. */
export class Ends {
  #left = MOST_STEPS

  /** Whether a type would be defined by itself, with no object or list between: no compiler takes that. */
  isMissing(document: JsonSchema, pointer: string): boolean {
    const seen = new Set<string>()
    const waiting = this.#next(targetOf(document, pointer))
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (at === pointer || this.#left < 0) return true
      if (seen.has(at)) continue
      seen.add(at)
      waiting.push(...this.#next(targetOf(document, at)))
    }
    return false
  }

  #next(schema: unknown): string[] {
    if (!isKeywords(schema)) return []
    this.#left--
    const parts = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => listOf(schema[keyword]))
    return [
      ...(typeof schema['$ref'] === 'string' ? [schema['$ref']] : []),
      ...parts.flatMap((part) => this.#next(part)),
    ]
  }
}

/** What a reference may reach: the definitions alone, where these reach for nothing else. */
export function scopeOf(document: JsonSchema): string {
  const definitions = isKeywords(document) ? (document['$defs'] ?? document['definitions']) : undefined
  const text = canonical(definitions ?? null)
  const isClosed = definitions !== undefined && !/"\$ref":"(?!#\/(?:\$defs|definitions)\/)/.test(text)
  return isClosed ? text : canonical(document)
}

/** `#/$defs/user` is User; what has no name that could be one is named after where it is used. */
export function wordOf(pointer: string, called: string): string {
  const last = pointer.slice(pointer.lastIndexOf('/') + 1).replaceAll(/\W/g, '')
  const word = /^[A-Za-z]\w{0,63}$/.test(last) ? last : `${called}${last.slice(0, 64)}`
  return word.charAt(0).toUpperCase() + word.slice(1)
}

/** A JSON pointer in the same document, RFC 6901; undefined where it leads nowhere. */
export function targetOf(document: JsonSchema, pointer: string): unknown {
  const [base, ...names] = pointer.split('/')
  if (base !== '#') return undefined
  return names.reduce<unknown>((at, name) => {
    const key = decoded(name).replaceAll('~1', '/').replaceAll('~0', '~')
    return typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Keywords)[key] : undefined
  }, document)
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    // a per cent sign that escapes nothing stands for itself
    return name
  }
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

export function isKeywords(value: unknown): value is Keywords {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
