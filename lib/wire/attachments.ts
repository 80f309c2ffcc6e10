/** Attachments, the bytes behind a row: how its line says their lengths, and how they are gathered as they come. */
import { limit, protocol } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import { quote } from './quote.js'

const [COMMA, SPACE, ZERO, NINE] = [0x2c, 0x20, 0x30, 0x39]

/** Bytes that are claimed for an attachment whose first has come; for more, its sender has to send some of it first. */
const CLAIM = 1024 * 1024
/** How many times of what has come is claimed then: the more, the less is copied again. */
const GROWTH = 4

const NOTHING = Buffer.alloc(0)

/** What the line of a row with attachments begins with, `+3,0 `. Their bytes follow right behind its newline. */
export function prefixOf(attachments: readonly Uint8Array[]): string {
  return attachments.length === 0 ? '' : `+${attachments.map((bytes) => bytes.byteLength).join(',')} `
}

/** The line of a row with attachments, and what it has to keep to. */
export interface AttachedLine {
  /** It begins with "+". */
  readonly text: string
  /** The number of the row, for errors. */
  readonly row: number
  /** Bytes that the attachments may have together. */
  readonly most: number
}

/** What a prefix says: the lengths, and where in its line the JSON text begins. */
export interface Prefix {
  readonly lengths: readonly number[]
  readonly end: number
}

/** Reads the beginning of a line, and no further than its first fault. Errors: DS_PROTOCOL, DS_LIMIT. */
export function readPrefix(line: AttachedLine): Prefix {
  const lengths: number[] = []
  let sum = 0
  for (let start = 1; ;) {
    const end = endOfLength(line, start)
    const length = Number(line.text.slice(start, end))
    sum += length
    if (sum > line.most) throw tooLarge(line)
    if (lengths.push(length) > LIMITS.attachments) throw tooMany(line)
    const next = line.text.charCodeAt(end)
    if (next === SPACE) return { lengths, end: end + 1 }
    if (next !== COMMA) throw malformed(line)
    start = end + 1
  }
}

/** Where the digits that begin at `start` end: there is one at least, and a first one that is 0 is the only one. */
function endOfLength(line: AttachedLine, start: number): number {
  let end = start
  while (isDigit(line.text.charCodeAt(end))) end++
  if (end === start || (end > start + 1 && line.text.charCodeAt(start) === ZERO)) throw malformed(line)
  return end
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

function malformed({ text, row }: AttachedLine): Error {
  return protocol({
    summary: `row ${row} does not begin with the lengths of its attachments and a space: ${quote(text)}`,
    hint: 'a row with attachments of 3 and 0 bytes begins with "+3,0 "',
    details: { row },
  })
}

function tooLarge({ row, most }: AttachedLine): Error {
  return limit({
    summary: `the attachments of row ${row} have more than the ${most} bytes that are allowed`,
    hint: 'send less at once, or in several calls',
    details: { row, limit: most },
  })
}

function tooMany({ row }: AttachedLine): Error {
  return limit({
    summary: `row ${row} has more than the ${LIMITS.attachments} attachments that are allowed`,
    hint: 'send fewer at once, or join them',
    details: { row, limit: LIMITS.attachments },
  })
}

/** The attachments of one row that are on their way. Owned by the reader of a connection, for as long as that takes. */
export class Arriving {
  /** What they belong to. */
  readonly row: unknown
  /** Those that are whole, in order. */
  readonly whole: Uint8Array[] = []
  readonly #lengths: readonly number[]
  /** The memory of the next one, of which `#filled` bytes have come. */
  #next: Uint8Array = NOTHING
  #filled = 0

  constructor(row: unknown, lengths: readonly number[]) {
    this.row = row
    this.#lengths = lengths
    this.#skipEmpty()
  }

  get isWhole(): boolean {
    return this.whole.length === this.#lengths.length
  }

  /** Bytes that have come. */
  get came(): number {
    return this.whole.reduce((sum, bytes) => sum + bytes.length, this.#filled)
  }

  /** How far we are, for errors: `attachment 2 of 3 of row 7, after 12 of 40 bytes`. */
  placeIn(row: number): string {
    const which = `attachment ${this.whole.length + 1} of ${this.#lengths.length} of row ${row}`
    return `${which}, after ${this.#filled} of ${this.#length} bytes`
  }

  /** Bytes of the next one. */
  get #length(): number {
    return this.#lengths[this.whole.length] ?? 0
  }

  /** Copies what is theirs of a chunk, from `start` on; answers where that ends. */
  take(chunk: Buffer, start: number): number {
    let at = start
    while (!this.isWhole && at < chunk.length) at = this.#fill(chunk, at)
    return at
  }

  #fill(chunk: Buffer, start: number): number {
    const length = this.#length
    const size = Math.min(length, this.#filled + chunk.length - start)
    const end = start + size - this.#filled
    this.#claim(size, length)
    this.#next.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), this.#filled)
    this.#filled = size
    if (size === length) this.#finish()
    return end
  }

  /** Room for `size` bytes; no more than a multiple of what came, since a length is only a promise. At the end it is exact. */
  #claim(size: number, length: number): void {
    if (size <= this.#next.length) return
    const larger = memory(Math.min(length, Math.max(CLAIM, size * GROWTH)))
    larger.set(this.#next.subarray(0, this.#filled))
    this.#next = larger
  }

  #finish(): void {
    this.whole.push(this.#next)
    this.#next = NOTHING
    this.#filled = 0
    this.#skipEmpty()
  }

  /** No byte will come that could finish an empty one. */
  #skipEmpty(): void {
    while (!this.isWhole && this.#length === 0) this.whole.push(memory(0))
  }
}

/** Memory of its own, not of Node's pool; not zeroed, and so not even there before it is written to. */
function memory(bytes: number): Uint8Array {
  return Buffer.allocUnsafeSlow(bytes)
}
