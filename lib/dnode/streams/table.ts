/** The streams of one session, in both directions. */
import type { Collectable } from '../../base/clock.js'
import { limit, protocol } from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import { ID_END } from '../ids.js'
import { keyOf } from '../keys.js'
import type { Carried } from '../values/carried.js'
import { Incoming, type Consuming } from './incoming.js'
import { IncomingIterator } from './iterable.js'
import { IncomingReadable } from './node.js'
import { Outgoing, type Producing } from './outgoing.js'
import type { Form, StreamMessage, StreamPort } from './port.js'
import { claim, unclaim } from './source.js'
import { Turn } from './turn.js'
import { incomingWeb } from './web.js'

/** Owned by one session, which makes it at the first stream. The numbers are the producer's: each direction has its own. */
export class Streams implements Producing, Consuming {
  readonly port: StreamPort
  readonly turn: Turn
  readonly #outgoing = new Map<number, Outgoing>()
  /** By `keyOf` their numbers. Weak: who reads a stream holds it, and nobody else. */
  readonly #incoming = new Map<number, WeakRef<Incoming>>()
  /** Those with a read that waits: it must be answered, whoever holds the stream. */
  readonly #waiting = new Set<Incoming>()
  /** How collected ones find this table: not after its end, since a program may hold a stream for longer. */
  readonly #way: { table: Streams | null } = { table: this }
  #gathered: Outgoing[] = []
  /** How many were offered. Their numbers are counted from it, round and round. */
  #next = 0
  #holding: Disposable | null = null
  /** Why nothing is sent any more. */
  #over: Error | null = null

  constructor(port: StreamPort) {
    this.port = port
    this.turn = new Turn(port.clock, () => this.#flush())
  }

  /** Streams that are open, in both directions: none once the session has ended. */
  get size(): number {
    return this.#outgoing.size + this.#incoming.size
  }

  /** Those that we produce. */
  get outgoing(): number {
    return this.#outgoing.size
  }

  /** Those that the peer produces, and that nobody has dropped yet. */
  get incoming(): number {
    return this.#incoming.size
  }

  /**
   * Takes a source, and answers its number; nothing is read of it before the peer's first credit.
   * Errors: DS_UNSENDABLE, where somebody else reads it or did, or it was sent before; DS_LIMIT.
   */
  offer(source: object, form: Form): number {
    if (this.#over) throw this.#over
    if (this.#outgoing.size >= LIMITS.streams) throw tooMany()
    claim(source)
    while (this.#outgoing.has(this.#next % ID_END)) this.#next++
    const stream = new Outgoing(this.#next++, this, { source, form })
    this.#outgoing.set(stream.id, stream)
    return stream.id
  }

  /** The message that was to tell of these streams was not sent: their sources are as before. */
  withdraw(ids: readonly number[]): void {
    for (const id of ids.toReversed()) {
      const stream = this.#outgoing.get(id)
      if (!stream) continue
      this.#outgoing.delete(id)
      // numbers behind it may be those of a message that was sent meanwhile
      if (stream.order === this.#next - 1) this.#next--
      const source = stream.release()
      if (source) unclaim(source)
    }
  }

  /** A stream of the peer's. Errors: DS_PROTOCOL, where there is one with this number; DS_LIMIT. */
  take(id: number, form: Form): object {
    if (!this.#over && this.#incoming.has(keyOf(id))) {
      throw protocol({ summary: `expected a new stream, received ${id}, which is open` })
    }
    if (this.#incoming.size >= LIMITS.streams) throw tooMany()
    const incoming = new Incoming(id, this)
    if (this.#over) incoming.finish(this.#over)
    else this.#add(incoming)
    switch (form) {
      case 'iterable':
        return new IncomingIterator(incoming)
      case 'web':
        return incomingWeb(incoming)
      case 'node':
      case 'bytes':
        return new IncomingReadable(incoming, form === 'bytes')
    }
  }

  /** A message of the peer's. One about a stream that is gone has crossed its end, and does nothing. Errors: none. */
  handle(message: StreamMessage): void {
    const { id } = message
    switch (message.type) {
      case 'chunk':
        return this.#chunk(message)
      case 'end':
        return this.#incoming.get(keyOf(id))?.deref()?.finish(null)
      case 'fail':
        return this.#incoming.get(keyOf(id))?.deref()?.finish(message.error)
      case 'credit':
        return this.#outgoing.get(id)?.grant(message.bytes)
      case 'stop':
        return this.#outgoing.get(id)?.stop(message.error)
    }
  }

  /** The connection takes more, after `send` had answered false. */
  drained(): void {
    this.turn.drained()
  }

  /** The session ended: sources are stopped, and reads fail with this error behind what had come. Twice is fine. */
  end(error: Error): void {
    if (this.#over) return
    this.#over = error
    this.turn.end()
    for (const stream of this.#outgoing.values()) stream.stop(error)
    for (const stream of this.#incoming.values()) stream.deref()?.finish(error)
    this.#incoming.clear()
    this.#way.table = null
    this.#gathered = []
  }

  send(message: StreamMessage): void {
    if (!this.#over && !this.port.send(message)) this.turn.full()
  }

  gathered(stream: Outgoing): void {
    this.#gathered.push(stream)
  }

  waits(incoming: Incoming): void {
    this.#waiting.add(incoming)
    this.#holding ??= this.port.hold()
  }

  rests(incoming: Incoming): void {
    this.#waiting.delete(incoming)
    if (this.#waiting.size > 0) return
    this.#holding?.[Symbol.dispose]()
    this.#holding = null
  }

  forget(id: number, direction: 'incoming' | 'outgoing'): void {
    if (direction === 'incoming') this.#incoming.delete(keyOf(id))
    else this.#outgoing.delete(id)
  }

  /** A turn is over: what its streams gave is sent. */
  #flush(): void {
    const gathered = this.#gathered
    this.#gathered = []
    for (const stream of gathered) stream.flush()
  }

  #add(incoming: Incoming): void {
    const { id } = incoming
    this.#incoming.set(keyOf(id), new WeakRef(incoming))
    this.port.clock.whenCollected(incoming, remainsOf(this.#way, id))
  }

  /** Its user let it go. Where the peer has used the number again meanwhile, that stream lives. */
  dropped(id: number): void {
    const incoming = this.#incoming.get(keyOf(id))
    if (!incoming || incoming.deref()) return
    this.#incoming.delete(keyOf(id))
    this.send({ type: 'stop', id, error: null })
  }

  /** Items of a stream that is gone are read all the same, up to the first bad one: the functions and streams in them are let go then. */
  #chunk({ id, items }: StreamMessage & { type: 'chunk' }): void {
    const incoming = this.#incoming.get(keyOf(id))?.deref()
    if (incoming) return incoming.receive(items)
    const { values, attached } = items as Carried
    for (const item of values) {
      try {
        this.port.read(item, attached)
      } catch (error) {
        // as it would have ended the stream
        return this.port.logger.debug(
          { error, stream: id },
          'an item of a stream that is gone cannot be read: dropped, with what is behind it',
        )
      }
    }
  }
}

/** Made apart, so that it holds nothing but the way and the number. */
function remainsOf(way: { readonly table: Streams | null }, id: number): Collectable {
  return { collected: () => way.table?.dropped(id) }
}

function tooMany(): Error {
  return limit({
    summary: `${LIMITS.streams} streams are open on this session`,
    hint: 'read those that you have to their ends, or stop them',
  })
}
