/** What the messages of a peer do to its session. */
import type { Asking } from './asking.js'
import type { Carrier } from './carrier.js'
import type { Cargo } from './cargo.js'
import type { Dispatcher } from './dispatch.js'
import type { Exports } from './refs/exports.js'
import { unreadable, type End } from './failures.js'
import { Fences } from './fences.js'
import type { Imports } from './refs/imports.js'
import type { Receiver } from './inbox.js'
import type { Life } from './life.js'
import type { Liveness } from './liveness.js'
import type { Hello, Message, Outcome } from './messages.js'
import type { PeerApi } from './peer-api.js'
import type { SessionOptions } from './types.js'
import { toCallersError } from './wire-error.js'
import type { Writer } from './writer.js'

/** The outcome of a call that returned undefined. */
const NOTHING: Outcome = Object.freeze({ ok: true, value: undefined })

export interface ReceptionParts {
  readonly options: Pick<SessionOptions, 'onChanged' | 'onFail' | 'onRemote'>
  readonly life: Life
  readonly exports: Exports
  readonly imports: Imports
  readonly cargo: Cargo
  readonly peerApi: PeerApi
  readonly asking: Asking
  readonly writer: Writer
  readonly dispatcher: Dispatcher
  /** The peer's first `methods` row was read. */
  readonly meet: (hello: Hello | null) => void
  /** The connection is to end. */
  readonly destroy: (error: Error) => void
  /** No message waits any more. */
  readonly rest: () => void
}

/** Owned by one session. */
export class Reception implements Receiver {
  /** Set once the peer's life is watched. */
  liveness: Liveness | null = null
  /** Set once it is known that the peer speaks the dialect. */
  carrier: Carrier | null = null
  /** Made at the first: it is asked for at the end of a service alone. */
  #fences: Fences | null = null
  #pongs = 0
  readonly #parts: ReceptionParts

  constructor(parts: ReceptionParts) {
    this.#parts = parts
  }

  heard(): void {
    this.liveness?.hear()
  }

  handle(message: Message, came: number): boolean {
    switch (message.type) {
      case 'answer':
        return this.#settle(message.id, { ok: true, value: this.#parts.cargo.read(message.values)[0] })
      case 'done':
        return message.ids.reduce((isAll, id) => this.#settle(id, NOTHING) && isAll, true)
      case 'error':
        return this.#settle(message.id, { ok: false, error: toCallersError(message.error) })
      default:
        this.#parts.dispatcher.came = came
        this.#other(message)
        return false
    }
  }

  /** Whatever comes of it, promises of ours may go on. */
  #other(message: Exclude<Message, { type: 'answer' | 'done' | 'error' }>): void {
    const { dispatcher, life, cargo, exports, options, writer } = this.#parts
    switch (message.type) {
      case 'call':
        if (life.phase === 'open') dispatcher.dispatch(message)
        return
      case 'cull':
        return message.ids.forEach((id) => exports.remove(id))
      case 'changed':
        return life.tell(() => options.onChanged?.(message.state, message.revision))
      case 'cancel':
        return dispatcher.cancel(message.id)
      case 'pipe':
        if (life.phase === 'open') dispatcher.pipe(message)
        return
      case 'release':
        for (let i = 0; i < message.counts.length; i += 2) {
          exports.release(message.counts[i] as number, message.counts[i + 1] as number)
        }
        return
      case 'abort':
        return this.carrier?.abort(message.id, cargo.read(message.values)[0])
      case 'ping':
        return writer.sign('pong')
      case 'pong':
        this.#pongs++
        return this.#fences?.passed(this.#pongs)
      case 'methods':
        return this.#methods(message)
      default:
        return this.carrier?.handle(message)
    }
  }

  /** Asks the peer for a sign of life; resolves when it came, and with it all that the peer had sent before, or at the end. */
  fence(): Promise<void> {
    const { writer } = this.#parts
    writer.sign('ping')
    return (this.#fences ??= new Fences()).wait(writer.pings)
  }

  /** The session has ended. */
  end(end: End): void {
    this.liveness?.[Symbol.dispose]()
    this.carrier?.end(end)
    this.#fences?.passed(Infinity)
  }

  badCall(id: number, error: Error): void {
    this.#parts.writer.error(id, error, 'no')
  }

  badAnswer(id: number, error: Error): void {
    this.#settle(id, { ok: false, error: unreadable(error) })
  }

  bad(error: Error): void {
    const { life, options } = this.#parts
    life.tell(() => options.onFail?.(error))
  }

  drained(): void {
    this.carrier?.drained()
  }

  broken(error: Error): void {
    this.#parts.destroy(error)
  }

  rest(): void {
    this.#parts.rest()
  }

  /** Whether nothing goes on for it. An answer that nobody waits for, any more or at all, is nobody's fault. */
  #settle(id: number, outcome: Outcome): boolean {
    const { asking, life } = this.#parts
    const call = asking.settle(id, outcome)
    if (!call) life.note({ id }, 'a late answer: dropped')
    return !call?.isHeard
  }

  /** The peer's api, and with the first one its hello. */
  #methods({ api, hello }: Message & { type: 'methods' }): void {
    const { peerApi, imports, life, options, meet } = this.#parts
    peerApi.replace(api, imports)
    if (life.phase === 'opening') meet(hello)
    life.tell(() => options.onRemote?.())
  }
}
