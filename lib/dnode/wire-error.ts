/** Errors <-> what travels of them. Stacks stay at home unless their owner sends them. */
import { DServiceError, isError, reasonOf, type Code, type Ran } from '../base/errors.js'
import { cleanStack, printable } from '../base/stack.js'
import { LIMITS } from '../base/options.js'
import { isObject, unexpected, type Fields } from './check.js'
import { OWN_FIELDS, Room } from './error-room.js'
import type { WireError } from './messages.js'

/** Causes of causes that travel. */
export const CAUSES: number = 8

/** Characters of a name or code that travel. */
export const NAME: number = 200

/** Characters of a stack that travel, and that are believed. */
export const STACK: number = 8_000

/** Whatever was thrown, as it travels, as far as there is room. Never throws, whatever the error's getters do. */
export function writeWireError(
  thrown: unknown,
  ran: Ran,
  room: Room = new Room({ depth: LIMITS.depth, nodes: LIMITS.nodes, row: LIMITS.row }),
): WireError {
  try {
    room.enter()
    return describe({ thrown, ran, level: 0 }, room)
  } catch (error) {
    return { name: 'Error', message: room.cut(`an error that cannot be described: ${reasonOf(error)}`), ran }
  }
}

/** A code as it may travel; undefined: none. A number that JSON has no way to say would arrive as a rule that was broken. */
export function codeOf(code: unknown): string | number | undefined {
  if (typeof code === 'string') return code.slice(0, NAME)
  return Number.isFinite(code) ? (code as number) : undefined
}

/** Whatever a method threw, as an Error with the text that travels of it. Never throws. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(writeWireError(thrown, 'yes').message)
}

/** The same without what may be long. */
export function shorten({ name, message, code, ran }: WireError): WireError {
  return { name, message: message.slice(0, 1000), ...(code === undefined ? {} : { code }), ran }
}

/** `level`: errors that this one is the cause of. */
function describe(
  { thrown, ran, level }: { thrown: unknown; ran: Ran; level: number },
  room: Room,
): WireError {
  if (typeof thrown !== 'object' || thrown === null) {
    return { name: 'Error', message: room.cut(String(thrown)), ran }
  }
  const { name, message, code: given, cause } = thrown as Fields
  const code = codeOf(given)
  const text = typeof message === 'string' ? message : `a thrown ${thrown.constructor?.name ?? 'object'}`
  // in this order: what comes last finds least room
  const head = { name: room.cut(typeof name === 'string' ? name : 'Error', NAME), message: room.cut(text) }
  const properties = room.properties(thrown, level)
  const hasCause = cause !== undefined && level < CAUSES && room.enter()
  return {
    ...head,
    ...(code === undefined ? {} : { code }),
    ran,
    ...(properties ? { properties } : {}),
    ...(hasCause ? { cause: describe({ thrown: cause, ran: 'yes', level: level + 1 }, room) } : {}),
  }
}

/** Checks what stands for an error. Errors: DS_PROTOCOL. */
export function readWireError(value: unknown, causes: number = CAUSES): WireError {
  if (!isObject(value)) throw unexpected('an error to be an object', value)
  const { name, message, code, ran, properties, cause, stack } = value
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
    ...(typeof stack === 'string' ? { stack: printable(stack.slice(0, STACK)) } : {}),
  }
}

/**
 * What a code of ours means when a peer sends it. `own`: the peer can mean it of the call itself. `met`: only the method can have
 * met it, in a call or a start of its own.
 */
const MEANING: ReadonlyMap<unknown, 'own' | 'met'> = new Map(
  Object.entries({
    DS_REFUSED: 'own',
    DS_NO_METHOD: 'own',
    DS_LIMIT: 'own',
    DS_PROTOCOL: 'own',
    DS_UNSENDABLE: 'own',
    DS_INVALID: 'own',
    DS_FORBIDDEN: 'own',
    DS_AUTH: 'met',
    DS_NO_INSTANCE: 'met',
    DS_UNREACHABLE: 'met',
    DS_TIMEOUT: 'met',
    DS_CANCELLED: 'met',
    DS_DISCONNECTED: 'met',
    DS_REF_GONE: 'met',
    DS_CLOSED: 'met',
    DS_LISTEN: 'met',
    DS_ENGINE: 'met',
    DS_INSECURE: 'met',
    DS_CYCLE: 'met',
  } satisfies Record<Code, 'own' | 'met'>),
)

/**
 * The error for the caller: a DServiceError where its code is one of ours, else an Error with the name and code it had.
 * `remoteStack` is the stack that the peer sent. The message is the peer's, character by character; what people are shown of it
 * by way of a stack is printable.
 */
export function toCallersError(wire: WireError): Error {
  const cause = wire.cause && asCause(toCallersError(wire.cause))
  const ran = believed(wire)
  const error = MEANING.has(wire.code) ? toOurs(wire, ran, cause) : toPlain(wire, ran, cause)
  if (wire.stack !== undefined) {
    Object.defineProperty(error, 'remoteStack', { value: wire.stack, enumerable: true, configurable: true })
  }
  return cleanStack(error)
}

/** A cause came about elsewhere: what would be printed of it are lines of ours that read it. */
function asCause(error: Error): Error {
  const stack = printable(`${error.name}: ${error.message}`)
  return Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true })
}

/**
 * The peer alone knows whether the method ran; but a code of ours that it cannot mean of this call tells of another one, and so
 * may its `no`: it never says that this call may be made again.
 */
function believed({ code, ran }: WireError): Ran {
  const isOurs = typeof code === 'string' && code.startsWith('DS_')
  return ran === 'no' && isOurs && MEANING.get(code) !== 'own' ? 'maybe' : ran
}

function toPlain(wire: WireError, ran: Ran, cause: Error | undefined): Error {
  const error = new Error(wire.message, cause && { cause })
  Object.defineProperty(error, 'name', {
    // shown beside the stack, and no program needs what is cleaned away here
    value: printable(wire.name),
    configurable: true,
    writable: true,
  })
  const own = error as unknown as Record<string, unknown>
  for (const [key, value] of Object.entries(wire.properties ?? {})) {
    // nor what every error inherits: `toString`, `valueOf`, `__proto__`, ...
    if (!OWN_FIELDS.has(key) && !(key in Error.prototype)) own[key] = value
  }
  if (wire.code !== undefined) own['code'] = wire.code
  own['ran'] = ran
  return error
}

function toOurs({ code, message, properties }: WireError, ran: Ran, cause: Error | undefined): DServiceError {
  const { summary, hint, details } = properties ?? {}
  const isWhole = typeof summary === 'string' && (typeof hint === 'string' || hint === null)
  return new DServiceError(code as Code, {
    summary: isWhole ? summary : message,
    hint: isWhole ? (hint ?? undefined) : undefined,
    ran,
    cause,
    details: isObject(details) ? details : undefined,
  })
}
