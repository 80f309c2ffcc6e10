/** The listening half of a session: rows in, checked messages out, each one for itself. */
import type { Clock } from '../base/clock.js'
import { protocol, toError } from '../base/errors.js'
import { NO_ATTACHMENTS, type Connection, type Sink } from '../wire/connection.js'
import { isObject, unexpected } from './check.js'
import { readClassic } from './classic.js'
import { answerIdOf, callIdOf, isCall, readDialect } from './dialect/read.js'
import type { Message } from './messages.js'
import { Pace, type Paced } from './pace.js'
import { Attached } from './values/carried.js'

/** Bad messages one after the other, in one row or in many; a peer that sends more is ended. */
const BAD_MESSAGES = 100

const NOTHING: readonly unknown[] = []

type Read = (item: unknown, attached: Attached | undefined) => Message

/** Where messages go. */
export interface Receiver {
  /** A row came, whatever is in it. */
  heard(): void
  /**
   * `came`: when its row did, on the monotonic clock. Answers whether it is over with that: no promise goes on. May throw errors
   * of ours: the message is bad then.
   */
  handle(message: Message, came: number): boolean
  /** A bad call that can be answered. */
  badCall(id: number, error: Error): void
  /** A bad answer to a call of ours. */
  badAnswer(id: number, error: Error): void
  /** Any other bad message. */
  bad(error: Error): void
  /** The connection takes more. */
  drained(): void
  /** The connection is to end. */
  broken(error: Error): void
  /** No message waits any more. */
  rest(): void
}

/** Owned by one session. Never throws. */
export class Inbox implements Sink, Paced {
  /** What may come next; set by the session when it has read the peer's `methods` row. */
  expects: 'methods' | 'classic' | 'dialect' | 'nothing' = 'methods'
  readonly #to: Receiver
  readonly #connection: Connection
  readonly #pace: Pace
  /** The messages of the row that is being handled, the next one, and how they are read. */
  #items = NOTHING
  #at = 0
  #read: Read = readClassic
  /** The bytes behind that row, for all of its messages. */
  #attached: Attached | undefined
  #isHandling = false
  /** Rows that a program handed in while others were handled, or waited. */
  #later: (readonly [row: unknown, attachments: readonly Uint8Array[]])[] | null = null
  /** Bad messages since the last good one. */
  #bad = 0

  constructor(connection: Connection, clock: Clock, to: Receiver) {
    this.#to = to
    this.#connection = connection
    this.#pace = new Pace(connection, clock, this)
  }

  /** True while messages wait for their turn, or for the peer to read. */
  get isWaiting(): boolean {
    return this.#pace.isWaiting
  }

  /** Hears everything that the connection has to tell. */
  open(): void {
    this.#connection.open(this)
  }

  /** The connection can take more. */
  drain(): void {
    this.#pace.drained()
    this.#to.drained()
  }

  /** The session is ending: what waits for the peer goes on, to be refused or dropped. */
  end(): void {
    this.#pace.end()
  }

  /** A row of the connection, or one that a program brought: that waits behind those that are there. */
  row(row: unknown, attachments: readonly Uint8Array[] = NO_ATTACHMENTS, size = 0): void {
    this.#to.heard()
    this.#pace.parsed(size)
    if (this.#isHandling || this.isWaiting) (this.#later ??= []).push([row, attachments])
    else this.#take(row, attachments)
  }

  #take(row: unknown, attachments: readonly Uint8Array[]): void {
    this.#attached = attachments.length === 0 ? undefined : new Attached(attachments)
    if (this.expects === 'methods') this.#first(row)
    else if (this.expects === 'nothing') return
    else if (!Array.isArray(row)) this.#handle([row], readClassic)
    else if (this.expects === 'dialect') this.#handle(row, readDialect)
    else this.#refuse(row, unexpected('a classic row, since no dialect was agreed on', row))
  }

  #handle(items: readonly unknown[], read: Read): void {
    this.#items = items
    this.#read = read
    this.#at = 0
    this.#pace.begin()
    this.goOn()
  }

  /** Handles what there is of the row, as far as its turn goes. */
  goOn(): void {
    this.#isHandling = true
    const isDone = this.#run()
    this.#isHandling = false
    if (!isDone) return
    this.#pace.finish()
    this.#items = NOTHING
    this.#attached = undefined
    const next = this.#later?.shift()
    if (next) this.#take(...next)
  }

  /** Nothing waits any more. */
  rest(): void {
    this.#to.rest()
  }

  /** The messages of one peer stay in order: when one has to wait, so does everything behind it. Answers whether none waits. */
  #run(): boolean {
    while (this.#at < this.#items.length && this.#isHeard) {
      const item = this.#items[this.#at]
      if (this.#pace.isFull && (isCall(item) || isClassicCall(item))) {
        this.#pace.waitForPeer()
        return false
      }
      this.#at++
      if (this.#pace.note(this.#message(item))) {
        this.#pace.yieldTurn()
        return false
      }
    }
    return true
  }

  /** Anything but a valid `methods` row ends the connection: who sends it is no dnode. */
  #first(row: unknown): void {
    try {
      const message = readClassic(row)
      if (message.type !== 'methods') throw unexpected('a "methods" row first', row)
      this.#to.handle(message, this.#pace.start)
    } catch (error) {
      this.#to.broken(toError(error))
    }
  }

  /** Whoever is gone is not served any more: nobody would read the answers. */
  get #isHeard(): boolean {
    return this.expects !== 'nothing' && !this.#connection.isClosed
  }

  #message(item: unknown): boolean {
    try {
      const isOver = this.#to.handle(this.#read(item, this.#attached), this.#pace.start)
      this.#bad = 0
      return isOver
    } catch (error) {
      this.#refuse(item, toError(error))
      return false
    }
  }

  /** Its call is answered, or the call that it was to answer fails, so that nobody waits for ever. */
  #refuse(item: unknown, error: Error): void {
    if (!isOfWhatIsGone(error) && ++this.#bad > BAD_MESSAGES) return this.#to.broken(flood())
    const isDialect = this.expects === 'dialect'
    const call = isDialect ? callIdOf(item) : null
    if (call !== null) return this.#to.badCall(call, error)
    const answer = isDialect ? answerIdOf(item) : null
    if (answer !== null) return this.#to.badAnswer(answer, error)
    this.#to.bad(error)
  }
}

function isClassicCall(item: unknown): boolean {
  return isObject(item) && item['method'] !== undefined
}

/** Asking for what is not there (any more), or sending it home, breaks no rule: that may have crossed its end. */
function isOfWhatIsGone(error: Error): boolean {
  const { code } = error as { code?: unknown }
  return code === 'DS_NO_METHOD' || code === 'DS_REF_GONE'
}

function flood(): Error {
  return protocol({
    summary: `more than ${BAD_MESSAGES} bad messages were received without a good one between`,
  })
}
