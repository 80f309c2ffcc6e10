/** Placeholder with the final signatures; the implementation is on its way. */
import type { Clock } from '../base/clock.js'
import type { DServiceError } from '../base/errors.js'
import type { State } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import type { Connection } from '../wire/connection.js'
import type { Hello, Outcome } from './messages.js'

/** dnode's api: an object of functions (nested allowed), or a constructor called with the remote and the session. */
export type Api = object | ((this: object, remote: object, conn: unknown) => unknown)

export interface SessionOptions {
  readonly connection: Connection
  readonly clock: Clock
  readonly api: Api
  /** What a constructor api gets as its second argument; the session itself by default. */
  readonly conn?: unknown
  /** What we say of ourselves; null: plain dnode, no dialect, whatever the peer offers. Called when the hello is sent. */
  readonly hello: (() => Hello) | null
  /** Methods of ours beside the api (`$describe`): callable by name, not listed. */
  readonly builtins?: Readonly<Record<string, (...args: never[]) => unknown>>
  /** Asked before each call of the peer: an error refuses it (draining). */
  readonly admit?: () => DServiceError | null
  readonly logger?: Logger
  /** The peer's state, or what it relies on, changed. */
  readonly onChanged?: (state: State, revision: number) => void
  /** The peer broke a rule, and the session lives on (dnode's 'fail'). */
  readonly onFail?: (error: Error) => void
  /** A function of ours threw in a one-way call that nobody can be told of (dnode's 'error'). */
  readonly onError?: (error: Error) => void
}

export interface CallOptions {
  /** Milliseconds until the call ends with DS_TIMEOUT; Infinity: never. */
  readonly timeout: number
}

/** A classic remote object of its own on a shared session. */
export interface View {
  /** dnode's remote: every method is one-way and returns undefined. */
  readonly remote: Record<string, unknown>
  /** Forgets the callbacks that were sent through this view. Twice is fine. */
  release(): void
}

export declare class Session {
  constructor(options: SessionOptions)
  readonly connection: Connection
  /** Resolves when the peer's `methods` row was read; rejects with DS_TIMEOUT, DS_PROTOCOL or DS_DISCONNECTED. */
  readonly ready: Promise<void>
  /** As the connection's: settles once, never rejects. All pending calls have been settled before. */
  readonly closed: Promise<Error | null>
  readonly isClosed: boolean
  /** The peer's hello; null before `ready`, and of a classic peer. */
  readonly hello: Hello | null
  /** dnode's remote, filled in place at `ready`. */
  readonly remote: Record<string, unknown>
  /** The peer's methods by dotted path: `transform`, `users.find`. Empty before `ready`. */
  readonly methods: readonly string[]
  /** Calls of ours without an answer. */
  readonly pending: number
  /** Calls of the peer that run. */
  readonly running: number
  view(): View
  /** Calls a method by dotted path, or a builtin of the peer by its `$name`. Never rejects, never hangs. Dialect peers only. */
  call(method: string, args: readonly unknown[], options: CallOptions): Promise<Outcome>
  /** Tells a dialect peer that our state, or what we rely on, changed. */
  changed(state: State, revision: number): void
  /** Resolves when no call of the peer runs any more (and its answers are handed to the connection), or the session ended. */
  idle(): Promise<void>
  close(): Promise<void>
  destroy(reason: Error): void
}
