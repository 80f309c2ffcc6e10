/** A stream that a peer produces: what has come of it, and what it may still send. */
import { protocol, toError } from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import type { Carried } from '../values/carried.js'
import type { StreamMessage, StreamPort } from './port.js'
import { Queue } from './queue.js'
import { sizeOf } from './size.js'

/** What `take` answers when nothing is there; any value may be an item. */
export const NOTHING: unique symbol = Symbol('nothing')

/** Who reads: an iterator, a Readable or a Web stream. */
export interface Reader {
  /** An item is there, or the end: what was waited for. */
  more(): void
}

/** The table that an incoming stream is in. */
export interface Consuming {
  readonly port: StreamPort
  /** Passes on; does nothing after the session's end. */
  send(message: StreamMessage): void
  /** A read waits, so that the stream is held; or none does any more. */
  waits(incoming: Incoming): void
  rests(incoming: Incoming): void
  /** Nothing more is expected of the peer. */
  forget(id: number, direction: 'incoming'): void
}

/**
 * Owned by its reader, which alone holds it while no read waits: the table has it by a weak reference, so that a stream which
 * its user has dropped is collected with all that is buffered, and the producer is told.
 *
 * Bytes that the peer may send + those that wait + those that were read since the last grant = the window.
 */
export class Incoming {
  readonly id: number
  readonly #owner: Consuming
  #items: Queue<unknown> | null = null
  #sizes: Queue<number> | null = null
  /** What the peer may send; below 0 where an item was larger than the rest. */
  #allowed = 0
  #consumed = 0
  #isGranted = false
  #isOver = false
  #error: Error | null = null
  /** Set while it waits: it holds the reader, which its user may have let go. */
  #reader: Reader | null = null

  constructor(id: number, owner: Consuming) {
    this.id = id
    this.#owner = owner
  }

  /** No item comes any more; those that wait are still to be taken. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Why it is over; null: in order. */
  get error(): Error | null {
    return this.#error
  }

  /** The next item. The first time it is asked the peer is asked to begin. */
  take(): unknown {
    if (!this.#items?.size) {
      if (!this.#isGranted && !this.#isOver) this.#grant(LIMITS.window)
      return NOTHING
    }
    const item = this.#items.shift()
    this.#consumed += this.#sizes?.shift() ?? 0
    if (this.#consumed * 2 >= LIMITS.window && !this.#isOver) this.#grant(this.#consumed)
    return item
  }

  /** Calls `reader.more` once, when there is something. Nothing is there now, and it is not over. */
  wait(reader: Reader): void {
    if (this.#reader === null) this.#owner.waits(this)
    this.#reader = reader
  }

  /** The reader wants no more. Twice is fine, and so is after the end. */
  stop(error: Error | null): void {
    this.#items = this.#sizes = null
    if (this.#reader !== null) this.#owner.rests(this)
    this.#reader = null
    if (this.#isOver) return
    this.#close(null)
    this.#owner.send({ type: 'stop', id: this.id, error })
  }

  /** The peer sent what cannot be: it is told to stop, and the reader why. */
  broken(error: Error): void {
    if (this.#isOver) return
    this.#close(error)
    this.#owner.send({ type: 'stop', id: this.id, error })
    this.#owner.port.bad(error)
    this.#wake()
  }

  /** The peer is done, or the session is. */
  finish(error: Error | null): void {
    if (this.#isOver) return
    this.#close(error)
    this.#wake()
  }

  /** A chunk came. */
  receive({ values, attached }: Carried): void {
    for (let i = 0; i < values.length; i++) {
      if (this.#allowed <= 0) return this.broken(beyondCredit(this.id))
      // before it is read, which may change it in place
      const size = sizeOf(values[i])
      const before = attached ? attached.taken : 0
      let item: unknown
      try {
        item = this.#owner.port.read(values[i], attached)
      } catch (error) {
        return this.broken(toError(error))
      }
      this.#add(item, attached ? size + attached.taken - before : size)
    }
    if (values.length > 0) this.#wake()
  }

  /** A failure that nobody listens for. */
  unheard(error: Error): void {
    this.#owner.port.logger.warn(
      { error, stream: this.id },
      'a stream failed, and nobody listens for its errors',
    )
  }

  /** A listener that was given an item threw. */
  thrown(error: unknown): void {
    this.#owner.port.logger.error({ error, stream: this.id }, 'a listener of a stream threw')
  }

  #add(item: unknown, size: number): void {
    this.#allowed -= size
    this.#items ??= new Queue()
    this.#sizes ??= new Queue()
    this.#items.push(item)
    this.#sizes.push(size)
  }

  #grant(bytes: number): void {
    this.#isGranted = true
    this.#consumed = 0
    this.#allowed += bytes
    this.#owner.send({ type: 'credit', id: this.id, bytes })
  }

  #close(error: Error | null): void {
    this.#isOver = true
    this.#error = error
    this.#owner.forget(this.id, 'incoming')
  }

  #wake(): void {
    const reader = this.#reader
    if (reader === null) return
    this.#reader = null
    reader.more()
    if (this.#reader === null) this.#owner.rests(this)
  }
}

function beyondCredit(id: number): Error {
  return protocol({ summary: `the peer sent more of stream ${id} than it was allowed to` })
}
