/** Values between two dialect peers, and the bytes that hang on them: as they came, and as they leave. */
import { NO_ATTACHMENTS } from '../../wire/connection.js'

/** Values as they came, unchecked: JSON with tags. */
export interface Carried {
  readonly values: readonly unknown[]
  /** The bytes behind their row; left out: there are none. */
  readonly attached?: Attached | undefined
}

/** Values as they travel: JSON with tags, and the bytes that hang on it. */
export interface Payload {
  readonly values: readonly unknown[]
  /** NO_ATTACHMENTS mostly. Not shared with the caller's memory. */
  readonly attachments: readonly Uint8Array[]
  /** The tag that takes each of them, numbered from 0: whoever puts several payloads into one row numbers them anew. */
  readonly tags: readonly BytesTag[]
  /** About how many bytes the JSON has, escapes and wide characters not counted; attachments are not in it. */
  readonly size: number
}

/** The bytes of a payload, without it. */
export type Attaching = Pick<Payload, 'attachments' | 'tags'>

/** What is in a tag of bytes. */
export type BytesTag = [kind: 'bytes', number: number, type: string]

/** Of a payload without attachments. */
export const NO_TAGS: readonly BytesTag[] = Object.freeze([])

/** One payload of the values of several, each with the bytes that hang on it. */
export function joined(payloads: readonly Payload[]): Payload {
  const [values, attachments, tags]: [unknown[], Uint8Array[], BytesTag[]] = [[], [], []]
  let size = 0
  for (const payload of payloads) {
    size += payload.size
    for (const value of payload.values) values.push(value)
    if (payload.tags.length === 0) continue
    for (const bytes of payload.attachments) attachments.push(bytes)
    for (const tag of payload.tags) tags.push(tag)
  }
  return { values, attachments, tags, size }
}

/** The attachments of all that goes into one row, in order, and in each tag the number of its own. */
export function numbered(payloads: readonly Attaching[]): Uint8Array[] {
  const all: Uint8Array[] = []
  for (const { attachments, tags } of payloads) {
    for (let i = 0; i < tags.length; i++)
      (tags[i] as BytesTag)[1] = all.push(attachments[i] as Uint8Array) - 1
  }
  return all
}

/** The bytes behind a row, for the tags of its messages: each goes to one. Owned by whoever reads the row. */
export class Attached {
  /** How many there are. */
  readonly length: number
  /** Bytes that tags took. */
  taken = 0
  readonly #bytes: (Uint8Array | null)[]

  constructor(attachments: readonly Uint8Array[]) {
    this.length = attachments.length
    this.#bytes = [...attachments]
  }

  /** The attachment with that number, the taker's own from here on; null: a tag took it before; undefined: there is none. */
  take(number: unknown): Uint8Array | null | undefined {
    const bytes = typeof number === 'number' ? this.#bytes[number] : undefined
    if (!bytes) return bytes
    this.#bytes[number as number] = null
    this.taken += bytes.length
    return bytes
  }
}

/** Behind a row that has none. */
export const NOTHING_ATTACHED: Attached = new Attached(NO_ATTACHMENTS)
