/** Node's Readables at both ends of a stream. */
import { Readable } from 'node:stream'
import { toError } from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import { unexpected } from '../check.js'
import { NOTHING, type Incoming, type Reader } from './incoming.js'
import type { Source, Taker } from './source.js'

/** A Readable that is read for a peer. It is listened to from the start: its errors must not end the process. */
export class NodeSource implements Source {
  readonly #readable: Readable
  readonly #to: Taker
  readonly #onError: (error: Error) => void
  readonly #onClose: () => void
  #isBegun = false
  #isWanted = false
  /** It has said how it ended, or need not: that it is closed is no news. */
  #isDone = false

  constructor(readable: Readable, to: Taker) {
    this.#readable = readable
    this.#to = to
    this.#onError = (error) => this.#fail(error)
    this.#onClose = () => this.#closed()
    readable.on('error', this.#onError).on('close', this.#onClose)
  }

  pull(): void {
    this.#isWanted = true
    if (this.#isBegun) return this.#read()
    this.#isBegun = true
    this.#readable.on('end', () => this.#end())
    // makes it read ahead, and is followed by `readable` at the next tick where something is there already
    this.#readable.on('readable', () => this.#read())
  }

  /** Listens no more: nothing was read, and it is its owner's again. */
  release(): void {
    this.#readable.off('error', this.#onError).off('close', this.#onClose)
  }

  /** Without the error: it would be emitted where nobody listens. */
  stop(): void {
    this.#isDone = true
    this.#readable.destroy()
  }

  #read(): void {
    while (this.#isWanted) {
      const item = this.#next()
      if (item === null) return
      this.#isWanted = this.#to.item(item)
    }
  }

  /** Bytes have no borders: what is there is taken in pieces that fit. */
  #next(): unknown {
    const readable = this.#readable
    if (readable.readableObjectMode) return readable.read() as unknown
    if (readable.readableLength === 0) readable.read(0)
    const length = Math.min(readable.readableLength, LIMITS.batch)
    return length === 0 ? null : (readable.read(length) as unknown)
  }

  #end(): void {
    this.#isDone = true
    this.#to.end()
  }

  #fail(error: Error): void {
    this.#isDone = true
    this.#to.fail(error)
  }

  #closed(): void {
    if (!this.#isDone) this.#to.fail(new Error('the stream was closed before its end'))
  }
}

/** A peer's stream as a Readable. It keeps nothing ahead of its reader: the window alone says how much waits. */
export class IncomingReadable extends Readable implements Reader {
  readonly #incoming: Incoming
  /** The peer's failure that it is destroyed by. */
  #failure: Error | null = null

  constructor(incoming: Incoming, isBytes: boolean) {
    super({ objectMode: !isBytes, highWaterMark: 0 })
    this.#incoming = incoming
  }

  override _read(): void {
    this.#fill()
  }

  /** Whoever listens for its items is called here; what it throws is not the peer's affair, nor the session's. */
  more(): void {
    try {
      this.#fill()
    } catch (error) {
      this.#incoming.thrown(error)
      this.destroy(this.listenerCount('error') === 0 ? undefined : toError(error))
    }
  }

  #fill(): void {
    const incoming = this.#incoming
    for (let item = incoming.take(); item !== NOTHING; item = incoming.take()) {
      if (!this.#fits(item)) this.#refuse(item)
      else if (!this.push(item)) return
    }
    // a listener that was given an item may have destroyed it
    if (this.destroyed) return
    if (!incoming.isOver) return incoming.wait(this)
    if (incoming.error) this.#fail(incoming.error)
    else this.push(null)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#incoming.stop(error)
    // an error without a listener ends the process, and no peer may do that: it is closed without an end then
    callback(error === this.#failure && this.listenerCount('error') === 0 ? null : error)
  }

  #fail(error: Error): void {
    this.#failure = error
    if (this.listenerCount('error') === 0) this.#incoming.unheard(error)
    this.destroy(error)
  }

  /** What came behind it is nothing, too. */
  #refuse(item: unknown): void {
    this.#incoming.broken(unexpected('an item that a Readable can have', item))
    this.#incoming.stop(null)
  }

  /** null is a Readable's end, and other than bytes would be an error that it emits. */
  #fits(item: unknown): boolean {
    if (this.readableObjectMode) return item !== null
    return item instanceof Uint8Array || typeof item === 'string'
  }
}
