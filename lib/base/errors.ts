/**
 * Every failure of the library: one class, a factory per code. The codes are stable; docs/errors.md lists them,
 * and a test holds the two together.
 */

/** Whether the method ran: `no` means that the call may safely be made again. */
export type Ran = 'no' | 'maybe' | 'yes'

export type Code =
  | 'DS_NO_INSTANCE'
  | 'DS_UNREACHABLE'
  | 'DS_REFUSED'
  | 'DS_NO_METHOD'
  | 'DS_INVALID'
  | 'DS_UNSENDABLE'
  | 'DS_FORBIDDEN'
  | 'DS_AUTH'
  | 'DS_TIMEOUT'
  | 'DS_CANCELLED'
  | 'DS_DISCONNECTED'
  | 'DS_REF_GONE'
  | 'DS_CLOSED'
  | 'DS_LIMIT'
  | 'DS_PROTOCOL'
  | 'DS_LISTEN'
  | 'DS_ENGINE'
  | 'DS_INSECURE'
  | 'DS_CYCLE'

/** What an error is made of. */
export interface Failure {
  /** What was expected and what came, as a sentence without its full stop. */
  readonly summary: string
  /** What to do about it, as a sentence without its full stop. */
  readonly hint?: string | undefined
  readonly ran?: Ran | undefined
  readonly cause?: unknown
  /** Plain data for programs: `known`, `path`, `tries`, … They become the error's `details`. */
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

/** The one error class. Programs decide by `code` and `ran`, people read `message`. */
export class DServiceError extends Error {
  override readonly name: string = 'DServiceError'
  /** Stable: docs/errors.md lists them all. */
  readonly code: Code
  /** Whether the method ran, so whether the call may be made again; null where no call was involved. */
  readonly ran: Ran | null
  /** What was expected and what came: the first sentence of `message`, without its full stop. */
  readonly summary: string
  /** What to do about it: the second sentence of `message`; null where there is nothing to say. */
  readonly hint: string | null
  /** The stack in the service, where its owner sends stacks. */
  declare readonly remoteStack?: string
  /** Plain data for programs, by code: `known`, `path`, `tries`, … */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: Code, failure: Failure) {
    const { summary, hint, cause } = failure
    super(textOf(summary, hint), cause === undefined ? undefined : { cause })
    this.code = code
    this.ran = failure.ran ?? null
    this.summary = summary
    this.hint = hint ?? null
    this.details = Object.freeze({ ...failure.details })
  }
}

/** Two sentences; the summary may quote an error that ends with a mark of its own. */
function textOf(summary: string, hint: string | undefined): string {
  if (!hint) return summary
  const stop = /[.?!…]$/.test(summary) ? '' : '.'
  return `${summary}${stop} ${hint.charAt(0).toUpperCase()}${hint.slice(1)}`
}

/** True for every error of ours, also across two copies of the package. */
export function isDServiceError(value: unknown): value is DServiceError {
  return value instanceof Error && typeof (value as { code?: unknown }).code === 'string'
    ? (value as DServiceError).code.startsWith('DS_')
    : false
}

/** What a remote method threw, where it is none of ours: an Error of the same name, message and plain properties. */
export interface RemoteError extends Error {
  /** Whether the method ran: `yes` where it threw, `no` where a hook before it did. */
  readonly ran: Ran
  /** The one that the method gave it. */
  readonly code?: string | number
  /** The stack in the service, where its owner sends stacks. */
  readonly remoteStack?: string
}

/** True for an error that came from a remote method and is none of ours; those are `isDServiceError`. */
export function isRemoteError(value: unknown): value is RemoteError {
  if (!isError(value) || isDServiceError(value)) return false
  const { ran } = value as { ran?: unknown }
  return ran === 'yes' || ran === 'no' || ran === 'maybe'
}

/** True for an Error; false also for what throws when it is asked, as a revoked proxy does. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error
  } catch {
    return false
  }
}

/** The text of anything that was thrown: an Error's message, else the thing itself. Never throws. */
export function reasonOf(thrown: unknown): string {
  try {
    if (thrown instanceof AggregateError && thrown.message === '')
      return thrown.errors.map(reasonOf).join('; ')
    return thrown instanceof Error ? `${thrown.message}` : String(thrown)
  } catch {
    // no prototype, or a getter or toString that throws
    return `something of type ${typeof thrown} that has no text`
  }
}

/** The same of an error of ours without its hint, which is for another place than the one that quotes it. Never throws. */
export function summaryOf(thrown: unknown): string {
  return isError(thrown) && thrown instanceof DServiceError ? thrown.summary : reasonOf(thrown)
}

/** Whatever was thrown, as an Error. Never throws; reading the `message` of what it answers may: that is what `reasonOf` is for. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(reasonOf(thrown))
}

type Make = (failure: Failure) => DServiceError

/** A factory for a code, with the answer to "did it run?" that the code usually has. */
function factory(code: Code, ran: Ran | null): Make {
  return (failure) => new DServiceError(code, ran === null ? failure : { ran, ...failure })
}

/** Nothing in range is live. `details.live`: what is, and why each was passed over. */
export const noInstance: Make = factory('DS_NO_INSTANCE', 'no')
/** Announced, but no connection came about. `details.tries`: address and reason of each. */
export const unreachable: Make = factory('DS_UNREACHABLE', 'no')
/** The peer is draining or over a limit of its own. */
export const refused: Make = factory('DS_REFUSED', 'no')
/** The service has no such method. `details.known`, `details.near`. */
export const noMethod: Make = factory('DS_NO_METHOD', 'no')
/** A name, version, range, api, option or argument that cannot be. */
export const invalid: Make = factory('DS_INVALID', 'no')
/** A value that cannot travel. `details.path` says which: `arguments[0].user.socket`. */
export const unsendable: Make = factory('DS_UNSENDABLE', 'no')
/** An access rule said no. */
export const forbidden: Make = factory('DS_FORBIDDEN', 'no')
/** The key or the certificate did not fit. */
export const auth: Make = factory('DS_AUTH', 'no')
/** The deadline passed. */
export const timeout: Make = factory('DS_TIMEOUT', 'maybe')
/** The caller's signal was aborted. */
export const cancelled: Make = factory('DS_CANCELLED', 'maybe')
/** The connection ended before the answer came. */
export const disconnected: Make = factory('DS_DISCONNECTED', 'maybe')
/** An object reference outlived its session. */
export const refGone: Make = factory('DS_REF_GONE', 'no')
/** The object was stopped. */
export const closed: Make = factory('DS_CLOSED', 'no')
/** Too big, too deep or too many. */
export const limit: Make = factory('DS_LIMIT', 'no')
/** Not the protocol. */
export const protocol: Make = factory('DS_PROTOCOL', 'no')
/** The port or the multicast group is not to be had. */
export const listen: Make = factory('DS_LISTEN', null)
/** The engine is missing or down. */
export const engine: Make = factory('DS_ENGINE', null)
/** Wider than this machine without a key. */
export const insecure: Make = factory('DS_INSECURE', null)
/** Required dependencies form a cycle. `details.path`: the nodes, first and last the same. */
export const cycle: Make = factory('DS_CYCLE', null)
