/** What is to come behind a row that is being made: the bytes of its messages. */
import { bytesOf } from './streams/size.js'
import { numbered, type Attaching } from './values/carried.js'

/** Owned by the outbox, until the row is made. */
export class Behind {
  bytes = 0
  /** Attachments. */
  count = 0
  readonly #parts: { readonly at: number; readonly attaching: Attaching }[] = []

  /** Those of the message that stands at `at` in the row; behind those that were added before. */
  add(at: number, attaching: Attaching): void {
    this.#parts.push({ at, attaching })
    this.bytes += bytesOf(attaching.attachments)
    this.count += attaching.attachments.length
  }

  /** All of them, for one row: the tags get their numbers. */
  all(): Uint8Array[] {
    return numbered(this.#parts.map(({ attaching }) => attaching))
  }

  /** Those of one message, for a row of its own: its tags get their numbers. */
  of(message: number): Uint8Array[] {
    return numbered(this.#parts.filter(({ at }) => at === message).map(({ attaching }) => attaching))
  }
}
