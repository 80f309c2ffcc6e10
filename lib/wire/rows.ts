/** Bytes to rows: splits what a peer sends at its newlines, within a limit, and parses each row. */
import { isUtf8 } from 'node:buffer'
import { limit, protocol, reasonOf } from '../base/errors.js'

const NEWLINE = 0x0a
const NOTHING = Buffer.alloc(0)
/** Characters of a bad row that its error shows. */
const SHOWN = 80
/** What a terminal or an editor might obey instead of showing, beyond what JSON escapes. */
const UNPRINTABLE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Levels of a row that is looked at more closely before it is parsed: the parser is slow where nesting is deep. */
const NESTING = 1_000
/** Characters of a row that cannot be nested so deep that it matters. */
const SHALLOW = 16 * 1024

/** Takes one parsed row; answers false to hear no more, or none for now when the reader is paused. */
export type TakeRow = (row: unknown) => boolean

/** Text of a peer in quotes, shortened and escaped, so that an error may show it anywhere. */
export function quote(text: string, length: number = SHOWN): string {
  const shown = JSON.stringify(text.slice(0, length)).replace(
    UNPRINTABLE,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return text.length > length ? `${shown}…` : shown
}

/**
 * Reads the rows of one connection. It splits bytes, never text, so that a character may be cut anywhere; a row
 * ends with "\n" or "\r\n"; empty rows are ignored. After an error, or once `take` answered false, it must not be used again.
 */
export class RowReader {
  /** Bytes that a row may have, its newline not counted. Raised at any time; a lower one holds from the next chunk on. */
  limit: number
  readonly #take: TakeRow
  #isPaused = false
  /** What was pushed and not read, while paused. */
  #rest: Buffer = NOTHING
  /** The beginning of a row whose end has not come: it doubles as it grows, so that a row in many pieces costs no more than in one. */
  #held: Buffer = NOTHING
  #heldBytes = 0
  #rows = 0

  constructor(rowLimit: number, take: TakeRow) {
    this.limit = rowLimit
    this.#take = take
  }

  /** Bytes of the row that has begun and not ended. */
  get pending(): number {
    return this.#heldBytes
  }

  get isPaused(): boolean {
    return this.#isPaused
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
    let start = 0
    if (this.#heldBytes > 0) {
      const end = chunk.indexOf(NEWLINE)
      this.#hold(end < 0 ? chunk : chunk.subarray(0, end))
      if (end < 0) return
      start = end + 1
      if (!this.#release()) return this.#keep(chunk.subarray(start))
    }
    const last = chunk.lastIndexOf(NEWLINE)
    if (last >= start) {
      const rows = chunk.subarray(start, last)
      start += this.#run(rows)
      if (start <= last) return this.#keep(chunk.subarray(start))
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
  }

  /** What comes behind a row that paused us waits; behind one that stopped us it is nothing. */
  #keep(chunk: Buffer): void {
    if (this.#isPaused && chunk.length > 0) this.#rest = Buffer.concat([this.#rest, chunk])
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

  /** The row that was held is whole. */
  #release(): boolean {
    const row = this.#held.subarray(0, this.#heldBytes)
    this.#held = NOTHING
    this.#heldBytes = 0
    return this.#row(row)
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
    return this.#parse(row.toString('utf8'))
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
    if (text === '' || text === '\r') return true
    if (text.length > SHALLOW && isNested(text, NESTING)) throw this.#nested()
    let row: unknown
    try {
      row = JSON.parse(text)
    } catch (error) {
      throw this.#malformed(`no JSON, ${quote(reasonOf(error), 160)}`, text)
    }
    this.#rows++
    return this.#take(row)
  }

  #nested(): Error {
    return limit({
      summary: `row ${this.#rows + 1} is nested deeper than ${NESTING}`,
      hint: 'send flatter values',
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

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d,
]

/** Whether a JSON text has more than so many levels. What is no JSON gets any answer: the parser refuses it. */
export function isNested(text: string, levels: number): boolean {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) i = endOfString(text, i)
    else if (c === OPEN_LIST || c === OPEN_OBJECT) {
      if (++depth > levels) return true
    } else if (c === CLOSE_LIST || c === CLOSE_OBJECT) depth--
  }
  return false
}

/** Where the string that begins at `start` ends: at the next quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

function bytesOf(rows: readonly string[]): number {
  return rows.reduce((sum, row) => sum + Buffer.byteLength(row) + 1, 0)
}
