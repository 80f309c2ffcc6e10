/** What of an error leaves: its text and its plain properties, unless the owner has a say. Its stack stays at home. */
import { invalid, isError, toError, type Ran } from '../base/errors.js'
import type { Identity } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import { isThenable } from './answers.js'
import { isObject } from './check.js'
import { Room } from './error-room.js'
import type { Hello, WireError } from './messages.js'
import { CLASSIC_LIMITS, type ValueLimits } from './scrub.js'
import { CAUSES, codeOf, NAME, STACK, writeWireError } from './wire-error.js'

/** Errors in the properties of one that an owner is asked about. */
const INNER = 1_000

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
  /** The error of a call, within what the peer takes. Never throws. */
  write(thrown: unknown, ran: Ran, limits: ValueLimits): WireError
  /** What stands for an Error among values; null: its text and its own properties. Never throws. */
  readonly value: ((error: Error) => object) | null
}

/** Shared by all sessions whose owner has no say. */
const PLAIN: ErrorWriter = Object.freeze({
  write: (thrown: unknown, ran: Ran, limits: ValueLimits) => writeWireError(thrown, ran, new Room(limits)),
  value: null,
})

/** How errors leave a session. `peer`: to whom; null: a classic one, undefined: nobody known yet. */
export function errorsOf(
  { redact, logger }: { readonly redact?: Redact | null; readonly logger?: Logger },
  peer: () => Hello | null | undefined,
): ErrorWriter {
  if (!redact) return PLAIN
  const leave = (error: unknown, ran: Ran, to: Leave): WireError => {
    try {
      const { ran: _ran, ...sent } = writeWireError(error, ran, to.room)
      const answer = redact(sent, { error, caller: peer()?.identity ?? null })
      return checked({ sent: answer, ran, level: 0 }, new Room(to.limits))
    } catch (failure) {
      logger?.error({ error: toError(failure) }, 'redact failed: the error leaves without its text')
      return { name: 'Error', message: 'an error that is not shown', ran }
    }
  }
  const write: ErrorWriter['write'] = (error, ran, limits) => {
    const within: unknown[] = [error]
    let asked = 0
    // one that is in itself is left out, as any cycle is
    const inner = (found: Error): object => {
      if (within.includes(found) || within.length > CAUSES || ++asked > INNER) throw cyclic()
      within.push(found)
      const written = asValue(leave(found, 'yes', { room, limits }))
      within.pop()
      return written
    }
    const room = new Room(limits, inner)
    return leave(error, ran, { room, limits })
  }
  const limits = (): ValueLimits => peer()?.limits ?? CLASSIC_LIMITS
  return { write, value: (error) => asValue(write(error, 'yes', limits())) }
}

/** What one error is written into, and what the peer takes. */
interface Leave {
  readonly room: Room
  readonly limits: ValueLimits
}

/** What an owner's function answered is checked as if it came from outside. Errors: DS_INVALID. */
function checked({ sent, ran, level }: { sent: unknown; ran: Ran; level: number }, room: Room): WireError {
  if (!isObject(sent)) throw noError()
  if (isThenable(sent)) throw noPromise(sent)
  const { name, message, code: given, cause } = sent
  if (typeof name !== 'string' || typeof message !== 'string') throw noError()
  // an Error that is given back whole has a stack and properties that nobody chose to send
  const { properties, stack } = isError(sent) ? {} : sent
  const code = codeOf(given)
  const head = { name: room.cut(name, NAME), message: room.cut(message) }
  const plain = isObject(properties) ? room.properties(properties, level) : null
  const hasCause = cause !== undefined && level < CAUSES && room.enter()
  return {
    ...head,
    ...(code === undefined ? {} : { code }),
    ran,
    ...(plain ? { properties: plain } : {}),
    ...(hasCause ? { cause: checked({ sent: cause, ran: 'yes', level: level + 1 }, room) } : {}),
    ...(typeof stack === 'string' ? { stack: room.cut(stack, STACK) } : {}),
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

function cyclic(): Error {
  return invalid({ summary: 'an error is part of itself, or of too many others' })
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
