/** The speaking half of a session: makes messages of values and queues them. */
import { limit, type Ran } from '../base/errors.js'
import type { State } from '../base/identity.js'
import { DEFAULTS, LIMITS } from '../base/options.js'
import type { ApiTree } from './api.js'
import type { Cargo, Written } from './cargo.js'
import type { Life } from './life.js'
import type { DialectMessage, Hello, OutCall, WireError } from './messages.js'
import { checkSize } from './methods-row.js'
import type { Outbox } from './outbox.js'
import type { Exports } from './refs/exports.js'
import { CLASSIC_LIMITS, scrub } from './scrub.js'
import { writeStream } from './streams/messages.js'
import type { StreamMessage } from './streams/port.js'
import { bytesOf } from './streams/size.js'
import { methodIds } from './view.js'
import type { Carried, Payload } from './values/carried.js'
import { NAME, shorten } from './wire-error.js'

/** What an error's fields beside its text take, and at most what is left of one that was shortened. */
const ERROR_SIZE = 200
const SHORT_ERROR = ERROR_SIZE + 1000 + 2 * NAME

/** About how many bytes the JSON of an error has, escapes and wide characters not counted. */
function sizeOf(error: WireError): number {
  const { name, message, code, properties, cause, stack } = error
  if (properties ?? cause ?? stack) return ERROR_SIZE + JSON.stringify(error).length
  return ERROR_SIZE + name.length + message.length + (typeof code === 'string' ? code.length : 0)
}

/** What a message has around its values, about. */
const AROUND = 40

/** Where there is no error to be written. */
const NO_ERROR: WireError = Object.freeze({ name: 'Error', message: '', ran: 'yes' })
const asIs = (): WireError => NO_ERROR

/** What a call says of its deadline: nothing where it is as our hello says. */
function toSay(ms: number): number | null | undefined {
  if (ms === Infinity) return null
  const whole = Math.ceil(ms)
  return whole === DEFAULTS.timeout ? undefined : whole
}

export interface WriterParts {
  readonly outbox: Outbox
  readonly cargo: Cargo
  readonly exports: Exports
  readonly life: Life
}

/** Owned by one session. Nothing here waits: a message is queued, or an error says why not. */
export class Writer {
  readonly #parts: WriterParts
  readonly #outbox: Outbox
  readonly #cargo: Cargo
  /** Who the peer is: undefined until its `methods` row was read, null for a classic peer. */
  #peer: Hello | null | undefined
  /** How often the peer was asked for a sign of life. */
  pings = 0
  /** Told before that; sent right after it. */
  #change: { state: State; revision: number } | null = null

  constructor(parts: WriterParts) {
    this.#parts = parts
    this.#outbox = parts.outbox
    this.#cargo = parts.cargo
  }

  /** Grows with each write: what was sent at this turn or later was not handed to the connection yet. */
  get turn(): number {
    return this.#outbox.turn
  }

  /** The peer's `methods` row was read. */
  meet(hello: Hello | null): void {
    this.#outbox.meet(hello?.limits ?? null)
    this.#peer = hello
    if (hello && this.#change) this.changed(this.#change.state, this.#change.revision)
  }

  /** The first row of our side: what it lists, and nothing else, is callable by name. Errors: DS_UNSENDABLE, DS_LIMIT. */
  methods({ tree, holders }: ApiTree, hello: Hello | null): void {
    const { exports } = this.#parts
    exports.holders = holders
    const api = scrub([tree], { exports, limits: CLASSIC_LIMITS, root: 'api' })
    exports.holders = null
    exports.list(methodIds(api))
    const message = { type: 'methods', api, hello } as const
    // where nobody can have told us yet that more is taken; a rough look first, since it writes the row once more
    if (api.size * 5 > LIMITS.helloRow) checkSize(message)
    this.#outbox.send(message, api.size)
    exports.hold(api.callbacks, null)
  }

  /** A call that wants an answer. Errors: DS_UNSENDABLE, DS_LIMIT. */
  call(call: OutCall, args: readonly unknown[]): void {
    // whoever is gone fails its calls in a moment
    if (this.#outbox.isDropped) return
    const values = this.#cargo.write(args, 'arguments') as Written & Carried
    const { id, target: method } = call
    const message = { type: 'call', method, id, values, timeout: toSay(call.timeout) } as const
    const { traceparent } = call
    this.#queue(traceparent ? { ...message, traceparent } : message, values, null)
  }

  /**
   * Calls one after the other: the target of `call` first, and each of `paths` on what the one before returned. `args`: a list for each.
   * Errors: DS_UNSENDABLE, DS_LIMIT.
   */
  pipe(call: OutCall, paths: readonly string[], args: readonly unknown[][]): void {
    const values = this.#cargo.write(args, 'arguments') as Written & Carried
    const { id, target } = call
    const message = {
      type: 'pipe',
      id,
      paths: [target, ...paths],
      values,
      timeout: toSay(call.timeout),
    } as const
    const { traceparent } = call
    this.#queue(traceparent ? { ...message, traceparent } : message, values, null)
  }

  /** Nobody waits for the answer any more. */
  cancel(id: number): void {
    this.#outbox.send({ type: 'cancel', id }, 30)
  }

  /** Asks for a sign of life, or gives one. */
  sign(type: 'ping' | 'pong'): void {
    if (type === 'ping') this.pings++
    this.#outbox.send({ type }, 20)
  }

  /**
   * A call that wants none; false when the session is over: whoever calls back a peer that is gone must not fail for it.
   * `view`: through which it is made, for its callbacks. Errors: DS_UNSENDABLE, DS_LIMIT.
   */
  oneWay(method: string | number, args: readonly unknown[], view: Set<number> | null): boolean {
    const { life } = this.#parts
    if (life.isOver || this.#outbox.isDropped) {
      life.note({ code: 'DS_REF_GONE', method }, 'call of a function of a gone peer: dropped')
      return false
    }
    const values = this.#cargo.write(args, 'arguments')
    this.#queue({ type: 'call', method, id: null, values }, values, view)
    return true
  }

  /** The references that we have forgotten: a classic peer culls them, */
  cull(ids: readonly number[]): void {
    this.#outbox.send({ type: 'cull', ids }, 30 + 10 * ids.length)
  }

  /** and a dialect peer counts them: number, count, number, count, … */
  release(counts: readonly number[]): void {
    this.#outbox.send({ type: 'release', counts }, 30 + 10 * counts.length)
  }

  /** A signal of ours aborted. A reason that cannot travel is left out. */
  abort(id: number, reason: unknown): void {
    try {
      this.#abort(id, [reason])
    } catch (error) {
      this.#parts.life.note({ error }, 'the reason of a signal cannot be sent')
      this.#abort(id, [])
    }
  }

  /** Of a stream. Errors: DS_LIMIT for a chunk that is too long for the peer. */
  stream(message: StreamMessage): void {
    if (message.type === 'fail' || message.type === 'stop') return this.#streamEnd(message)
    const sent = { type: 'stream', row: writeStream(message, asIs) } as const
    if (message.type === 'chunk') this.#carry(sent, message.items as Payload)
    else this.#outbox.send(sent, AROUND)
  }

  /** Hands everything to the connection now. */
  flush(): void {
    this.#outbox.flush()
  }

  /** The answer to a call of the peer; where the value cannot travel, an error that says so. Never throws. */
  answer(id: number, value: unknown): void {
    if (this.#outbox.isDropped) return
    if (value === undefined) return this.#outbox.done(id)
    try {
      const values = this.#cargo.write([value], 'result') as Written & Carried
      this.#queue({ type: 'answer', id, values }, values, null)
    } catch (error) {
      this.error(id, error, 'yes')
    }
  }

  /** The failure of a call of the peer; one that is too long for the peer is shortened. Never throws. */
  error(id: number, thrown: unknown, ran: Ran): void {
    if (this.#outbox.isDropped) return
    const error = this.#cargo.wire(thrown, ran)
    try {
      this.#outbox.send({ type: 'error', id, error }, sizeOf(error))
    } catch (tooLong) {
      this.#outbox.send({ type: 'error', id, error: shorten(error) }, SHORT_ERROR)
      void tooLong // the peer set the limit: it gets what fits
    }
  }

  /** What of an error fits within any peer's limits, as a value. Never throws. */
  short(error: Error): object {
    const { name, message, code } = shorten(this.#cargo.wire(error, 'yes'))
    return { name, message, code }
  }

  /** Our state, or what we rely on, changed: said to dialect peers, once they are known. */
  changed(state: State, revision: number): void {
    if (this.#peer) this.#outbox.send({ type: 'changed', state, revision }, 60)
    else if (this.#peer === undefined) this.#change = { state, revision }
  }

  /** An end with an error that is too long for the peer tells what fits of it. */
  #streamEnd(message: StreamMessage & { readonly type: 'fail' | 'stop' }): void {
    const wire = message.error && this.#cargo.wire(message.error, 'yes')
    const row = (error: WireError | null): readonly unknown[] => writeStream(message, () => error ?? NO_ERROR)
    try {
      this.#outbox.send({ type: 'stream', row: row(wire) }, wire ? sizeOf(wire) : AROUND)
    } catch (tooLong) {
      this.#outbox.send({ type: 'stream', row: row(wire && shorten(wire)) }, SHORT_ERROR)
      void tooLong // the peer set the limit: it gets what fits
    }
  }

  #abort(id: number, reason: readonly unknown[]): void {
    const values = this.#cargo.write(reason, 'reason') as Written & Carried
    this.#queue({ type: 'abort', id, values }, values, null)
  }

  #queue(message: DialectMessage, values: Written, view: Set<number> | null): void {
    try {
      if ('values' in values) this.#carry(message, values)
      else this.#outbox.send(message, values.size + AROUND)
    } catch (error) {
      this.#cargo.unsent(values)
      throw error
    }
    this.#cargo.sent(values, view)
  }

  #carry(message: DialectMessage, payload: Payload): void {
    const { attachments, size } = payload
    if (attachments.length === 0) return this.#outbox.send(message, size + AROUND)
    const most = this.#peer?.limits.attached ?? 0
    const bytes = bytesOf(attachments)
    if (bytes > most || attachments.length > LIMITS.attachments) throw tooManyBytes(bytes, most)
    this.#outbox.sendAttached(message, size + AROUND, payload)
  }
}

function tooManyBytes(bytes: number, most: number): Error {
  return limit({
    summary: `the message carries ${bytes} bytes beside its text, and the peer takes ${most} in at most ${LIMITS.attachments} pieces`,
    hint: 'send less at a time, or a stream',
  })
}
