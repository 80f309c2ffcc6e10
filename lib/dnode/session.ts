/** A conversation with one peer over one connection: both sides call, both sides answer. */
import { toError } from '../base/errors.js'
import type { State } from '../base/identity.js'
import { silentLogger } from '../base/logger.js'
import { DEFAULTS, LIMITS } from '../base/options.js'
import type { Connection } from '../wire/connection.js'
import { apiTree, instanceOf } from './api.js'
import { Asking, type PipeStep } from './asking.js'
import { Cargo } from './cargo.js'
import { Carrier } from './carrier.js'
import { Dispatcher } from './dispatch.js'
import * as failures from './failures.js'
import { Idlers } from './idlers.js'
import { Inbox } from './inbox.js'
import { Life } from './life.js'
import type { Pulse } from './liveness.js'
import type { Hello, Outcome } from './messages.js'
import { Outbox } from './outbox.js'
import { PeerApi } from './peer-api.js'
import { errorsOf } from './redact.js'
import { PeerPulse } from './pulse.js'
import { Reception } from './reception.js'
import { Exports } from './refs/exports.js'
import { Imports } from './refs/imports.js'
import type { CallOptions, Parts, SessionOptions, View } from './types.js'
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
  readonly #options: SessionOptions
  readonly #life: Life
  readonly #exports = new Exports()
  readonly #imports = new Imports()
  readonly #peerApi = new PeerApi()
  readonly #outbox: Outbox
  readonly #cargo: Cargo
  readonly #writer: Writer
  readonly #asking: Asking
  readonly #dispatcher: Dispatcher
  readonly #reception: Reception
  readonly #inbox: Inbox
  #hello: Hello | null = null
  #helloTimer: Disposable | null = null
  /** What our hello said, from the peer's `methods` row on. */
  #rowLimit = LIMITS.row
  /** Who waits until nothing of the peer runs. */
  #idlers: Idlers | null = null
  #settleReady: ((error: Error | null) => void) | null = null

  constructor(connection: Connection, options: SessionOptions) {
    const { clock, logger = silentLogger } = options
    this.#options = options
    this.connection = connection
    this.#life = new Life(connection, logger)
    this.#outbox = new Outbox(connection)
    const [life, exports, imports] = [this.#life, this.#exports, this.#imports]
    const errors = errorsOf(options, () => (this.#life.phase === 'opening' ? undefined : this.#hello))
    const cargo = new Cargo({ exports, imports, errors, custom: options.types ?? null })
    this.#cargo = cargo
    this.#writer = new Writer({ outbox: this.#outbox, cargo, exports, life })
    this.#asking = new Asking(connection, clock, {
      peerApi: this.#peerApi,
      writer: this.#writer,
      life: this.#life,
    })
    const rest = (): void => this.#becameIdle()
    const writer = this.#writer
    this.#dispatcher = new Dispatcher({ session: options, life, exports, imports, cargo, writer, rest })
    this.#imports.caller = this.#dispatcher
    this.#reception = new Reception({
      options,
      life,
      exports,
      imports,
      cargo,
      peerApi: this.#peerApi,
      asking: this.#asking,
      writer,
      dispatcher: this.#dispatcher,
      meet: (hello) => this.#open(hello),
      destroy: (error) => this.destroy(error),
      rest,
    })
    this.#inbox = new Inbox(connection, clock, this.#reception)
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => (error ? reject(error) : resolve())
    })
    // whoever does not await `ready` hears of a failure by `closed`
    this.ready.catch((error: unknown) => logger.debug({ error }, 'session never became ready'))
    this.closed = connection.closed.then((reason) => this.#end(reason))
    process.nextTick(() => this.#start())
  }

  /** For the classic face, whose programs look at them. */
  get parts(): Parts {
    return { exports: this.#exports, imports: this.#imports, inbox: this.#inbox, writer: this.#writer }
  }

  /** True from `close`, `destroy` or the connection's end on: new calls fail at once. */
  get isClosed(): boolean {
    return this.#life.isOver
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
    const carried = this.#reception.carrier?.size ?? 0
    return { exported: this.#exports.size, imported: this.#imports.size + carried }
  }

  /** A classic remote object of its own, of the methods that are known now. */
  view(): View {
    return this.#peerApi.view({
      oneWay: (method, args, sent) => this.#writer.oneWay(method, args, sent),
      release: (sent) => this.#exports.letGo(sent),
    })
  }

  /** Calls a method by dotted path, or a builtin of the peer by its `$name`. Never rejects, never hangs. Dialect peers only. */
  call(method: string, args: readonly unknown[], options: CallOptions): Promise<Outcome> {
    return this.#asking.call(method, args, options)
  }

  /** The same for a chain: the first step is a method, each further one a function of what the one before returned. */
  pipe(steps: readonly PipeStep[], options: CallOptions): Promise<Outcome> {
    return this.#asking.pipe(steps, options)
  }

  /** Streams that are open, in both directions: none once it has ended. */
  get streams(): number {
    return this.#reception.carrier?.streams ?? 0
  }

  /** Tells a dialect peer that our state, or what we rely on, changed. */
  changed(state: State, revision: number): void {
    this.#writer.changed(state, revision)
  }

  /** Resolves when all was read that the peer sent before it heard what we have said; at once: it is classic, or we part. */
  fence(): Promise<void> {
    return this.#hello && !this.isClosed ? this.#reception.fence() : Promise.resolve()
  }

  /** Resolves when no call of the peer runs any more (and its answers are handed to the connection), or the session ended. */
  idle(): Promise<void> {
    if (this.#life.phase === 'closed') return Promise.resolve()
    if (this.#isBusy) return (this.#idlers ??= new Idlers()).wait()
    this.#outbox.flush()
    return Promise.resolve()
  }

  /** Ends in order: what was sent is delivered first. Resolves when closed; twice is fine. */
  async close(): Promise<void> {
    if (!this.isClosed) {
      this.#outbox.flush()
      this.#life.phase = 'closing'
      this.#inbox.end()
    }
    await this.connection.close()
    await this.closed
  }

  /** Ends now: pending calls fail with `reason` as their cause. Twice is fine: the first reason stands. */
  destroy(reason: Error): void {
    if (this.#life.phase === 'closed') return
    this.connection.destroy(reason)
    this.#end(reason)
  }

  #start(): void {
    if (this.isClosed) return
    const { api, conn, hello, clock, helloTimeout = DEFAULTS.helloTimeout, onError } = this.#options
    try {
      const instance = instanceOf(api, this.remote, conn ?? this)
      const said = hello ? hello() : null
      this.#writer.methods(apiTree(instance), said)
      this.#rowLimit = said?.limits.row ?? LIMITS.row
    } catch (error) {
      this.#life.tell(() => onError?.(toError(error)))
      return this.destroy(toError(error))
    }
    const tooLate = (): void => this.destroy(failures.noHello(this.connection.peer.address, helloTimeout))
    if (helloTimeout !== Infinity) this.#helloTimer = clock.after(helloTimeout, tooLate)
    this.#inbox.open()
  }

  #open(hello: Hello | null): void {
    this.#life.phase = 'open'
    this.#noTimer()
    this.connection.rowLimit = this.#rowLimit
    this.#hello = this.#options.hello ? hello : null
    this.#inbox.expects = this.#hello ? 'dialect' : 'classic'
    this.#dispatcher.hello = this.#asking.hello = this.#hello
    if (this.#hello) this.#meetDialect(this.#hello)
    this.#writer.meet(this.#hello)
    this.#becomeReady(null)
  }

  #meetDialect(hello: Hello): void {
    this.connection.attachmentLimit = LIMITS.attachedRow
    this.#cargo.meet(hello, () => this.#carry())
    this.#reception.liveness = this.#options.heart?.watch(this.#pulse()) ?? null
  }

  #carry(): Carrier {
    const [connection, life, exports, cargo] = [this.connection, this.#life, this.#exports, this.#cargo]
    const [options, writer] = [this.#options, this.#writer]
    const { pending } = this.#asking
    const parts = { options, connection, life, exports, pending, writer, cargo }
    return (this.#reception.carrier = new Carrier(parts))
  }

  #pulse(): Pulse {
    const [asking, inbox, writer] = [this.#asking, this.#inbox, this.#writer]
    return new PeerPulse({ asking, inbox, writer, session: this })
  }

  #becomeReady(error: Error | null): void {
    this.#settleReady?.(error)
    this.#settleReady = null
  }

  #noTimer(): void {
    this.#helloTimer?.[Symbol.dispose]()
    this.#helloTimer = null
  }

  /** The one way out: everybody who waits hears of it, and the tables are emptied. */
  #end(reason: Error | null): Error | null {
    if (this.#life.end) return reason
    const end = { address: this.connection.peer.address, byUs: this.#life.phase === 'closing', reason }
    const wasOpening = this.#hello === null && this.#inbox.expects === 'methods'
    this.#life.end = end
    this.#life.phase = 'closed'
    this.#inbox.expects = 'nothing'
    this.#inbox.end()
    this.#noTimer()
    this.#dispatcher.end('the connection ended')
    this.#outbox.drop()
    this.#reception.end(end)
    this.#asking.end(end)
    this.#exports.clear()
    this.#imports.clear()
    if (wasOpening) this.#becomeReady(failures.neverReady(end))
    this.#becameIdle()
    return reason
  }

  /** Calls of the peer run, or wait to be handled. */
  get #isBusy(): boolean {
    return this.#life.phase !== 'closed' && (this.running > 0 || this.#inbox.isWaiting)
  }

  #becameIdle(): void {
    if (!this.#idlers || this.#isBusy) return
    this.#outbox.flush()
    this.#idlers.release()
    this.#idlers = null
  }
}
