/** Errors by value: what travels of them is what travels of an error that is answered, past the same hook. */
import { cleanStack, printable } from '../../base/stack.js'
import { isObject, unexpected } from '../check.js'
import { OWN_FIELDS } from '../error-room.js'
import type { WireError } from '../messages.js'
import { isForbiddenKey } from '../scrub.js'
import { asError, readWireError, writeWireError } from '../wire-error.js'
import { part } from './path.js'
import type { Reading } from './reading.js'
import type { Tag } from './tags.js'
import type { Writing } from './writing.js'

type ErrorType = new (message: string) => Error

/** Classes that an error keeps; one of any other class is an Error that has its name. */
const CLASSES: ReadonlyMap<string, ErrorType> = new Map(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError].map((type) => [
    type.name,
    type,
  ]),
)

/** An error where it was found. A hook that made another of it has hidden what was in it. */
export function encodeError(writing: Writing, error: Error, level: number): Tag {
  const { outgoing } = writing.to
  const wire = outgoing ? outgoing.error(error) : writeWireError(error, 'yes')
  const isWhole =
    wire.name === 'AggregateError' && error instanceof AggregateError && Array.isArray(error.errors)
  return encodeWire(writing, { wire, of: error, errors: isWhole ? error.errors : null }, level + 1)
}

interface Written {
  readonly wire: WireError
  /** Which object it describes. */
  readonly of: object
  readonly errors: readonly unknown[] | null
}

/** What is in it begins in this order: its cause, its errors, its properties. */
function encodeWire(writing: Writing, { wire, of, errors }: Written, level: number): Tag {
  const number = writing.enter(of, level)
  const { name, message, code, stack, cause, properties } = wire
  const rest = errors ? without(properties, 'errors') : properties
  writing.size += name.length + message.length + (stack?.length ?? 0) + 50
  const written = {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack }),
    ...(cause ? { cause: encodeCause(writing, cause, level) } : {}),
    ...(errors ? { errors: encodeErrors(writing, errors, level) } : {}),
    ...(rest ? { properties: encodeProperties(writing, rest, level) } : {}),
  }
  writing.end(number, level)
  return writing.tag('error', written)
}

/** undefined where nothing else is in it. */
function without(properties: WireError['properties'], name: string): WireError['properties'] {
  const entries = Object.entries(properties ?? {}).filter(([key]) => key !== name)
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

function encodeCause(writing: Writing, cause: WireError, level: number): Tag {
  writing.place('cause', level)
  writing.count(1)
  return encodeWire(writing, { wire: cause, of: {}, errors: null }, level + 1)
}

/** What was thrown and is no error leaves as one, for the hook to see it. */
function encodeErrors(writing: Writing, errors: readonly unknown[], level: number): unknown[] {
  writing.place('errors', level)
  writing.count(errors.length)
  const ofError = part('error')
  return errors.map((error, i) => {
    ofError.index = i
    return writing.value(asError(error), ofError, level)
  })
}

function encodeProperties(writing: Writing, properties: object, level: number): object {
  const entries = Object.entries(properties)
  writing.place('properties', level)
  writing.count(entries.length)
  return Object.fromEntries(entries.map(([key, value]) => [key, writing.value(value, key, level)]))
}

/** The error that `fields` stand for, as a container of that level. Errors: DS_PROTOCOL, DS_LIMIT. */
export function decodeError(reading: Reading, fields: unknown, level: number): Error {
  if (!isObject(fields)) throw unexpected('an error to be an object', fields)
  const { name, message, code, stack, cause, errors, properties } = fields
  const wire = readWireError({ name, message, code, stack, ran: 'yes' })
  const number = reading.begin(level)
  const error = makeError(wire)
  reading.say(textOf(wire))
  reading.containers[number] = error
  if (cause !== undefined) {
    reading.place('cause', level)
    reading.count(1)
    define(error, 'cause', reading.value(cause, 'cause', level))
  }
  if (errors !== undefined) define(error, 'errors', decodeErrors(reading, errors, level))
  if (properties !== undefined) decodeProperties(reading, { error, properties }, level)
  reading.end(number, level)
  return error
}

/** Characters of its fields. */
function textOf({ name, message, code, stack }: WireError): number {
  return name.length + message.length + (typeof code === 'string' ? code.length : 0) + (stack?.length ?? 0)
}

function decodeErrors(reading: Reading, errors: unknown, level: number): unknown[] {
  reading.place('errors', level)
  if (!Array.isArray(errors)) throw unexpected('"errors" of an error to be an array', errors)
  reading.count(errors.length)
  const ofError = part('error')
  return errors.map((error, i) => {
    ofError.index = i
    return reading.value(error, ofError, level)
  })
}

function decodeProperties(
  reading: Reading,
  { error, properties }: { error: Error; properties: unknown },
  level: number,
): void {
  reading.place('properties', level)
  if (!isObject(properties)) throw unexpected('"properties" of an error to be an object', properties)
  const own = error as unknown as Record<string, unknown>
  for (const [key, property] of Object.entries(properties)) {
    reading.place(key, level)
    reading.count(1)
    reading.say(key.length)
    if (isForbiddenKey(key)) throw reading.refuse('has a reserved name')
    const value = reading.value(property, key, level)
    // nor what every error inherits: `toString`, `valueOf`, ...
    if (!OWN_FIELDS.has(key) && !(key in Error.prototype)) own[key] = value
  }
}

/** No stack of ours is made for it: it did not happen here, and thousands of them take a while. What people see of it is printable. */
function makeError({ name, message, code, stack }: WireError): Error {
  const { stackTraceLimit } = Error
  Reflect.set(Error, 'stackTraceLimit', 0)
  const error =
    name === 'AggregateError' ? new AggregateError([], message) : new (CLASSES.get(name) ?? Error)(message)
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  if (error.name !== name) define(error, 'name', printable(name))
  if (code !== undefined) Object.assign(error, { code })
  if (stack !== undefined) Object.assign(error, { remoteStack: stack })
  return cleanStack(error)
}

/** As the engine defines what an error is made with. */
function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true })
}
