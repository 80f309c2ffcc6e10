/** A stream that we produce for a peer: how far its source is read, and how it ends. */
import type { Readable } from 'node:stream'
import { reasonOf, toError } from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import { callOfStream, scopeOf } from '../context.js'
import { nobodyWaits } from '../failures.js'
import { ID_END } from '../ids.js'
import { joined, type Payload } from '../values/carried.js'
import type { Form, StreamMessage, StreamPort } from './port.js'
import { iterate, readWeb, stopUnread } from './pulled.js'
import { NodeSource } from './node.js'
import { bytesOf, sizeOf } from './size.js'
import { isWeb, type Source, type Taker } from './source.js'
import type { Turn } from './turn.js'

/** Credit is counted no further: no peer reads that much before it grants again. */
const MOST_CREDIT = 2 ** 40

const NOTHING: unique symbol = Symbol('nothing')

/** The table that an outgoing stream is in. */
export interface Producing {
  readonly port: StreamPort
  readonly turn: Turn
  /** Passes on; does nothing after the session's end. Errors: DS_LIMIT, for a chunk. */
  send(message: StreamMessage): void
  /** Items were gathered: `flush` is called when the turn is over. */
  gathered(stream: Outgoing): void
  forget(id: number, direction: 'outgoing'): void
}

/**
 * Owned by the table until its source or its consumer ends it. An item is written as it is taken, before the source is asked
 * for the next one: a source may use the same object for all of them.
 *
 *   resting --credit--> waiting --its turn--> asked --an item, and no credit is left--> resting
 *                          ^                    |
 *                          +---- the turn or the connection is full
 */
export class Outgoing implements Taker {
  /** Which of all that were offered on the session. */
  readonly order: number
  readonly #owner: Producing
  /** Of the method that answered with it; null: none did. */
  readonly #call = callOfStream()
  /** A source runs in its method's context, or where it was offered, not where a row of the peer's happens to ask for it. */
  readonly #scope = scopeOf(this.#call)
  #raw: object | null
  /** Made at the first credit, but for a Readable, whose errors come at any time. */
  #source: Source | null = null
  #phase: 'resting' | 'waiting' | 'asked' | 'over' = 'resting'
  #credit = 0
  /** An item that came when no more could be sent: not written yet. */
  #held: unknown = NOTHING
  /** The source ended behind it. */
  #last: { readonly error: Error | null } | null = null
  /** Items as they travel, gathered for one chunk. */
  #items: Payload[] | null = null
  #size = 0

  constructor(order: number, owner: Producing, { source, form }: { source: object; form: Form }) {
    this.order = order
    this.#owner = owner
    this.#raw = source
    if (form === 'node' || form === 'bytes') this.#source = new NodeSource(source as Readable, this)
  }

  get id(): number {
    return this.order % ID_END
  }

  /** It was not offered after all: its source, as it was. */
  release(): object | null {
    const raw = this.#raw
    if (this.#source instanceof NodeSource) this.#source.release()
    this.#phase = 'over'
    this.#source = this.#raw = null
    return raw
  }

  /** The consumer takes so many more bytes. */
  grant(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, MOST_CREDIT)
    if (this.#phase === 'resting' && this.#credit > 0) this.#await()
  }

  /** Its turn: asks the source for more. */
  resume(): void {
    if (this.#phase === 'waiting') this.#scope.runInAsyncScope(this.#ask, this)
  }

  item(value: unknown): boolean {
    if (this.#phase !== 'asked') return false
    if (this.#owner.turn.isOpen) return this.#take(value)
    this.#held = value
    this.#await()
    return false
  }

  end(): void {
    this.#end(null)
  }

  /** The source failed; after a stop its owner is told where people look. */
  fail(thrown: unknown): void {
    if (this.#phase === 'over') this.#report(thrown)
    else this.#end(toError(thrown))
  }

  /** Nobody wants more: the source is told, so that its `finally` runs. Twice is fine. */
  stop(reason: Error | null): void {
    if (this.#phase === 'over') return
    this.flush()
    this.#close()
    this.#stopSource(reason)
  }

  /** Sends what was gathered. */
  flush(): void {
    const items = this.#items
    if (items === null) return
    this.#items = null
    this.#size = 0
    this.#chunk(items)
  }

  #ask(): void {
    this.#phase = 'asked'
    if (this.#held !== NOTHING && !this.#takeHeld()) return
    try {
      this.#source ??= this.#begin()
    } catch (error) {
      return this.fail(error)
    }
    this.#source.pull()
  }

  #begin(): Source {
    const raw = this.#raw as object
    return isWeb(raw) ? readWeb(raw, this) : iterate(raw, this)
  }

  #await(): void {
    this.#phase = 'waiting'
    this.#owner.turn.enqueue(this)
  }

  /** False: the source is not to be asked now. */
  #takeHeld(): boolean {
    const held = this.#held
    this.#held = NOTHING
    const isWanted = this.#take(held)
    if (this.#last === null) return isWanted
    this.#end(this.#last.error)
    return false
  }

  #take(value: unknown): boolean {
    const { port, turn } = this.#owner
    try {
      const item = port.write(value)
      const { values, attachments } = item
      const size = sizeOf(values[0]) + (attachments.length === 0 ? 0 : bytesOf(attachments))
      this.#credit -= size
      turn.spend(size)
      this.#gather(item, size)
    } catch (error) {
      this.#refuse(error)
    }
    return this.#goesOn()
  }

  /** Whether the next item may be asked for at once. */
  #goesOn(): boolean {
    if (this.#phase !== 'asked') return false
    if (this.#credit <= 0) this.#phase = 'resting'
    else if (this.#owner.turn.isOpen) return true
    else this.#await()
    return false
  }

  #gather(item: Payload, size: number): void {
    if (this.#items === null) {
      this.#items = [item]
      this.#owner.gathered(this)
    } else {
      if (this.#size + size > LIMITS.batch) return this.#next(item, size)
      this.#items.push(item)
    }
    this.#size += size
    // a turn gives no more than this
    if (this.#size > LIMITS.ownRow) this.flush()
  }

  /** The chunk is full: this item begins the next one. */
  #next(item: Payload, size: number): void {
    this.flush()
    if (this.#phase !== 'over') this.#gather(item, size)
  }

  #chunk(items: readonly Payload[]): void {
    try {
      this.#owner.send({ type: 'chunk', id: this.id, items: joined(items) })
    } catch (error) {
      if (items.length === 1) this.#refuse(error)
      else this.#halves(items)
    }
  }

  /** A peer may take shorter rows than ours are, or fewer bytes behind them: an item alone has to fit, and no more. */
  #halves(items: readonly Payload[]): void {
    const middle = items.length >> 1
    for (const half of [items.slice(0, middle), items.slice(middle)]) {
      if (this.#phase !== 'over') this.#chunk(half)
    }
  }

  /** An item cannot be sent: both sides are told. */
  #refuse(error: unknown): void {
    if (this.#phase === 'over') return
    this.#held = NOTHING
    this.#end(toError(error))
    this.#stopSource(null)
  }

  /** Says how it ended, behind all its items. */
  #end(error: Error | null): void {
    if (this.#phase === 'over') return
    if (this.#held !== NOTHING) {
      this.#last ??= { error }
      return
    }
    this.flush()
    const { id } = this
    this.#close()
    this.#owner.send(error ? { type: 'fail', id, error } : { type: 'end', id })
  }

  #close(): void {
    this.#phase = 'over'
    this.#held = NOTHING
    this.#owner.forget(this.id, 'outgoing')
  }

  /** Whatever the source does now, and whenever, is no affair of the peer's. */
  #stopSource(reason: Error | null): void {
    const [source, raw] = [this.#source, this.#raw as object]
    this.#source = this.#raw = null
    // a generator that awaits something is told by its signal: it cannot be stopped before it goes on
    this.#call?.abandon(nobodyWaits(reason ? reasonOf(reason) : 'the reader of its stream has left'))
    try {
      const stop = (): unknown => (source ? source.stop(reason) : stopUnread(raw, reason))
      const ended = this.#scope.runInAsyncScope(stop)
      Promise.resolve(ended).catch((error: unknown) => this.#report(error))
    } catch (error) {
      this.#report(error)
    }
  }

  #report(error: unknown): void {
    const { logger } = this.#owner.port
    logger.warn({ error, stream: this.id }, 'the source of a stream failed after it was stopped')
  }
}
