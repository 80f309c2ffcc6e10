/** Errors <-> what travels of them. Stacks stay at home. */
import { DServiceError, isError, reasonOf, type Code, type Ran } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import { isObject, unexpected, type Fields } from './check.js'
import type { WireError } from './messages.js'
import { isForbiddenKey, scrub } from './scrub.js'

/** Causes of causes that travel. */
const CAUSES = 8

/** Characters of a name or code that travel. */
const NAME = 200

/** Properties that travel by a field of their own, or not at all. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['name', 'message', 'code', 'stack', 'cause', 'ran', 'then'])

/** Whatever was thrown, as it travels. Never throws, whatever the error's getters do. */
export function writeWireError(thrown: unknown, ran: Ran): WireError {
  try {
    return describe(thrown, ran, CAUSES)
  } catch (error) {
    return { name: 'Error', message: `an error that cannot be described: ${reasonOf(error)}`, ran }
  }
}

/** Whatever a method threw, as an Error with the text that travels of it. Never throws. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(writeWireError(thrown, 'yes').message)
}

/** The same without what may be long. */
export function shorten({ name, message, code, ran }: WireError): WireError {
  return { name, message: message.slice(0, 1000), ...(code === undefined ? {} : { code }), ran }
}

function describe(thrown: unknown, ran: Ran, causes: number): WireError {
  if (typeof thrown !== 'object' || thrown === null) return { name: 'Error', message: String(thrown), ran }
  const { name, message, code, cause } = thrown as Fields
  const properties = plainProperties(thrown)
  return {
    name: typeof name === 'string' ? name.slice(0, NAME) : 'Error',
    message: typeof message === 'string' ? message : `a thrown ${thrown.constructor?.name ?? 'object'}`,
    ...(typeof code === 'number' ? { code } : {}),
    ...(typeof code === 'string' ? { code: code.slice(0, NAME) } : {}),
    ran,
    ...(properties ? { properties } : {}),
    ...(cause !== undefined && causes > 0 ? { cause: describe(cause, 'yes', causes - 1) } : {}),
  }
}

/** Own enumerable properties that are plain data; the others are left out. */
function plainProperties(thrown: object): Record<string, unknown> | null {
  const properties: Record<string, unknown> = {}
  for (const key of Object.keys(thrown)) {
    if (OWN_FIELDS.has(key) || isForbiddenKey(key)) continue
    const copy = plainCopy(() => (thrown as Fields)[key])
    if (copy !== undefined) properties[key] = copy
  }
  return Object.keys(properties).length > 0 ? properties : null
}

function plainCopy(get: () => unknown): unknown {
  try {
    const value = get()
    if (value === undefined) return undefined
    const { arguments: copy, links } = scrub([value], { exports: null, limits: LIMITS, root: 'result' })
    return links.length > 0 ? undefined : copy[0]
  } catch (error) {
    return void error // not plain data: the error travels without it
  }
}

/** Checks what stands for an error. Errors: DS_PROTOCOL. */
export function readWireError(value: unknown, causes: number = CAUSES): WireError {
  if (!isObject(value)) throw unexpected('an error to be an object', value)
  const { name, message, code, ran, properties, cause } = value
  if (typeof name !== 'string') throw unexpected('the "name" of an error to be a text', name)
  if (typeof message !== 'string') throw unexpected('the "message" of an error to be a text', message)
  if (ran !== 'no' && ran !== 'maybe' && ran !== 'yes') throw unexpected('"ran" to be no, maybe or yes', ran)
  if (code !== undefined && typeof code !== 'string' && typeof code !== 'number') {
    throw unexpected('the "code" of an error to be a text or a number', code)
  }
  if (properties !== undefined && !isObject(properties))
    throw unexpected('"properties" to be an object', properties)
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ran,
    ...(properties === undefined ? {} : { properties }),
    ...(cause !== undefined && causes > 0 ? { cause: readWireError(cause, causes - 1) } : {}),
  }
}

/** What a peer can say of a call by itself. Any other code of ours is about what its method met: it is no error of this call. */
const BELIEVED: ReadonlySet<unknown> = new Set<Code>([
  'DS_REFUSED',
  'DS_NO_METHOD',
  'DS_LIMIT',
  'DS_PROTOCOL',
  'DS_UNSENDABLE',
  'DS_INVALID',
])

/**
 * The error for the caller: a DServiceError where the peer can mean its code, else an Error with the name and code it
 * had, which only a method that ran can have thrown.
 */
export function toCallersError(wire: WireError): Error {
  const cause = wire.cause && toCallersError(wire.cause)
  if (BELIEVED.has(wire.code)) return toOurs(wire, cause)
  const error = new Error(wire.message, cause && { cause })
  Object.defineProperty(error, 'name', { value: wire.name, configurable: true, writable: true })
  const own = error as unknown as Record<string, unknown>
  for (const [key, value] of Object.entries(wire.properties ?? {})) {
    // nor what every error inherits: `toString`, `valueOf`, `__proto__`, ...
    if (!OWN_FIELDS.has(key) && !(key in Error.prototype)) own[key] = value
  }
  if (wire.code !== undefined) own['code'] = wire.code
  own['ran'] = wire.ran === 'maybe' ? 'maybe' : 'yes'
  return error
}

function toOurs({ code, message, ran, properties }: WireError, cause: Error | undefined): DServiceError {
  const { summary, hint, details } = properties ?? {}
  const isWhole = typeof summary === 'string' && typeof hint === 'string'
  return new DServiceError(code as Code, {
    summary: isWhole ? summary : message,
    hint: isWhole ? hint : undefined,
    ran,
    cause,
    details: isObject(details) ? details : undefined,
  })
}
