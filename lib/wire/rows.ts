/** Bytes to rows: splits what a peer sends at its newlines and behind its attachments, within limits, and parses each row. */
import { isUtf8 } from 'node:buffer'
import { limit, protocol, reasonOf } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import { Arriving, readPrefix } from './attachments.js'
import { NO_ATTACHMENTS } from './connection.js'
import { excessOf, type Shape } from './nesting.js'
import { quote } from './quote.js'

const NEWLINE = 0x0a
/** What no JSON text begins with, and a row with attachments does. */
const PLUS = 0x2b
const NEWLINE_PLUS = Buffer.from('\n+')
const NOTHING = Buffer.alloc(0)
/** What a long row may have: the parser is slow where nesting is deep or values are many, and messages are held to less. */
const MOST: Shape = { levels: 1_000, values: 2 * LIMITS.nodes }
/** Characters of a row that is parsed within some 20 ms whatever is in it; a look at it beforehand would take half as long as parsing. */
const QUICK = 256 * 1024

/** Takes one parsed row, its attachments and how many characters its text had; answers false to hear no more, or none for now when the reader is paused. */
export type TakeRow = (row: unknown, attachments: readonly Uint8Array[], size: number) => boolean

/**
 * Reads the rows of one connection. It splits bytes, never text, so that a character may be cut anywhere; a row
 * ends with "\n" or "\r\n"; empty rows are ignored. After an error, or once `take` answered false, it must not be used again.
 */
export class RowReader {
  /** Bytes that a row may have, its newline not counted. Raised at any time; a lower one holds from the next chunk on. */
  limit: number
  /** Bytes that the attachments of a row may have together; 0: no row has any. It holds from the next row on. */
  attachmentLimit = 0
  readonly #take: TakeRow
  #isPaused = false
  /** The taker of the last row answered false. */
  #isStopped = false
  /** What was pushed and not read, while paused. */
  #rest: Buffer = NOTHING
  /** The beginning of a row whose end has not come: it doubles as it grows, so that a row in many pieces costs no more than in one. */
  #held: Buffer = NOTHING
  #heldBytes = 0
  /** A row that waits for the bytes behind it. */
  #arriving: Arriving | null = null
  #rows = 0
  /** Characters of the row that was parsed last. */
  #size = 0

  constructor(rowLimit: number, take: TakeRow) {
    this.limit = rowLimit
    this.#take = take
  }

  /** Where the stream would be cut if it ended here, for people; null between two rows. */
  get place(): string | null {
    if (this.#arriving) return this.#arriving.placeIn(this.#rows + 1)
    return this.#heldBytes > 0 ? `a row, after ${this.#heldBytes} bytes` : null
  }

  /** Bytes that are kept of what has begun and not ended: of a row, or of its attachments. */
  get pending(): number {
    return this.#arriving ? this.#arriving.came : this.#heldBytes
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Lets go of all that is kept: nobody waits for it any more. */
  drop(): void {
    this.#isPaused = false
    this.#arriving = null
    this.#held = this.#rest = NOTHING
    this.#heldBytes = 0
  }

  /** Hands on no row until `resume`; for `take` to call, which answers false then. */
  pause(): void {
    this.#isPaused = true
  }

  /** Goes on with what was kept. Errors: as `push`. */
  resume(): void {
    this.#isPaused = false
    const rest = this.#rest
    this.#rest = NOTHING
    if (rest.length > 0) this.push(rest)
  }

  /** Hands on every row that `chunk` completes. Errors: DS_LIMIT, DS_PROTOCOL, and whatever `take` throws. */
  push(chunk: Buffer): void {
    if (this.#isPaused) return this.#keep(chunk)
    this.#isStopped = false
    for (let start = 0; start < chunk.length;) {
      start = this.#step(chunk, start)
      if (this.#isStopped) return this.#keep(chunk.subarray(start))
    }
  }

  /** Reads on from `start`, and answers how far that was. */
  #step(chunk: Buffer, start: number): number {
    if (this.#arriving) return this.#fill(this.#arriving, { chunk, start })
    if (this.#heldBytes > 0 || this.#isAttached(chunk[start])) return this.#line(chunk, start)
    const end = this.#endOfText(chunk, start)
    const last = chunk.lastIndexOf(NEWLINE, end - 1)
    if (last >= start) return start + this.#run(chunk.subarray(start, last))
    this.#hold(chunk.subarray(start, end))
    return end
  }

  /** What comes behind a row that paused us waits; behind one that stopped us it is nothing. */
  #keep(chunk: Buffer): void {
    if (this.#isPaused && chunk.length > 0) this.#rest = Buffer.concat([this.#rest, chunk])
  }

  /** Whether a row that begins so has attachments. */
  #isAttached(first: number | undefined): boolean {
    return first === PLUS && this.attachmentLimit > 0
  }

  /** Where rows without attachments end. A newline and a "+" in them are nothing else, since JSON escapes what is in its strings. */
  #endOfText(chunk: Buffer, start: number): number {
    // looking for one byte is quicker, and mostly enough
    const plus = this.attachmentLimit > 0 ? chunk.indexOf(PLUS, start + 1) : -1
    const at = plus < 0 ? -1 : chunk.indexOf(NEWLINE_PLUS, plus - 1)
    return at < 0 ? chunk.length : at + 1
  }

  /** One row, or as much of it as there is. */
  #line(chunk: Buffer, start: number): number {
    const end = chunk.indexOf(NEWLINE, start)
    if (this.#heldBytes > 0 || end < 0) this.#hold(chunk.subarray(start, end < 0 ? chunk.length : end))
    if (end < 0) return chunk.length
    this.#row(this.#heldBytes > 0 ? this.#release() : chunk.subarray(start, end))
    return end + 1
  }

  /** Keeps the piece of a row; the limit is checked before a byte of it is. */
  #hold(piece: Buffer): void {
    const size = this.#heldBytes + piece.length
    this.#check(size)
    if (size > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, Math.min(this.#held.length * 2, this.limit)))
      this.#held.copy(larger, 0, 0, this.#heldBytes)
      this.#held = larger
    }
    piece.copy(this.#held, this.#heldBytes)
    this.#heldBytes = size
  }

  /** The row that was held, and is whole. */
  #release(): Buffer {
    const row = this.#held.subarray(0, this.#heldBytes)
    this.#held = NOTHING
    this.#heldBytes = 0
    return row
  }

  /**
   * Whole rows, with newlines between them: decoded at once where no single one can break a rule. Answers how many bytes
   * were taken, newlines included: that of the last row is behind `rows`.
   */
  #run(rows: Buffer): number {
    if (rows.length > this.limit || !isUtf8(rows)) return this.#oneByOne(rows)
    const texts = rows.toString('utf8').split('\n')
    for (let i = 0; i < texts.length; i++) {
      if (!this.#parse(texts[i] as string)) return bytesOf(texts.slice(0, i + 1))
    }
    return rows.length + 1
  }

  #oneByOne(rows: Buffer): number {
    for (let start = 0, end = 0; start <= rows.length; start = end + 1) {
      end = rows.indexOf(NEWLINE, start)
      if (end < 0) end = rows.length
      if (!this.#row(rows.subarray(start, end))) return end + 1
    }
    return rows.length + 1
  }

  #row(row: Buffer): boolean {
    this.#check(row.length)
    if (!isUtf8(row)) throw this.#malformed('not UTF-8', row.toString('latin1'))
    const text = row.toString('utf8')
    return this.#isAttached(row[0]) ? this.#begin(text) : this.#parse(text)
  }

  #check(size: number): void {
    if (size <= this.limit) return
    throw limit({
      summary: `row ${this.#rows + 1} has ${size} bytes or more, and ${this.limit} are allowed`,
      hint: 'send less at once, or in several calls',
      details: { row: this.#rows + 1, limit: this.limit },
    })
  }

  #parse(text: string): boolean {
    return text === '' || text === '\r' || this.#give(this.#valueOf(text), NO_ATTACHMENTS)
  }

  /** A row with attachments counts when all of them are there. */
  #begin(text: string): boolean {
    const { lengths, end } = readPrefix({ text, row: this.#rows + 1, most: this.attachmentLimit })
    const arriving = new Arriving(this.#valueOf(text.slice(end)), lengths)
    if (arriving.isWhole) return this.#give(arriving.row, arriving.whole)
    this.#arriving = arriving
    return true
  }

  #fill(arriving: Arriving, { chunk, start }: { readonly chunk: Buffer; readonly start: number }): number {
    const end = arriving.take(chunk, start)
    if (arriving.isWhole) {
      this.#arriving = null
      this.#give(arriving.row, arriving.whole)
    }
    return end
  }

  /** Answers whether rows that were split already may follow: not when we are to stop, nor when they may have attachments now. */
  #give(row: unknown, attachments: readonly Uint8Array[]): boolean {
    const allowed = this.attachmentLimit
    this.#rows++
    this.#isStopped = !this.#take(row, attachments, this.#size)
    return !this.#isStopped && this.attachmentLimit === allowed
  }

  #valueOf(text: string): unknown {
    this.#size = text.length
    const excess = text.length > QUICK ? excessOf(text, MOST) : null
    if (excess) throw this.#excessive(excess)
    try {
      return JSON.parse(text)
    } catch (error) {
      throw this.#malformed(`no JSON, ${quote(reasonOf(error), 160)}`, text)
    }
  }

  #excessive(what: keyof Shape): Error {
    return limit({
      summary: `row ${this.#rows + 1} has more than ${MOST[what]} ${what}`,
      hint: 'send less at a time, and flatter values',
      details: { row: this.#rows + 1 },
    })
  }

  /** Without a `cause`: the parser's own error repeats the peer's text unescaped. */
  #malformed(why: string, text: string): Error {
    return protocol({
      summary: `row ${this.#rows + 1} is ${why}: ${quote(text)}`,
      hint: 'a peer of this port must speak dnode: one JSON text a line',
      details: { row: this.#rows + 1 },
    })
  }
}

function bytesOf(rows: readonly string[]): number {
  return rows.reduce((sum, row) => sum + Buffer.byteLength(row) + 1, 0)
}
