/** Messages on their way out: gathered for one turn of the event loop, written at once. */
import { limit } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import { NO_ATTACHMENTS, type Connection } from '../wire/connection.js'
import { prefixOf } from '../wire/attachments.js'
import { writeClassic } from './classic.js'
import { writeDialect } from './dialect/write.js'
import { Behind } from './behind.js'
import type { ClassicMessage, DialectMessage, Hello } from './messages.js'
import { bytesOf } from './streams/size.js'
import { numbered, type Attaching } from './values/carried.js'

/** JSON's escapes and wide characters make a text at most this much longer than its estimate. */
const WORST = 6

/** And at most so much shorter: `[0,0]` is thought to be numbers of some digits. */
const BEST = 4

/** Answers of nothing in one message, which fits into the row of any peer, and what the number of one takes in it. */
const DONE = 1_000
const NUMBER = 11

/** Bytes of an attachment, on average, up to which they are copied behind their row sooner than handed over one by one. */
const FEW = 2 * 1024

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
  /** Which of those messages carry bytes; null mostly. */
  #behind: Behind | null = null
  /** Bytes behind a row that the peer takes. */
  #attachedLimit = 0
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

  /** The peer's hello was read (its limits), or it is a classic one (null). */
  meet(limits: Hello['limits'] | null): void {
    this.#isDialect = limits !== null
    this.#rowLimit = limits?.row ?? Infinity
    this.#attachedLimit = limits?.attached ?? 0
  }

  /** Queues a message of about `size` bytes. Errors: DS_LIMIT when its row were too long for the peer. */
  send(message: DialectMessage | ClassicMessage, size: number): void {
    if (this.isDropped) return
    if (!this.#isDialect || message.type === 'methods') this.#addRow(writeClassic(message))
    else if (size > LIMITS.ownRow || size * WORST > this.#rowLimit) {
      this.#addRow(this.#textOf(message, size))
    } else this.#addToBatch(writeDialect(message), size)
    this.#schedule()
  }

  /** The same for a message with attachments that the peer takes in a row. They are the connection's from here on. */
  sendAttached(message: DialectMessage, size: number, attaching: Attaching): void {
    if (this.isDropped) return
    const bytes = bytesOf(attaching.attachments)
    if (size + bytes > LIMITS.ownRow || size * WORST > this.#rowLimit) {
      const attachments = numbered([attaching])
      this.#addRow(this.#textOf(message, size), attachments)
    } else {
      if (!this.#hasRoomBehind(attaching, bytes)) this.#closeBatch()
      this.#addToBatch(writeDialect(message), size, attaching)
    }
    this.#schedule()
  }

  #hasRoomBehind({ attachments }: Attaching, bytes: number): boolean {
    const behind = this.#behind
    if (behind === null) return true
    return (
      behind.count + attachments.length <= LIMITS.attachments && behind.bytes + bytes <= this.#attachedLimit
    )
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
    this.#behind = null
    this.#done = []
  }

  #addRow(text: string, attachments = NO_ATTACHMENTS): void {
    if (text === '') return
    const row = prefixOf(attachments) + text
    if (row.length * 3 > this.#rowLimit) this.#check(Buffer.byteLength(row))
    this.#closeBatch()
    this.#append(row, attachments)
    if (this.#rows.length > LIMITS.batch) this.flush()
  }

  #append(row: string, attachments: readonly Uint8Array[]): void {
    this.#rows += row + '\n'
    if (attachments.length === 0) return
    this.#pieces ??= []
    if (bytesOf(attachments) <= attachments.length * FEW)
      this.#pieces.push(Buffer.concat([Buffer.from(this.#rows), ...attachments]))
    else this.#pieces.push(this.#rows, ...attachments)
    this.#rows = ''
  }

  /** What is surely too long is not even made: the same long text a thousand times takes seconds, and all memory. */
  #textOf(message: DialectMessage, size: number): string {
    if (size > this.#rowLimit * BEST) this.#check(Math.floor(size / BEST))
    return JSON.stringify([writeDialect(message)])
  }

  #addToBatch(message: readonly unknown[], size: number, attaching: Attaching | null = null): void {
    if ((this.#batchSize + size) * WORST > this.#rowLimit) this.#closeBatch()
    this.#batch.push(message)
    this.#batchSize += size
    if (attaching) (this.#behind ??= new Behind()).add(this.#batch.length - 1, attaching)
    if (this.#batchSize + (this.#behind?.bytes ?? 0) > LIMITS.batch) this.flush()
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
    const [batch, behind] = [this.#batch, this.#behind]
    if (batch.length === 0) return
    this.#batch = []
    this.#behind = null
    this.#batchSize = 0
    if (this.#appendAll(batch, behind?.all() ?? NO_ATTACHMENTS)) return
    // an estimate that was wrong must not cost the connection: each by itself was let in as it is
    batch.forEach((message, i) => this.#appendAll([message], behind?.of(i) ?? NO_ATTACHMENTS, Infinity))
  }

  /** Messages as one row, which may have so many bytes; false: it would have more. */
  #appendAll(
    messages: readonly unknown[],
    attachments: readonly Uint8Array[],
    most = this.#rowLimit,
  ): boolean {
    const row = prefixOf(attachments) + JSON.stringify(messages)
    if (row.length * 3 > most && Buffer.byteLength(row) > most) return false
    this.#append(row, attachments)
    return true
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
