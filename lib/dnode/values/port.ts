/** What travels beside plain data needs somebody to look after it: the session, as the values' codec sees it. */
import type { WireError } from '../messages.js'

export type AnyFunction = (...args: never[]) => unknown

/** What a receiver accepts of one message. */
export interface ValueLimits {
  readonly depth: number
  /** Counted on the expanded tree. */
  readonly nodes: number
}

/** The form in which a stream arrives; `bytes`: a Readable that is not in object mode. */
export type StreamForm = 'iterable' | 'node' | 'web' | 'bytes'

/**
 * Who gives numbers to what is not data. Each is called once for each place in which the thing is found, in order; when the
 * message cannot be sent after all, `undo` takes back everything since the last `begin`.
 */
export interface Outgoing {
  /** A message begins. */
  begin(): void
  undo(): void
  /** `['function', id]`, or `['yours', id]` for one that the receiver sent. Errors: DS_LIMIT. */
  function(run: AnyFunction): readonly [kind: 'function' | 'yours', id: number]
  /** The number under which this stream is offered. Errors: DS_LIMIT; a stream that was read or sent before: DS_UNSENDABLE. */
  stream(source: object, form: StreamForm): number
  /** The number of a signal that may still abort. Errors: DS_LIMIT. */
  signal(signal: AbortSignal): number
  /** An Error, past the redact hook. Never throws. */
  error(error: Error): WireError
}

/** Who makes what is not data of its number. Whatever a peer may say, these throw only errors of ours: DS_PROTOCOL, DS_LIMIT. */
export interface Incoming {
  /** A function of the peer; the same number is the same function. */
  function(id: number): AnyFunction
  /** A function of ours on its way back. Errors: DS_REF_GONE where we have forgotten it. */
  yours(id: number): AnyFunction
  stream(id: number, form: StreamForm): object
  signal(id: number): AbortSignal
}

/** A class of the user's that travels by value under a name that both peers know. */
export interface CustomType<T = unknown, D = unknown> {
  /** On the wire, and in the hello: 1 to 64 characters of a-z, A-Z, 0-9, `.`, `-`, `_`. */
  readonly name: string
  /** Asked for objects of classes, before anything else is. */
  is(value: unknown): value is T
  /** What travels instead: any value that travels. */
  write(value: T): D
  /** Gets what arrived, checks it, and may throw: the message is refused then. */
  read(data: D): T
}
