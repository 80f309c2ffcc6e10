/** What of an error leaves: its text and its plain properties, unless the owner has a say. Its stack stays at home. */
import { invalid, isError, toError, type Ran } from '../base/errors.js'
import type { Identity } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import { isThenable } from './answers.js'
import { isObject } from './check.js'
import type { WireError } from './messages.js'
import { CAUSES, NAME, plainProperties, STACK, writeWireError } from './wire-error.js'

/** An error as it is about to leave. */
export interface SentError {
  readonly name: string
  readonly message: string
  readonly code?: string | number
  /** Own properties that are plain data. */
  readonly properties?: Readonly<Record<string, unknown>>
  readonly cause?: SentError
  /** Never there by itself. At most 8 000 characters of it are sent. */
  readonly stack?: string
}

/** Which error it is, and to whom it goes. */
export interface Leaving {
  /** What was thrown. */
  readonly error: unknown
  /** Who called, as its hello says, which proves nothing; null: a client without a name, or nobody known yet. */
  readonly caller: Identity | null
}

/**
 * Answers what leaves instead of `sent`: less, other, or more than it. Called for every error that is answered, handed to a
 * function of the peer, or part of what is sent. Where it throws, or answers with no error, one that says nothing leaves.
 */
export type Redact = (sent: SentError, about: Leaving) => SentError

/** How one session writes its errors. */
export interface ErrorWriter {
  /** The error of a call. Never throws. */
  write(thrown: unknown, ran: Ran): WireError
  /** What stands for an Error among values; null: its text and its own properties. Never throws. */
  readonly value: ((error: Error) => object) | null
}

/** Shared by all sessions whose owner has no say. */
const PLAIN: ErrorWriter = Object.freeze({ write: writeWireError, value: null })

/** How errors leave a session. `caller`: to whom. */
export function errorsOf(
  { redact, logger }: { readonly redact?: Redact | null; readonly logger?: Logger },
  caller: () => Identity | null,
): ErrorWriter {
  if (!redact) return PLAIN
  const write = (error: unknown, ran: Ran): WireError => {
    try {
      const { ran: _ran, ...sent } = writeWireError(error, ran)
      return checked(redact(sent, { error, caller: caller() }), ran, CAUSES)
    } catch (failure) {
      logger?.error({ error: toError(failure) }, 'redact failed: the error leaves without its text')
      return { name: 'Error', message: 'an error that is not shown', ran }
    }
  }
  return { write, value: (error) => asValue(write(error, 'yes')) }
}

/** What an owner's function answered is checked as if it came from outside. Errors: DS_INVALID. */
function checked(sent: unknown, ran: Ran, causes: number): WireError {
  if (!isObject(sent)) throw noError()
  if (isThenable(sent)) throw noPromise(sent)
  const { name, message, code, cause } = sent
  if (typeof name !== 'string' || typeof message !== 'string') throw noError()
  // an Error that is given back whole has a stack and properties that nobody chose to send
  const { properties, stack } = isError(sent) ? {} : sent
  const plain = isObject(properties) ? plainProperties(properties) : null
  const isCode = typeof code === 'string' || typeof code === 'number'
  return {
    name: name.slice(0, NAME),
    message,
    ...(isCode ? { code: typeof code === 'string' ? code.slice(0, NAME) : code } : {}),
    ran,
    ...(plain ? { properties: plain } : {}),
    ...(cause !== undefined && causes > 0 ? { cause: checked(cause, 'yes', causes - 1) } : {}),
    ...(typeof stack === 'string' ? { stack: stack.slice(0, STACK) } : {}),
  }
}

function noError(): Error {
  return invalid({
    summary: 'redact answered with something that is no error',
    hint: 'answer with what it was given, or with { name, message }',
  })
}

/** Nobody waits for it, so that its rejection must not end the process. */
function noPromise(sent: unknown): Error {
  const nothing = (): void => undefined
  void Promise.resolve(sent).then(nothing, nothing)
  return invalid({
    summary: 'redact answered with a promise',
    hint: 'it must answer at once: the error is about to leave',
  })
}

/** As classic peers get it: one flat object. */
function asValue({ name, message, code, properties, stack }: WireError): object {
  return {
    ...properties,
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(stack ? { stack } : {}),
  }
}
