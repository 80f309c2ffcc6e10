/** A conversation with one peer over one connection: both sides call, both sides answer. */
import { toError } from '../base/errors.js'
import type { State } from '../base/identity.js'
import { silentLogger, type Logger } from '../base/logger.js'
import { DEFAULTS, LIMITS } from '../base/options.js'
import type { Connection } from '../wire/connection.js'
import { apiTree, instanceOf } from './api.js'
import { Asking } from './asking.js'
import { Dispatcher } from './dispatch.js'
import * as failures from './failures.js'
import { Idlers } from './idlers.js'
import { Inbox } from './inbox.js'
import type { Liveness } from './liveness.js'
import type { Hello, Message, Outcome } from './messages.js'
import { Outbox } from './outbox.js'
import { PeerApi } from './peer-api.js'
import { Exports, Imports } from './refs.js'
import type { CallOptions, Parts, SessionOptions, View } from './types.js'
import { unscrub } from './unscrub.js'
import { toCallersError } from './wire-error.js'
import { Writer } from './writer.js'

export type { Api, CallOptions, SessionOptions, View } from './types.js'

/**
 * Owned by whoever made it, who ends it by `close` or `destroy`; it ends by itself with its connection, which it owns.
 * Nothing is read or sent in the tick in which it was made.
 *
 *   opening --peer's methods row--> open --close--> closing --connection's end--> closed
 */
export class Session {
  readonly connection: Connection
  /** Resolves when the peer's `methods` row was read; rejects with DS_TIMEOUT, DS_PROTOCOL or DS_DISCONNECTED. */
  readonly ready: Promise<void>
  /** As the connection's: settles once, never rejects. All pending calls have been settled before. */
  readonly closed: Promise<Error | null>
  /** For the classic face, whose programs look at them. */
  readonly parts: Parts
  readonly #options: SessionOptions
  readonly #logger: Logger
  readonly #exports = new Exports()
  readonly #imports: Imports = new Imports((imported, args) => this.#dispatcher.callBack(imported, args))
  readonly #peerApi = new PeerApi()
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #writer: Writer
  readonly #dispatcher: Dispatcher
  readonly #asking: Asking
  #phase: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  #hello: Hello | null = null
  #helloTimer: Disposable | undefined
  #liveness: Liveness | undefined
  /** What our hello said, from the peer's `methods` row on. */
  #rowLimit = LIMITS.row
  readonly #idlers = new Idlers()
  /** Set when the session has ended. */
  #ended: failures.End | null = null
  #settleReady: (error: Error | null) => void = () => undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.connection = options.connection
    this.#logger = options.logger ?? silentLogger
    this.#outbox = new Outbox(options.connection)
    this.#writer = new Writer(this.#outbox, this.#exports, options)
    this.#asking = new Asking(options, this.#peerApi, { writer: this.#writer, ended: () => this.#goneAs })
    this.#dispatcher = new Dispatcher({
      session: options,
      exports: this.#exports,
      imports: this.#imports,
      writer: this.#writer,
      send: (id, args) => this.#oneWay(id, args, null),
      onError: (error) => this.#tell(() => options.onError?.(error)),
      onIdle: () => this.#becameIdle(),
    })
    this.#inbox = new Inbox(options.connection, options.clock, {
      heard: () => this.#liveness?.hear(),
      handle: (message) => this.#handle(message),
      badCall: (id, error) => this.#writer.error(id, error, 'no'),
      badAnswer: (id, error) => this.#settle(id, { ok: false, error: failures.unreadable(error) }),
      bad: (error) => this.#tell(() => options.onFail?.(error)),
      broken: (error) => this.destroy(error),
      rest: () => this.#becameIdle(),
    })
    this.parts = { exports: this.#exports, imports: this.#imports, inbox: this.#inbox, writer: this.#writer }
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => (error ? reject(error) : resolve())
    })
    // whoever does not await `ready` hears of a failure by `closed`
    this.ready.catch((error: unknown) => this.#logger.debug({ error }, 'session never became ready'))
    this.closed = options.connection.closed.then((reason) => this.#end(reason))
    process.nextTick(() => this.#start())
  }

  /** True from `close`, `destroy` or the connection's end on: new calls fail at once. */
  get isClosed(): boolean {
    return this.#phase === 'closing' || this.#phase === 'closed'
  }

  /** The peer's hello; null before `ready`, and of a classic peer. */
  get hello(): Hello | null {
    return this.#hello
  }

  /** dnode's remote, filled in place at `ready`. */
  get remote(): Record<string, unknown> {
    return this.#peerApi.remote
  }

  /** The peer's methods by dotted path: `transform`, `users.find`. Empty before `ready`. */
  get methods(): readonly string[] {
    return this.#peerApi.names
  }

  /** Calls of ours without an answer. */
  get pending(): number {
    return this.#asking.size
  }

  /** Calls of the peer that run. */
  get running(): number {
    return this.#dispatcher.running
  }

  /** Functions held for the peer and of it: none once it has ended. */
  get references(): { readonly exported: number; readonly imported: number } {
    return { exported: this.#exports.size, imported: this.#imports.size }
  }

  /** A classic remote object of its own, of the methods that are known now. */
  view(): View {
    return this.#peerApi.view({
      oneWay: (method, args, sent) => this.#oneWay(method, args, sent),
      release: (sent) => this.#exports.release(sent),
    })
  }

  /** Calls a method by dotted path, or a builtin of the peer by its `$name`. Never rejects, never hangs. Dialect peers only. */
  call(method: string, args: readonly unknown[], options: CallOptions): Promise<Outcome> {
    return this.#asking.call(method, args, options)
  }

  /** Tells a dialect peer that our state, or what we rely on, changed. */
  changed(state: State, revision: number): void {
    this.#writer.changed(state, revision)
  }

  /** Resolves when no call of the peer runs any more (and its answers are handed to the connection), or the session ended. */
  idle(): Promise<void> {
    if (this.#phase === 'closed') return Promise.resolve()
    if (this.#isBusy) return this.#idlers.wait()
    this.#outbox.flush()
    return Promise.resolve()
  }

  /** Ends in order: what was sent is delivered first. Resolves when closed; twice is fine. */
  async close(): Promise<void> {
    if (!this.isClosed) {
      this.#outbox.flush()
      this.#phase = 'closing'
      this.#inbox.end()
    }
    await this.connection.close()
    await this.closed
  }

  /** Ends now: pending calls fail with `reason` as their cause. Twice is fine: the first reason stands. */
  destroy(reason: Error): void {
    if (this.#phase === 'closed') return
    this.connection.destroy(reason)
    this.#end(reason)
  }

  #start(): void {
    if (this.isClosed) return
    const { api, conn, hello, clock, helloTimeout = DEFAULTS.helloTimeout, onError } = this.#options
    try {
      const instance = instanceOf(api, this.remote, conn ?? this)
      const said = hello ? hello() : null
      this.#dispatcher.methods = this.#writer.methods(apiTree(instance), said)
      this.#rowLimit = said?.limits.row ?? LIMITS.row
    } catch (error) {
      this.#tell(() => onError?.(toError(error)))
      return this.destroy(toError(error))
    }
    const tooLate = (): void => this.destroy(failures.noHello(this.connection.peer.address, helloTimeout))
    if (helloTimeout !== Infinity) this.#helloTimer = clock.after(helloTimeout, tooLate)
    this.#inbox.open()
  }

  #handle(message: Message): void {
    if (message.type === 'pong') return // it was heard
    switch (message.type) {
      case 'call':
        if (this.#phase === 'open') this.#dispatcher.dispatch(message)
        return
      case 'answer':
        return this.#settle(message.id, { ok: true, value: unscrub(message.values, this.#imports)[0] })
      case 'error':
        return this.#settle(message.id, { ok: false, error: toCallersError(message.error) })
      case 'cull':
        return message.ids.forEach((id) => this.#exports.remove(id))
      case 'changed':
        return this.#tell(() => this.#options.onChanged?.(message.state, message.revision))
      case 'cancel':
        return this.#dispatcher.cancel(message.id)
      case 'ping':
        return this.#writer.sign('pong')
      case 'methods':
        return this.#meet(message)
    }
  }

  /** An answer that nobody waits for, any more or at all, is nobody's fault. */
  #settle(id: number, outcome: Outcome): void {
    if (!this.#asking.settle(id, outcome)) this.#logger.debug({ id }, 'a late answer: dropped')
  }

  /** The peer's api, and with the first one its hello. */
  #meet({ api, hello }: Message & { type: 'methods' }): void {
    this.#peerApi.replace(api, this.#imports)
    if (this.#phase === 'opening') this.#open(hello)
    this.#tell(() => this.#options.onRemote?.())
  }

  #open(hello: Hello | null): void {
    this.#phase = 'open'
    this.#helloTimer?.[Symbol.dispose]()
    this.connection.rowLimit = this.#rowLimit
    this.#hello = this.#options.hello ? hello : null
    this.#inbox.expects = this.#hello ? 'dialect' : 'classic'
    this.#dispatcher.hello = this.#asking.hello = this.#hello
    this.#writer.meet(this.#hello)
    if (this.#hello) {
      this.#liveness = this.#options.heart?.watch({
        isBusy: () => this.#asking.size > 0,
        isDeaf: () => this.#inbox.isWaiting,
        ask: () => this.#writer.sign('ping'),
        dead: (ms) => this.destroy(failures.silent(this.connection.peer.address, ms)),
      })
    }
    this.#settleReady(null)
  }

  /** The one way out: everybody who waits hears of it, and the tables are emptied. */
  #end(reason: Error | null): Error | null {
    if (this.#ended) return reason
    const end = { address: this.connection.peer.address, byUs: this.#phase === 'closing', reason }
    const wasOpening = this.#hello === null && this.#inbox.expects === 'methods'
    this.#ended = end
    this.#phase = 'closed'
    this.#inbox.expects = 'nothing'
    this.#inbox.end()
    this.#helloTimer?.[Symbol.dispose]()
    this.#liveness?.[Symbol.dispose]()
    this.#dispatcher.end('the connection ended')
    this.#outbox.drop()
    this.#asking.end(end)
    this.#exports.clear()
    this.#imports.clear()
    if (wasOpening) this.#settleReady(failures.neverReady(end))
    this.#becameIdle()
    return reason
  }

  /** False when the session is over: whoever calls back a peer that is gone must not fail for it. Errors: DS_UNSENDABLE, DS_LIMIT. */
  #oneWay(method: number, args: readonly unknown[], view: Set<number> | null): boolean {
    if (this.isClosed) {
      this.#logger.debug({ code: 'DS_REF_GONE', method }, 'call of a function of a gone peer: dropped')
      return false
    }
    this.#writer.oneWay(method, args, view)
    return true
  }

  /** A listener that throws is not the peer's affair. */
  #tell(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      this.#logger.error({ error }, 'a listener of a session threw')
    }
  }

  /** How the session ended, or is ending; null while it goes on. */
  get #goneAs(): failures.End | null {
    return this.isClosed ? (this.#ended ?? failures.closedByUs(this.connection)) : null
  }

  /** Calls of the peer run, or wait to be handled. */
  get #isBusy(): boolean {
    return this.#phase !== 'closed' && (this.running > 0 || this.#inbox.isWaiting)
  }

  #becameIdle(): void {
    if (this.#idlers.size === 0 || this.#isBusy) return
    this.#outbox.flush()
    this.#idlers.release()
  }
}
