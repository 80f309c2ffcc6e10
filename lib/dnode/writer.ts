/** The speaking half of a session: makes messages of values and queues them. */
import type { Ran } from '../base/errors.js'
import type { State } from '../base/identity.js'
import { DEFAULTS, LIMITS } from '../base/options.js'
import type { ApiTree } from './api.js'
import type { Exports } from './exports.js'
import type { Life } from './life.js'
import type { Hello, Message, WireError } from './messages.js'
import { checkSize } from './methods-row.js'
import type { Outbox } from './outbox.js'
import { errorsOf, type ErrorWriter } from './redact.js'
import { CLASSIC_LIMITS, scrub, type ScrubFor, type Sized, type ValueLimits } from './scrub.js'
import type { CallOptions, SessionOptions } from './types.js'
import { methodIds } from './view.js'
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

/** What a call says of its deadline: nothing where it is as our hello says. */
function toSay(ms: number): number | null | undefined {
  if (ms === Infinity) return null
  const whole = Math.ceil(ms)
  return whole === DEFAULTS.timeout ? undefined : whole
}

/** Owned by one session. Nothing here waits: a message is queued, or an error says why not. */
export class Writer {
  readonly #outbox: Outbox
  readonly #exports: Exports
  readonly #errors: ErrorWriter
  readonly #life: Life
  /** Scrubs arguments and results within the peer's limits. */
  #args: ScrubFor
  #results: ScrubFor
  /** Who the peer is: undefined until its `methods` row was read, null for a classic peer. */
  #peer: Hello | null | undefined
  /** Told before that; sent right after it. */
  #change: { state: State; revision: number } | null = null

  constructor(
    outbox: Outbox,
    exports: Exports,
    { life, options }: { life: Life; options: Pick<SessionOptions, 'redact' | 'logger'> },
  ) {
    this.#outbox = outbox
    this.#life = life
    this.#exports = exports
    this.#errors = errorsOf(options, () => this.#peer)
    const { value: redact } = this.#errors
    this.#args = { exports, limits: CLASSIC_LIMITS, root: 'arguments', redact }
    this.#results = { exports, limits: CLASSIC_LIMITS, root: 'result', redact }
  }

  /** Grows with each write: what was sent at this turn or later was not handed to the connection yet. */
  get turn(): number {
    return this.#outbox.turn
  }

  /** The peer's `methods` row was read. */
  meet(hello: Hello | null): void {
    this.#outbox.meet(hello ? hello.limits.row : null)
    this.#peer = hello
    if (!hello) return
    if (this.#change) this.changed(this.#change.state, this.#change.revision)
    const limits: ValueLimits = hello.limits
    this.#args = { ...this.#args, limits }
    this.#results = { ...this.#results, limits }
  }

  /** The first row of our side: what it lists, and nothing else, is callable by name. Errors: DS_UNSENDABLE, DS_LIMIT. */
  methods({ tree, holders }: ApiTree, hello: Hello | null): void {
    this.#exports.holders = holders
    const api = scrub([tree], { exports: this.#exports, limits: CLASSIC_LIMITS, root: 'api' })
    this.#exports.holders = null
    this.#exports.list(methodIds(api))
    const message = { type: 'methods', api, hello } as const
    // where nobody can have told us yet that more is taken; a rough look first, since it writes the row once more
    if (api.size * 3 > LIMITS.helloRow) checkSize(message)
    this.#queue(message, api, null)
  }

  /** A call that wants an answer. Errors: DS_UNSENDABLE, DS_LIMIT. */
  call(call: { method: string | number; id: number; args: readonly unknown[]; options: CallOptions }): void {
    const { method, id, args, options } = call
    const values = scrub(args, this.#args)
    const timeout = toSay(options.timeout)
    const { traceparent } = options
    const plain = { type: 'call', method, id, values } as const
    if (timeout === undefined && !traceparent) return this.#queue(plain, values, null)
    const said = { ...(timeout === undefined ? {} : { timeout }), ...(traceparent ? { traceparent } : {}) }
    this.#queue({ ...plain, ...said }, values, null)
  }

  /** Nobody waits for the answer any more. */
  cancel(id: number): void {
    this.#outbox.send({ type: 'cancel', id }, 30)
  }

  /** Asks for a sign of life, or gives one. */
  sign(type: 'ping' | 'pong'): void {
    this.#outbox.send({ type }, 20)
  }

  /**
   * A call that wants none; false when the session is over: whoever calls back a peer that is gone must not fail for it.
   * `view`: through which it is made, for its callbacks. Errors: DS_UNSENDABLE, DS_LIMIT.
   */
  oneWay(method: string | number, args: readonly unknown[], view: Set<number> | null): boolean {
    if (this.#life.isOver || this.#outbox.isDropped) {
      this.#life.note({ code: 'DS_REF_GONE', method }, 'call of a function of a gone peer: dropped')
      return false
    }
    const values = scrub(args, this.#args)
    this.#queue({ type: 'call', method, id: null, values }, values, view)
    return true
  }

  /** The references that we have forgotten. */
  cull(ids: readonly number[]): void {
    this.#outbox.send({ type: 'cull', ids }, 30 + 10 * ids.length)
  }

  /** Hands everything to the connection now. */
  flush(): void {
    this.#outbox.flush()
  }

  /** The answer to a call of the peer; where the value cannot travel, an error that says so. Never throws. */
  answer(id: number, value: unknown): void {
    if (this.#outbox.isDropped) return
    try {
      const values = scrub(value === undefined ? [] : [value], this.#results)
      this.#queue({ type: 'answer', id, values }, values, null)
    } catch (error) {
      this.error(id, error, 'yes')
    }
  }

  /** The failure of a call of the peer; one that is too long for the peer is shortened. Never throws. */
  error(id: number, thrown: unknown, ran: Ran): void {
    if (this.#outbox.isDropped) return
    const error = this.#errors.write(thrown, ran, this.#args.limits)
    try {
      this.#outbox.send({ type: 'error', id, error }, sizeOf(error))
    } catch (tooLong) {
      this.#outbox.send({ type: 'error', id, error: shorten(error) }, SHORT_ERROR)
      void tooLong // the peer set the limit: it gets what fits
    }
  }

  /** What of an error fits within any peer's limits, as a value. Never throws. */
  short(error: Error): object {
    const { name, message, code } = shorten(this.#errors.write(error, 'yes', this.#args.limits))
    return { name, message, code }
  }

  /** Our state, or what we rely on, changed: said to dialect peers, once they are known. */
  changed(state: State, revision: number): void {
    if (this.#peer) this.#outbox.send({ type: 'changed', state, revision }, 60)
    else if (this.#peer === undefined) this.#change = { state, revision }
  }

  #queue(message: Message, values: Sized, view: Set<number> | null): void {
    try {
      this.#outbox.send(message, values.size + 40)
    } catch (error) {
      this.#exports.undo(values.callbacks)
      throw error
    }
    this.#exports.hold(values.callbacks, view)
  }
}
