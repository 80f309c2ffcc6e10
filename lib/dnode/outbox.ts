/** Messages on their way out: gathered for one turn of the event loop, written at once. */
import { limit } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import type { Connection } from '../wire/connection.js'
import { prefixOf } from '../wire/attachments.js'
import { writeClassic } from './classic.js'
import { writeDialect } from './dialect/write.js'
import type { Carried, ClassicMessage, DialectMessage } from './messages.js'

/** JSON's escapes and wide characters make a text at most this much longer than its estimate. */
const WORST = 6

/** And at most so much shorter: `[0,0]` is thought to be numbers of some digits. */
const BEST = 4

/** Answers of nothing in one message, which fits into the row of any peer, and what the number of one takes in it. */
const DONE = 1_000
const NUMBER = 11

/** Owned by one session. After `drop` it does nothing. */
export class Outbox {
  readonly #connection: Connection
  #isDropped = false
  /** Bytes of a row that the peer takes; Infinity: a classic peer, which says nothing of it. */
  #rowLimit = LIMITS.helloRow
  #isDialect = false
  #isScheduled = false
  /** Whole rows with their attachments, before `#rows`; null mostly. */
  #pieces: (string | Uint8Array)[] | null = null
  /** Whole rows, before the messages of `#batch`. */
  #rows = ''
  #batch: (readonly unknown[])[] = []
  #batchSize = 0
  /** Calls that returned undefined. */
  #done: number[] = []
  #turn = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** True once the session or its connection has ended: making text for it would be in vain. */
  get isDropped(): boolean {
    return this.#isDropped || this.#connection.isClosed
  }

  /** Grows with each write: what was sent at this turn or later was not handed to the connection yet. */
  get turn(): number {
    return this.#turn
  }

  /** The peer's hello was read (its row limit), or it is a classic one (null). */
  meet(rowLimit: number | null): void {
    this.#isDialect = rowLimit !== null
    this.#rowLimit = rowLimit ?? Infinity
  }

  /** Queues a message of about `size` bytes, its attachments not counted. Errors: DS_LIMIT when its row were too long for the peer. */
  send(message: DialectMessage | ClassicMessage, size: number): void {
    if (this.isDropped) return
    if (!this.#isDialect || message.type === 'methods') this.#addRow(writeClassic(message))
    else if (size > LIMITS.ownRow || size * WORST > this.#rowLimit) {
      this.#addRow(this.#textOf(message, size))
    } else this.#addToBatch(writeDialect(message), size)
    this.#schedule()
  }

  /** The same for a message with attachments, which has a row of its own. They are the connection's from here on. */
  sendAttached(message: DialectMessage, size: number, attachments: Carried['attachments']): void {
    if (this.isDropped) return
    this.#addRow(prefixOf(attachments) + this.#textOf(message, size))
    this.#pieces ??= []
    this.#pieces.push(this.#rows, ...attachments)
    this.#rows = ''
    this.#schedule()
  }

  /** Answers of nothing are gathered: many calls of a turn, one message. */
  done(id: number): void {
    if (this.isDropped) return
    if (this.#done.push(id) >= DONE) this.#addDone()
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.isDropped) return
    this.#isScheduled = true
    process.nextTick(flush, this)
  }

  /** Hands everything to the connection now. */
  flush(): void {
    this.#isScheduled = false
    this.#closeBatch()
    if ((this.#rows === '' && !this.#pieces) || this.isDropped) return
    const rows = this.#pieces ? [...this.#pieces, this.#rows] : this.#rows
    this.#pieces = null
    this.#rows = ''
    this.#turn++
    this.#connection.send(rows)
  }

  /** The session ended: nothing is sent any more. */
  drop(): void {
    this.#isDropped = true
    this.#rows = ''
    this.#pieces = null
    this.#batch = []
    this.#done = []
  }

  #addRow(row: string): void {
    if (row === '') return
    if (row.length * 3 > this.#rowLimit) this.#check(Buffer.byteLength(row))
    this.#closeBatch()
    this.#rows += row + '\n'
    if (this.#rows.length > LIMITS.batch) this.flush()
  }

  /** What is surely too long is not even made: the same long text a thousand times takes seconds, and all memory. */
  #textOf(message: DialectMessage, size: number): string {
    if (size > this.#rowLimit * BEST) this.#check(Math.floor(size / BEST))
    return JSON.stringify([writeDialect(message)])
  }

  #addToBatch(message: readonly unknown[], size: number): void {
    if ((this.#batchSize + size) * WORST > this.#rowLimit) this.#closeBatch()
    this.#batch.push(message)
    this.#batchSize += size
    if (this.#batchSize > LIMITS.batch) this.flush()
  }

  #addDone(): void {
    const done = this.#done
    if (done.length === 0) return
    this.#done = []
    // digits are as long as they look
    this.#addToBatch(['done', ...done], (done.length * NUMBER) / WORST)
  }

  #closeBatch(): void {
    this.#addDone()
    if (this.#batch.length === 0) return
    const text = JSON.stringify(this.#batch)
    const fits = text.length * 3 <= this.#rowLimit || Buffer.byteLength(text) <= this.#rowLimit
    // an estimate that was wrong must not cost the connection: each by itself was let in as it is
    this.#rows += fits ? `${text}\n` : this.#batch.map((message) => `${JSON.stringify([message])}\n`).join('')
    this.#batch = []
    this.#batchSize = 0
  }

  #check(bytes: number): void {
    if (bytes <= this.#rowLimit) return
    throw limit({
      summary: `the message has ${bytes} bytes of text, and the peer takes ${this.#rowLimit} in a row`,
      hint: 'send less at a time, a stream, or what is long as a Buffer',
      details: { bytes, limit: this.#rowLimit },
    })
  }
}

function flush(outbox: Outbox): void {
  outbox.flush()
}
