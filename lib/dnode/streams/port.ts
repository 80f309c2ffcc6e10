/**
 * The seam between the streams of a session and the session itself.
 *
 *   producer   who has the source: sends items as far as its credit goes
 *   consumer   who reads: grants credit in bytes, and may say stop
 *   item       one value of a stream, as it travels; its size is what `sizeOf` says of that
 *
 *   consumer                              producer
 *   | credit (at the first read) ----------> |   nothing is read of the source before
 *   | <------------ chunk: as far as it goes |
 *   | credit (half of it was consumed) ----> |
 *   | <------------ chunk, end or fail       |   or: stop ------> the source's `finally`
 */
import type { Clock } from '../../base/clock.js'
import type { Logger } from '../../base/logger.js'
import type { Attached, Carried, Payload } from '../values/carried.js'

/** How a stream arrives; `bytes`: as a Readable that is not in object mode. */
export type Form = 'iterable' | 'node' | 'web' | 'bytes'

/** A message about one stream; `id` is the producer's number of it. */
export type StreamMessage =
  /** Items as they travel, each with a count of `ref` tags of its own: those that came, or those that leave. */
  | { readonly type: 'chunk'; readonly id: number; readonly items: Carried | Payload }
  | { readonly type: 'end'; readonly id: number }
  | { readonly type: 'fail'; readonly id: number; readonly error: Error }
  | { readonly type: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly type: 'stop'; readonly id: number; readonly error: Error | null }

/** What the streams need of their session, which owns them. */
export interface StreamPort {
  readonly clock: Clock
  readonly logger: Logger
  /** One value. Shares nothing with the item. Errors: DS_UNSENDABLE, DS_LIMIT. */
  write(item: unknown): Payload
  /** What arrived as an item; it may be changed in place. Errors: DS_PROTOCOL, DS_LIMIT, DS_REF_GONE. */
  read(item: unknown, attached: Attached | undefined): unknown
  /**
   * Queues a message, in order. False: the connection is full, no items should follow before `drained`. Not called after the
   * streams' `end`. Errors: DS_LIMIT, for a chunk that is too long for the peer.
   */
  send(message: StreamMessage): boolean
  /** Keeps the process alive until it is disposed. */
  hold(): Disposable
  /** The peer broke the protocol; the stream has ended for it already. Must not throw. */
  bad(error: Error): void
}
