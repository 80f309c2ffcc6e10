/** What values carry beside data between two dialect peers, in both directions: functions, signals and streams. */
import type { Clock } from '../base/clock.js'
import { isDServiceError, toError } from '../base/errors.js'
import { settleStack } from '../base/stack.js'
import type { Connection } from '../wire/connection.js'
import type { Cargo } from './cargo.js'
import * as failures from './failures.js'
import type { Life } from './life.js'
import type { OutCall, WireError } from './messages.js'
import type { Pending } from './pending.js'
import type { Exports } from './refs/exports.js'
import { Gatherer } from './refs/gather.js'
import { Sending } from './refs/sending.js'
import { Signals } from './refs/signals.js'
import { Stubs, type StubPort } from './refs/stubs.js'
import { StreamCarriage } from './stream-carriage.js'
import type { StreamMessage } from './streams/port.js'
import { Streams } from './streams/table.js'
import type { SessionOptions } from './types.js'
import type { AnyFunction, Incoming, Outgoing, StreamForm } from './values/port.js'
import type { Writer } from './writer.js'

export interface CarrierParts {
  readonly options: Pick<SessionOptions, 'clock' | 'logger' | 'keepAlive' | 'onError' | 'onFail'>
  readonly connection: Connection
  readonly life: Life
  readonly exports: Exports
  readonly pending: Pending
  readonly writer: Writer
  readonly cargo: Cargo
}

/** Owned by one session with a dialect peer. Its tables are made at the first thing that they are for. */
export class Carrier implements Outgoing, Incoming, StubPort {
  readonly #parts: CarrierParts
  readonly #sending: Sending
  #releases: Gatherer | null = null
  #stubs: Stubs | null = null
  #signals: Signals | null = null
  #streams: Streams | null = null

  constructor(parts: CarrierParts) {
    this.#parts = parts
    this.#sending = new Sending(parts.exports, this)
    parts.exports.tellAbort = (id, reason) => parts.writer.abort(id, reason)
  }

  // --- as the values' codec sees it

  begin(): void {
    this.#sending.begin()
  }

  undo(): void {
    this.#sending.undo()
  }

  /** The message is on its way: through a view, by the set of what that sent, or not. */
  sent(view: Set<number> | null): void {
    this.#sending.done(view)
  }

  function(run: AnyFunction): readonly ['function' | 'yours', number]
  function(id: number): AnyFunction
  function(what: AnyFunction | number): unknown {
    return typeof what === 'number' ? this.#stubTable.take(what) : this.#sending.function(what)
  }

  stream(source: object, form: StreamForm): number
  stream(id: number, form: StreamForm): object
  stream(what: object | number, form: StreamForm): unknown {
    if (typeof what === 'number') return this.#streamTable.take(what, form)
    return this.#sending.stream(this.#streamTable.offer(what, form))
  }

  signal(signal: AbortSignal): number
  signal(id: number): AbortSignal
  signal(what: AbortSignal | number): unknown {
    if (typeof what !== 'number') return this.#sending.signal(what)
    this.#signals ??= new Signals(this.clock, this.#releaser)
    return this.#signals.take(what)
  }

  yours(id: number): AnyFunction {
    return this.#parts.exports.own(id)
  }

  error(error: Error): WireError {
    return this.#parts.cargo.wire(error, 'yes')
  }

  /** The message that was to tell of these streams was not sent. */
  withdraw(streams: readonly number[]): void {
    this.#streams?.withdraw(streams)
  }

  /** The number of a function that the peer sent; undefined of any other. */
  idOf(run: object): number | undefined {
    return this.#stubs?.idOf(run)
  }

  // --- as functions of the peer see it

  get clock(): Clock {
    return this.#parts.options.clock
  }

  get pending(): Pending {
    return this.#parts.pending
  }

  get goneAs(): failures.End | null {
    return this.#parts.life.goneAs
  }

  get turn(): number {
    return this.#parts.writer.turn
  }

  call(call: OutCall, args: readonly unknown[]): void {
    this.#parts.writer.call(call, args)
  }

  cancel(id: number): void {
    this.#parts.writer.cancel(id)
  }

  unsent(ref: number, error: Error): void {
    const { writer } = this.#parts
    try {
      writer.oneWay(ref, [writer.short(error)], null)
    } catch (failure) {
      this.failed(toError(failure), 0)
    }
  }

  failed(error: Error, more: number): void {
    const { life, options } = this.#parts
    if (more > 0) life.note({ more }, 'further calls of functions of the peer failed, and nobody asked')
    // a timer that ticks into what is gone: nobody needs to hear of each tick
    if (isDServiceError(error) && error.code === 'DS_REF_GONE') {
      return life.note({ reason: error.message }, 'call of a function that is gone')
    }
    life.tell(() => options.onError?.(error))
  }

  hold(): void {
    this.#parts.options.keepAlive?.hold()
  }

  letGo(): void {
    this.#parts.options.keepAlive?.release()
  }

  // --- as the session sees it

  /** Functions and signals of the peer, and streams in both directions. */
  get size(): number {
    return (this.#stubs?.size ?? 0) + (this.#signals?.size ?? 0)
  }

  /** Streams that are open, in both directions. */
  get streams(): number {
    return this.#streams?.size ?? 0
  }

  handle(message: StreamMessage): void {
    this.#streams?.handle(message)
  }

  abort(id: number, reason: unknown): void {
    this.#signals?.abort(id, reason)
  }

  drained(): void {
    this.#streams?.drained()
  }

  /** The session ended; called before its pending calls fail. */
  end(end: failures.End): void {
    // functions and signals of the peer keep it for as long as programs keep them
    if (this.#stubs ?? this.#signals) settleStack(end.reason)
    this.#stubs?.end(end)
    this.#signals?.end(end)
    this.#streams?.end(failures.streamGone(end, 'maybe'))
    this.#releases?.drop()
  }

  get #stubTable(): Stubs {
    return (this.#stubs ??= new Stubs(this, this.#releaser))
  }

  get #streamTable(): Streams {
    const { goneAs } = this
    if (!this.#streams) {
      this.#streams = new Streams(new StreamCarriage(this.#parts))
      if (goneAs) this.#streams.end(failures.streamGone(goneAs, 'no'))
    }
    return this.#streams
  }

  get #releaser(): Gatherer {
    return (this.#releases ??= new Gatherer((counts) => this.#parts.writer.release(counts)))
  }
}
