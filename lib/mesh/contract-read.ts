/** A contract that somebody else has written, as text: nothing of it is believed before it was looked through. */
import { protocol, reasonOf, type DServiceError } from '../base/errors.js'
import { excessOf, type Shape } from '../wire/nesting.js'
import { RESERVED } from './api.js'
import {
  canonical,
  LARGEST_CONTRACT,
  type Contract,
  type JsonSchema,
  type MethodContract,
  type TypesContract,
} from './contract.js'

/** Characters of a description. */
export const LONGEST_DESCRIPTION = 1_000

/** Methods of a contract. */
const MOST_METHODS = 1_000

/** Characters of a method's dotted path, and names in it. */
const LONGEST_PATH = 256
const MOST_NAMES = 32

/** Arguments of a method. */
const MOST_ARGUMENTS = 100

/** Of the whole text: a schema may have 32 levels. */
const SHAPE: Shape = { levels: 36, values: 50_000 }

/** Names that reach into objects, anywhere in a path. */
const REACHING: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const IDENTIFIER = /^[A-Za-z_$][\w$]{0,127}$/
const CONTROL = /\p{Cc}/u

/** Whether a contract may name a method so. */
export function isMethodPath(path: string): boolean {
  if (path.length > LONGEST_PATH || CONTROL.test(path)) return false
  const names = path.split('.')
  if (names.length > MOST_NAMES || names.some((name) => name === '' || REACHING.has(name))) return false
  const [root = ''] = names
  return !root.startsWith('$') && !RESERVED.has(root)
}

/**
 * Reads a contract's JSON: at most LARGEST_CONTRACT bytes, 1 000 methods, 32 levels of a schema. Fields that are not known are
 * left out; what it answers is frozen. Errors: DS_PROTOCOL, which says what does not pass.
 */
export function readContract(text: unknown): Contract {
  const value = parsed(text)
  if (!isRecord(value) || !isRecord(value['methods'])) throw unfit('it has no "methods"')
  const found = Object.entries(value['methods'])
  if (found.length > MOST_METHODS) throw unfit(`it has ${found.length} methods, more than ${MOST_METHODS}`)
  const methods: Record<string, MethodContract> = Object.create(null) as Record<string, MethodContract>
  for (const [path, method] of found) {
    if (!isMethodPath(path)) throw unfit(`${shown(path)} cannot be the name of a method`)
    methods[path] = readMethod(path, method)
  }
  const types = readTypes(value['types'])
  const contract = Object.freeze({ methods: Object.freeze(methods), ...(types ? { types } : {}) })
  // as it is kept and told on: 1e20 was four characters
  checkSize(canonical(contract))
  return contract
}

/** Its size is looked at first, then its nesting, then what is in it. */
function parsed(text: unknown): unknown {
  if (typeof text !== 'string') throw unfit(`it is ${text === null ? 'null' : typeof text}, not a text`)
  checkSize(text)
  const excess = excessOf(text, SHAPE)
  if (excess) throw unfit(`it has more than ${SHAPE[excess]} ${excess}`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw protocol({ summary: `a contract does not pass: it is no JSON: ${reasonOf(error)}` })
  }
}

function checkSize(text: string): void {
  // a character has a byte at least
  if (text.length > LARGEST_CONTRACT || Buffer.byteLength(text) > LARGEST_CONTRACT) {
    throw unfit(`it is larger than ${LARGEST_CONTRACT} bytes`)
  }
}

function readMethod(path: string, value: unknown): MethodContract {
  if (!isRecord(value)) throw unfit(`of ${shown(path)} it says no object`)
  const { description, idempotent, input, output } = value
  if (description !== undefined && !isText(description, LONGEST_DESCRIPTION)) {
    throw unfit(`the description of ${shown(path)} is no text of at most ${LONGEST_DESCRIPTION} characters`)
  }
  if (input !== undefined && !isInput(input)) {
    throw unfit(`"input" of ${shown(path)} is no list of at most ${MOST_ARGUMENTS} JSON Schemas`)
  }
  if (output !== undefined && !isSchema(output)) {
    throw unfit(`"output" of ${shown(path)} is no JSON Schema`)
  }
  return Object.freeze({
    ...(description === undefined ? {} : { description }),
    ...(idempotent === true ? { idempotent } : {}),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  })
}

function readTypes(value: unknown): TypesContract | null {
  if (value === undefined) return null
  const { root, text } = isRecord(value) ? value : {}
  if (typeof root !== 'string' || !IDENTIFIER.test(root))
    throw unfit('"types" has no name of a type as "root"')
  if (typeof text !== 'string' || text.includes('\r')) {
    throw unfit('"types" has no text, or one whose lines do not end with LF alone')
  }
  return Object.freeze({ root, text })
}

function isInput(value: unknown): value is JsonSchema[] {
  return Array.isArray(value) && value.length <= MOST_ARGUMENTS && value.every(isSchema) && isData(value)
}

/** Keywords mean what they mean to who reads them; here they are data. */
function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'boolean' || (isRecord(value) && isData(value))
}

/** Of parsed JSON: no key changes what an object is. Freezes it on the way. */
function isData(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  Object.freeze(value)
  return !Object.hasOwn(value, '__proto__') && Object.values(value).every(isData)
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(path: string): string {
  return JSON.stringify(path.length > 60 ? `${path.slice(0, 60)}…` : path)
}

function unfit(why: string): DServiceError {
  return protocol({ summary: `a contract does not pass: ${why}` })
}
