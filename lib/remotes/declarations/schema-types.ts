/** JSON Schema (2020-12, and what is left of draft 7) as TypeScript types. What it does not know is `unknown`. */
import { hashOfText, type JsonSchema } from '../../mesh/contract.js'
import { Ends, isKeywords, listOf, scopeOf, targetOf, wordOf, type Keywords } from './schema-refs.js'
import { commentLines, literal, quoted } from './schema-text.js'

/** The text of a type, and what holds it together: an `or` within an `and` needs brackets. */
interface Term {
  readonly text: string
  readonly by: 'atom' | 'and' | 'or'
}

/** A place in a schema: the document, for `$ref`; how deep, for an end; how far indented; what to name a type by that has no name. */
interface Place {
  readonly document: JsonSchema
  readonly depth: number
  readonly level: number
  readonly called: string
}

/** A type that stands by itself, because a `$ref` names it. */
interface Hoisted {
  readonly name: string
  readonly schema: unknown
  readonly place: Place
}

/** Levels of a type that are told. */
const DEEPEST = 32
/** Schemas of a contract that are told. */
const MOST = 20_000
/** Characters of types that are told again for each name that has one. */
const MOST_AGAIN = 256 * 1024

const UNKNOWN: Term = { text: 'unknown', by: 'atom' }
const NEVER: Term = { text: 'never', by: 'atom' }

/** Names that a hoisted type does not take: they mean something to who reads the file. */
const TAKEN = ['Api', 'Array', 'Date', 'Function', 'Map', 'Number', 'Object', 'Promise', 'Record', 'String']

/** Keywords that only a value of this type obeys. */
const IMPLIED: readonly (readonly [string, readonly string[]])[] = [
  ['object', ['properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames']],
  ['array', ['items', 'prefixItems']],
]

/** The types of a contract's schemas: what a `$ref` names becomes a type with a name, once, so that no schema grows by being used. */
export class SchemaTypes {
  readonly #taken = new Set(TAKEN)
  readonly #names = new Map<string, string | null>()
  readonly #scopes = new Map<JsonSchema, string>()
  /** By word, how many types have it with a number behind. */
  readonly #numbers = new Map<string, number>()
  readonly #waiting: Hoisted[] = []
  #left = MOST
  readonly #ends = new Ends()
  #again = MOST_AGAIN

  /** The type of a schema. `called` names what has no name of its own, `level` is how far the text is indented. */
  typeOf(document: JsonSchema, called: string, level: number): string {
    return this.#term(document, { document, depth: 0, level, called }).text
  }

  /** The declarations of all types that were named so far, and of those that they name. */
  hoisted(): string[] {
    const found: string[] = []
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const { name, schema, place } = next
      const about = isKeywords(schema) ? commentLines(schema['description'], 0) : ''
      found.push(`${about}export type ${name} = ${this.#term(schema, place).text}\n`)
    }
    return found
  }

  #term(schema: unknown, place: Place): Term {
    if (schema === false) return NEVER
    if (!isKeywords(schema) || place.depth > DEEPEST || --this.#left < 0) return UNKNOWN
    const term = this.#values(schema) ?? this.#joined(schema, place)
    return schema['nullable'] === true ? or([term, { text: 'null', by: 'atom' }]) : term
  }

  /** Of what lists its values. */
  #values(schema: Keywords): Term | null {
    if (Object.hasOwn(schema, 'const')) return { text: literal(schema['const']), by: 'atom' }
    const values = schema['enum']
    if (!Array.isArray(values)) return null
    return or(values.map((value) => ({ text: literal(value), by: 'atom' })))
  }

  #joined(schema: Keywords, place: Place): Term {
    const each = (keyword: string): Term[] =>
      listOf(schema[keyword]).map((part) => this.#term(part, { ...place, level: place.level + 1 }))
    const parts = [this.#reference(schema, place), ...each('allOf')]
    for (const keyword of ['anyOf', 'oneOf']) {
      if (listOf(schema[keyword]).length > 0) parts.push(or(each(keyword)))
    }
    return and([this.#base(schema, place), ...parts])
  }

  /** Of its own keywords. */
  #base(schema: Keywords, place: Place): Term {
    const { type } = schema
    if (Array.isArray(type)) return or([...new Set(type)].map((one) => this.#ofType(one, schema, place)))
    const implied = IMPLIED.find(([, keywords]) => keywords.some((keyword) => Object.hasOwn(schema, keyword)))
    return this.#ofType(type ?? implied?.[0], schema, place)
  }

  #ofType(type: unknown, schema: Keywords, place: Place): Term {
    switch (type) {
      case 'string':
      case 'number':
      case 'boolean':
      case 'null':
        return { text: type, by: 'atom' }
      case 'integer':
        return { text: 'number', by: 'atom' }
      case 'array':
        return this.#list(schema, place)
      case 'object':
        return this.#object(schema, place)
      default:
        return UNKNOWN
    }
  }

  #list(schema: Keywords, place: Place): Term {
    const inside = { ...place, depth: place.depth + 1 }
    const { items, additionalItems } = schema
    const first = Array.isArray(items) ? items : listOf(schema['prefixItems'])
    const rest = Array.isArray(items) ? additionalItems : items
    const many = (): string => `${bound(this.#term(rest, inside))}[]`
    if (first.length === 0) return { text: rest === false ? '[]' : many(), by: 'atom' }
    const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : first.length
    const parts = first.map((item, at) => bound(this.#term(item, inside)) + (at < least ? '' : '?'))
    if (isKeywords(rest)) parts.push(`...${many()}`)
    return { text: `[${parts.join(', ')}]`, by: 'atom' }
  }

  #object(schema: Keywords, place: Place): Term {
    const inside = { ...place, depth: place.depth + 1, level: place.level + 1 }
    const { properties, required } = schema
    const known = isKeywords(properties) ? Object.entries(properties) : []
    const needed = new Set(listOf(required).filter((name) => typeof name === 'string'))
    const others = this.#others(schema, inside)
    const members = known.map(([name, member]) => {
      const about = isKeywords(member) ? commentLines(member['description'], inside.level) : ''
      const text = this.#term(member, inside).text
      return `${about}${pad(inside.level)}${quoted(name)}${needed.has(name) ? '' : '?'}: ${text}\n`
    })
    for (const [name] of known) needed.delete(name)
    for (const name of needed)
      members.push(`${pad(inside.level)}${quoted(name)}: ${this.#toldAgain(others)}\n`)
    // beside other members it would have to fit them too
    const index = known.length === 0 ? (others ?? 'unknown') : others && 'unknown'
    if (index) members.push(`${pad(inside.level)}[name: string]: ${index}\n`)
    return { text: `{\n${members.join('')}${pad(place.level)}}`, by: 'atom' }
  }

  /** The type of the members that have no name of their own; null where the schema says nothing of them. */
  #others(schema: Keywords, place: Place): string | null {
    const { additionalProperties: others, patternProperties: patterns } = schema
    const byPattern = isKeywords(patterns) ? Object.values(patterns) : []
    if (byPattern.length > 0) {
      const all = isKeywords(others) ? [...byPattern, others] : byPattern
      return others === false || isKeywords(others)
        ? or(all.map((one) => this.#term(one, place))).text
        : 'unknown'
    }
    if (others === false) return isKeywords(schema['properties']) ? null : 'never'
    return isKeywords(others) ? this.#term(others, place).text : null
  }

  /** What stands for many names is text for each of them. */
  #toldAgain(text: string | null): string {
    if (text === null || text.length > this.#again) return UNKNOWN.text
    this.#again -= text.length
    return text
  }

  // --- references

  #reference(schema: Keywords, place: Place): Term {
    const pointer = schema['$ref']
    const name = typeof pointer === 'string' ? this.#nameOf(pointer, place) : null
    return name === null ? UNKNOWN : { text: name, by: 'atom' }
  }

  /** The same definitions in two schemas are one type. Null: it leads nowhere, or has no end. */
  #nameOf(pointer: string, place: Place): string | null {
    const key = `${this.#scopeOf(place.document)} ${pointer}`
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const schema = targetOf(place.document, pointer)
    const isTold = schema !== undefined && !this.#ends.isMissing(place.document, pointer)
    const name = isTold ? this.#free(wordOf(pointer, place.called)) : null
    this.#names.set(key, name)
    if (name !== null) this.#waiting.push({ name, schema, place: { ...place, depth: 0, level: 0 } })
    return name
  }

  #scopeOf(document: JsonSchema): string {
    const known = this.#scopes.get(document) ?? hashOfText(scopeOf(document))
    this.#scopes.set(document, known)
    return known
  }

  #free(word: string): string {
    for (let n = this.#numbers.get(word) ?? 1; ; n++) {
      const name = n === 1 ? word : `${word}${n}`
      if (this.#taken.has(name)) continue
      this.#taken.add(name)
      this.#numbers.set(word, n + 1)
      return name
    }
  }
}

// --- terms

function or(terms: readonly Term[]): Term {
  const texts = [...new Set(terms.filter(({ text }) => text !== 'never').map(({ text }) => text))]
  if (texts.includes('unknown')) return UNKNOWN
  if (texts.length === 0) return NEVER
  return texts.length === 1
    ? (terms.find(({ text }) => text === texts[0]) ?? NEVER)
    : { text: texts.join(' | '), by: 'or' }
}

function and(terms: readonly Term[]): Term {
  const told = terms.filter(({ text }) => text !== 'unknown')
  const [first] = told
  if (!first) return UNKNOWN
  const texts = [...new Set(told.map((term) => (term.by === 'or' ? `(${term.text})` : term.text)))]
  return texts.length === 1 ? first : { text: texts.join(' & '), by: 'and' }
}

function bound({ text, by }: Term): string {
  return by === 'atom' ? text : `(${text})`
}

function pad(level: number): string {
  return '  '.repeat(level)
}
