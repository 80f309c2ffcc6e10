/** The values of a session's messages: written as its peer can read them, and read as it wrote them. */
import type { Ran } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import type { Hello, Scrubbed, WireError } from './messages.js'
import type { ErrorWriter } from './redact.js'
import type { Exports } from './refs/exports.js'
import type { Imports } from './refs/imports.js'
import { CLASSIC_LIMITS, scrub, type ScrubFor, type Sized, type ValueLimits } from './scrub.js'
import { unscrub } from './unscrub.js'
import { NOTHING_ATTACHED, type Attached, type Carried, type Payload } from './values/carried.js'
import type { CustomTypes } from './values/custom.js'
import { decode } from './values/decode.js'
import { encode } from './values/encode.js'
import type { Root } from './values/path.js'
import type { Incoming, Outgoing } from './values/port.js'
import type { DecodeFrom } from './values/reading.js'
import type { EncodeTo } from './values/writing.js'

/** Who looks after what values carry: the session's carrier. */
export type Bearer = Outgoing &
  Incoming & {
    /** The message is on its way: through a view, by the set of what that sent, or not. */
    sent(view: Set<number> | null): void
  }

/** Values that are ready to be sent: for a dialect peer, or for a classic one. */
export type Written = Payload | Sized

export interface CargoParts {
  readonly exports: Exports
  readonly imports: Imports
  readonly errors: ErrorWriter
  readonly custom: CustomTypes | null
}

/** What a peer says of what it takes. */
interface Taking {
  readonly to: Readonly<Record<'arguments' | 'result' | 'items' | 'reason', EncodeTo>>
  readonly from: DecodeFrom
  readonly items: DecodeFrom
}

/** Owned by one session. */
export class Cargo {
  readonly #parts: CargoParts
  /** Of a dialect peer, once its hello was read. */
  #bearer: Bearer | null = null
  #dialect: Taking | null = null
  /** A dialect peer of which nothing was made yet. */
  #met: { readonly hello: Hello; readonly bearer: () => Bearer } | null = null
  /** What the peer takes. */
  #limits: ValueLimits = CLASSIC_LIMITS
  /** Made at the first value for a classic peer. */
  #classic: { readonly arguments: ScrubFor; readonly result: ScrubFor } | null = null

  constructor(parts: CargoParts) {
    this.#parts = parts
  }

  get custom(): CustomTypes | null {
    return this.#parts.custom
  }

  /** The hello of a dialect peer was read. `bearer` is made at the first value: an idle session holds none. */
  meet(hello: Hello, bearer: () => Bearer): void {
    this.#limits = hello.limits
    this.#met = { hello, bearer }
  }

  /** Errors: DS_UNSENDABLE, DS_LIMIT. Ends in `sent` or `unsent`. */
  write(values: readonly unknown[], root: 'arguments' | 'result' | 'reason'): Written {
    if (this.#dialect ?? this.#met) return encode(values, this.#taking.to[root])
    this.#classic ??= this.#forClassic()
    return scrub(values, this.#classic[root === 'arguments' ? root : 'result'])
  }

  /** An error as it leaves, within what the peer takes. Never throws. */
  wire(thrown: unknown, ran: Ran): WireError {
    return this.#parts.errors.write(thrown, ran, this.#limits)
  }

  /** One item of a stream, which is for dialect peers. Errors: DS_UNSENDABLE, DS_LIMIT. */
  item(item: unknown): Payload {
    const payload = encode([item], this.#taking.to.items)
    this.#bearer?.sent(null)
    return payload
  }

  /** A message with these values is on its way: through a view, by the set of what that sent, or not. */
  sent(written: Written, view: Set<number> | null): void {
    if ('values' in written) this.#bearer?.sent(view)
    else this.#parts.exports.hold(written.callbacks, view)
  }

  /** It cannot be sent after all. */
  unsent(written: Written): void {
    if ('values' in written) this.#bearer?.undo()
    else this.#parts.exports.undo(written.callbacks)
  }

  /** What came in a message. Takes it over. Errors: DS_PROTOCOL, DS_LIMIT, DS_REF_GONE. */
  read(values: Scrubbed | Carried): unknown[] {
    if (!('values' in values)) return unscrub(values, this.#parts.imports)
    return decode(values.values as unknown[], values.attached ?? NOTHING_ATTACHED, this.#taking.from)
  }

  /** The same for items of a stream. */
  items(items: unknown[], attached: Attached = NOTHING_ATTACHED): unknown[] {
    return decode(items, attached, this.#taking.items)
  }

  get #taking(): Taking {
    if (this.#dialect) return this.#dialect
    if (this.#met) return this.#begin(this.#met)
    throw new Error('values of the dialect came before its hello')
  }

  #begin({ hello, bearer: make }: { hello: Hello; bearer: () => Bearer }): Taking {
    const { custom } = this.#parts
    const bearer = make()
    const known = custom ? new Set(hello.types) : null
    const to = (root: Root): EncodeTo => ({ limits: hello.limits, root, outgoing: bearer, custom, known })
    const from = (root: Root): DecodeFrom => ({ limits: LIMITS, root, incoming: bearer, custom })
    this.#bearer = bearer
    this.#met = null
    return (this.#dialect = {
      to: { arguments: to('arguments'), result: to('result'), items: to('items'), reason: to('reason') },
      from: from('arguments'),
      items: from('items'),
    })
  }

  #forClassic(): { arguments: ScrubFor; result: ScrubFor } {
    const { exports, errors } = this.#parts
    const redact = errors.value
    return {
      arguments: { exports, limits: CLASSIC_LIMITS, root: 'arguments', redact },
      result: { exports, limits: CLASSIC_LIMITS, root: 'result', redact },
    }
  }
}
