/** What a session is made with, and what it gives. */
import type { Cancellation } from '../base/cancellation.js'
import type { Clock } from '../base/clock.js'
import type { DServiceError } from '../base/errors.js'
import type { State } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import type { Heart } from './liveness.js'
import type { Hello } from './messages.js'
import type { Exports } from './refs/exports.js'
import type { Imports } from './refs/imports.js'
import type { CustomTypes } from './values/custom.js'
import type { Redact } from './redact.js'
import type { ServeHook } from './serve-hook.js'

/** dnode's api: an object of functions (nested allowed), or a constructor called with the remote and the session. */
export type Api = object | ((this: object, remote: object, conn: unknown) => unknown)

/** What a session is made with beside its connection: sessions may share it. Only the clock, api and hello are needed. */
export interface SessionOptions {
  readonly clock: Clock
  readonly api: Api
  /** What a constructor api gets as its second argument; the session itself by default. */
  readonly conn?: unknown
  /** What we say of ourselves; null: plain dnode, no dialect, whatever the peer offers. Called when the hello is sent. */
  readonly hello: (() => Hello) | null
  /** Milliseconds until the peer's `methods` row must be there. Default: DEFAULTS.helloTimeout; Infinity: never. */
  readonly helloTimeout?: number
  /** Methods of ours beside the api (`$describe`): callable by name, not listed. */
  readonly builtins?: Readonly<Record<string, (...args: never[]) => unknown>>
  /**
   * Asked before each call of an api method: an error refuses it (draining). Builtins, and callbacks that we sent,
   * are not asked about: what still runs needs them.
   */
  readonly admit?: () => DServiceError | null
  /** Around each call of an api method, the first one outermost; null: nothing is. */
  readonly serve?: readonly ServeHook[] | null
  /** Has a say in what leaves of an Error; null: its text and its properties do, its stack does not. */
  readonly redact?: Redact | null
  readonly logger?: Logger
  /** Classes of the user's that travel by value. */
  readonly types?: CustomTypes | null
  /** Holds the process while somebody waits for the peer beside calls: for an item of a stream, the answer of a callback. */
  readonly keepAlive?: { hold(): void; release(): void }
  /** Watches whether a dialect peer lives; without it nobody does. */
  readonly heart?: Heart
  /** The peer's `methods` row was read, or a later one: `remote` is filled. Called before any later row is handled. */
  readonly onRemote?: () => void
  /** The peer's state, or what it relies on, changed. */
  readonly onChanged?: (state: State, revision: number) => void
  /** The peer broke a rule, and the session lives on (dnode's 'fail'). */
  readonly onFail?: (error: Error) => void
  /** A function of ours threw in a one-way call that nobody can be told of (dnode's 'error'). */
  readonly onError?: (error: Error) => void
  /** A method of ours gave an answer that it must not give; its caller was told as well. */
  readonly onFault?: (error: Error, method: string) => void
}

/** The tables of a session, and its two halves: what a classic program finds at `d.proto`. */
export interface Parts {
  readonly exports: Exports
  readonly imports: Imports
  readonly inbox: { row(row: unknown): void }
  readonly writer: {
    oneWay(method: string | number, args: readonly unknown[], view: null): void
    cull(ids: readonly number[]): void
    flush(): void
  }
}

export interface CallOptions {
  /** Milliseconds until the call ends with DS_TIMEOUT, here and for the method; Infinity: never. */
  readonly timeout: number
  /** Ends the call with DS_CANCELLED, and tells the method. */
  readonly cancellation?: Cancellation | undefined
  /** W3C trace context that goes along. */
  readonly traceparent?: string | null
}

/** A classic remote object of its own on a shared session. */
export interface View {
  /** dnode's remote: every method is one-way and returns undefined. */
  readonly remote: Record<string, unknown>
  /** Forgets the callbacks that were sent through this view. Twice is fine. */
  release(): void
}
