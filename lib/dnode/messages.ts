/**
 * The one message model. Two codecs turn it into rows: classic (npm's dnode) and dialect (between dservice peers).
 *
 *   reference   a function of one peer in the other's hand, named by an integer of its owner
 *   scrubbed    a list of values with its functions taken out into `callbacks` and its repeats into `links`
 *   hello       what a dservice peer adds to its `methods` row; a classic peer has none
 */
import type { Identity } from '../base/identity.js'
import type { StreamMessage } from './streams/port.js'
import type { Carried } from './values/carried.js'

/** Where a value sits in a scrubbed list: `['0', 'user', 'name']`. Strings on output, numbers too on input. */
export type Path = readonly (string | number)[]

/** A list of values as it travels: JSON, plus where its functions and repeats were. */
export interface Scrubbed {
  readonly arguments: readonly unknown[]
  /** Reference id -> path. */
  readonly callbacks: Readonly<Record<string, Path>>
  readonly links: readonly { readonly from: Path; readonly to: Path }[]
}

/** What a dservice peer says of itself, once, beside its methods. */
export interface Hello {
  /** Version of the dialect: 1. */
  readonly protocol: number
  /** null: a client, which serves nothing under a name. */
  readonly identity: Identity | null
  /** Milliseconds that a call of the sender waits which says nothing else; null: for ever. */
  readonly timeout: number | null
  /** Names of the custom types that the sender reads. */
  readonly types: readonly string[]
  /** The sender's methods that may be run twice, by dotted path. */
  readonly idempotent: readonly string[]
  /** What the sender of this hello accepts; the other side refuses first. */
  readonly limits: {
    readonly row: number
    /** Bytes of a row's attachments; 0: it takes none. */
    readonly attached: number
    readonly pending: number
    readonly depth: number
    readonly nodes: number
  }
}

/** An Error as it travels. Only own enumerable plain data goes along in `properties`. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly code?: string | number
  /** Whether the method ran, as the peer that answers knows it. */
  readonly ran: 'no' | 'maybe' | 'yes'
  readonly properties?: Readonly<Record<string, unknown>>
  readonly cause?: WireError
  /** Only where the owner of the service sends it. */
  readonly stack?: string
}

/** A call as it goes out, its arguments apart. */
export interface OutCall {
  readonly id: number
  /** A method or a function by its number, or a name that begins with `$`. */
  readonly target: string | number
  /** Milliseconds that the caller waits; Infinity: for ever. */
  readonly timeout: number
  /** https://www.w3.org/TR/trace-context/#traceparent-header */
  readonly traceparent?: string | null | undefined
}

export type Message =
  /** The first message of each side: its api, with a reference for each method. */
  | { readonly type: 'methods'; readonly api: Scrubbed; readonly hello: Hello | null }
  /** `id` null: one way, as classic dnode calls. Otherwise an answer or an error with that id comes back. */
  | {
      readonly type: 'call'
      readonly method: string | number
      readonly id: number | null
      readonly values: Scrubbed | Carried
      /** Milliseconds that the caller waits; null: for ever; undefined: as its hello says. */
      readonly timeout?: number | null | undefined
      /** https://www.w3.org/TR/trace-context/#traceparent-header */
      readonly traceparent?: string
    }
  /** The caller waits no longer for the call with that id. */
  | { readonly type: 'cancel'; readonly id: number }
  /** A sign of life is wanted, and given. */
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  | { readonly type: 'answer'; readonly id: number; readonly values: Carried }
  /** These calls returned undefined: the answers to many callbacks at once. */
  | { readonly type: 'done'; readonly ids: readonly number[] }
  /** Calls one after the other, each of what the one before returned; answered with what the last returned. */
  | {
      readonly type: 'pipe'
      readonly id: number
      /** A method, and dotted paths of functions in the results. */
      readonly paths: readonly (string | number)[]
      /** A list of arguments for each. */
      readonly values: Carried
      readonly timeout?: number | null | undefined
      readonly traceparent?: string
    }
  | { readonly type: 'error'; readonly id: number; readonly error: WireError }
  /** The receiver of references forgets them; their owner may too. */
  | { readonly type: 'cull'; readonly ids: readonly number[] }
  /** How often each of these came since it was last released: their owner forgets those that it sent no oftener. */
  | { readonly type: 'release'; readonly counts: readonly number[] }
  /** A signal of the sender aborted. */
  | { readonly type: 'abort'; readonly id: number; readonly values: Carried }
  | StreamMessage
  /** The sender's state, or what it relies on, changed (`revision` counts the latter). */
  | { readonly type: 'changed'; readonly state: Identity['state']; readonly revision: number }

/** What classic rows can say. */
export type ClassicMessage =
  | (Message & { readonly type: 'methods' })
  | (Message & { readonly type: 'cull' })
  | (Message & { readonly type: 'call'; readonly values: Scrubbed })

/** What a dialect row can say; what is said of a stream is written by the streams. */
export type DialectMessage =
  | Exclude<Message, { readonly type: 'methods' } | StreamMessage>
  | { readonly type: 'stream'; readonly row: readonly unknown[] }

/** How a call ended. An expected outcome is a value, so that the caller makes the error, with its own line in the stack. */
export type Outcome =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: Error }
