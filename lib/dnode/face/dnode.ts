/** One session in dnode's way: a stream of the old kind, with the methods and events of npm's dnode. */
import type net from 'node:net'
import Stream, { Readable } from 'node:stream'
import { systemClock } from '../../base/clock.js'
import { isDServiceError, toError } from '../../base/errors.js'
import { newId } from '../../base/id.js'
import { DEFAULTS } from '../../base/options.js'
import type { Address, Connection } from '../../wire/connection.js'
import { instanceOf } from '../api.js'
import { Session, type Api } from '../session.js'
import { parseArgs, type DnodeArgument } from './parse-args.js'
import { PipeEnd } from './pipe-end.js'
import { pipeOut } from './pipe-out.js'
import type { Proto, ProtocolOptions } from './protocol.js'
import { SessionProto } from './session-proto.js'
import { makeServer, overSocket, socketTo, startListening } from './sockets.js'

/** A listener, whatever it takes. */
type Block = (...args: unknown[]) => void

/** The options of npm's dnode. */
export interface DnodeOptions {
  /** Accepted, and of no consequence. */
  readonly weak?: boolean
  /** `'object'`: a piped dnode emits rows as objects instead of JSON texts. */
  readonly emit?: 'object' | (string & {}) | undefined
  /** How functions of the peer are kept. */
  readonly proto?: ProtocolOptions | undefined
}

/** A server of `listen`; its sessions by their ids. Emits `local` and `remote` of each with the session. */
export interface DnodeServer extends net.Server {
  readonly sessions: Record<string, Dnode>
}

/** How a session is started. */
interface Start {
  readonly connection: Connection
  readonly helloTimeout: number
}

/**
 * Events: `local` (api, d), `remote` (remote, d), `ready`, `fail` (the peer's fault), `error` (a function of ours threw, or the
 * connection could not be made) and `end` (once); `data` and `drain` where it is piped. Its sockets keep the process alive
 * until `end`.
 */
export class Dnode extends Stream implements NodeJS.WritableStream {
  /** Names this session among those of its server. */
  id: string = ''
  readable = true
  writable = true
  /** From the tick after this one on. */
  proto: Proto | null = null
  readonly cons: Api | undefined
  readonly opts: DnodeOptions
  #socket: net.Socket | null = null
  /** What one peer makes a function do must not end a process that serves others. */
  #isServing: boolean
  #hasWarned = false
  #session: Session | null = null
  /** Made when nobody connected by the tick after this one: the program pipes. */
  #pipeEnd: PipeEnd | null = null
  /** Streams that are piped into this one. */
  readonly #sources = new Set<unknown>()

  /** `cons`: an api, or a constructor called with the remote and this object. */
  constructor(cons?: Api, opts: DnodeOptions = {}) {
    super()
    this.cons = cons
    this.opts = opts
    // who pipes an api is taken for a server
    this.#isServing = cons !== undefined
    this.on('pipe', (source: unknown) => this.#pipedFrom(source))
    this.on('newListener', (event) => {
      if (event === 'data') process.nextTick(() => this.#pipeEnd?.catchUp())
    })
    process.nextTick(() => this.#startPiping())
  }

  /** The socket of `connect` and `listen`. Whoever takes it may end it: what was called before is on its way then. */
  get stream(): net.Socket | null {
    this.#session?.parts.writer.flush()
    return this.#socket
  }

  set stream(socket: net.Socket | null) {
    this.#socket = socket
  }

  /** Connects to a port, host, Unix socket or object of these, in any order; a function is called with the remote. Errors: DS_INVALID. */
  connect(...args: readonly DnodeArgument[]): this {
    const parsed = parseArgs(args)
    const { socket, to } = socketTo(parsed)
    if (parsed.block) this.on('remote', parsed.block as Block)
    this.#isServing = false
    this.#attach(socket, to, Infinity)
    return this
  }

  /**
   * Serves the api to everyone who connects: each connection gets a session of its own. Without a host only this machine
   * can connect. A function is called once the server listens. Errors: DS_INVALID.
   */
  listen(...args: readonly DnodeArgument[]): DnodeServer {
    this.end()
    const sessions: Record<string, Dnode> = {}
    const server = Object.assign(
      makeServer((socket) => {
        const d = new Dnode(this.cons ?? {}, this.opts)
        d.on('local', (api: object) => server.emit('local', api, d))
        d.on('remote', (remote: object) => server.emit('remote', remote, d))
        d.on('end', () => delete sessions[d.id])
        d.#attach(socket, null, DEFAULTS.helloTimeout)
        sessions[d.id] = d
      }),
      { sessions },
    )
    startListening(server, parseArgs(args))
    return server
  }

  /** Takes bytes, text or a parsed row of the peer, of a pipe for example; false: wait for `drain`. */
  write(chunk: Uint8Array | string | object): boolean {
    if (!this.writable) return true
    this.#startPiping()
    return this.#pipeEnd?.feed(chunk) ?? true
  }

  /** Takes a parsed row of the peer. */
  handle(row: object): void {
    if (this.#pipeEnd || !this.proto) this.write(row)
    else this.proto.handle(row)
  }

  /** Ends the session; what was sent is delivered first. Twice is fine. */
  end(): this {
    if (this.#isOver()) return this
    void this.#session?.close()
    this.emit('end')
    return this
  }

  /** The same as `end`. */
  destroy(): this {
    return this.end()
  }

  override pipe<T extends NodeJS.WritableStream>(dest: T, { end = true }: { end?: boolean } = {}): T {
    pipeOut(this, dest, end)
    return dest
  }

  /** Holds back what is sent: whoever reads our `data` is slow. */
  pause(): this {
    this.#pipeEnd?.hold()
    return this
  }

  resume(): this {
    this.#pipeEnd?.unhold()
    return this
  }

  /** A stream that this one is piped into is gone; `error`: its peer hung up. */
  lost(dest: NodeJS.WritableStream, error: Error | null): void {
    if (error) this.emit('fail', error)
    if (error || this.#sources.has(dest)) this.end()
  }

  /**
   * A pipe into us would come apart at our `error`, which tells of one function that threw, not of the stream: its
   * listener goes, which Node puts first and a stream of the old kind last.
   */
  #pipedFrom(source: unknown): void {
    this.#sources.add(source)
    const pipes = this.listeners('error').at(source instanceof Readable ? 0 : -1)
    if (pipes?.name === 'onerror') this.off('error', pipes as Block)
  }

  /** True when it was over before. */
  #isOver(): boolean {
    const wasOver = !this.writable
    this.writable = false
    this.readable = false
    return wasOver
  }

  #attach(socket: net.Socket, to: Address | null, helloTimeout: number): void {
    this.id = newId(systemClock)
    this.#socket = socket
    let isConnected = to === null
    socket.once('connect', () => (isConnected = true))
    socket.on('error', (error) => this.#socketFailed(error, isConnected))
    if (this.#session) return void socket.pipe(this).pipe(socket)
    const connection = overSocket(socket, to)
    this.#start({ connection, helloTimeout })
  }

  #startPiping(): void {
    if (this.#session || !this.writable) return
    this.#pipeEnd = new PipeEnd(this, this.opts.emit === 'object')
    this.#start({ connection: this.#pipeEnd, helloTimeout: Infinity })
  }

  #start({ connection, helloTimeout }: Start): void {
    const session = new Session(connection, {
      clock: systemClock,
      api: (remote: object) => this.#instantiate(remote),
      // dnode programs get what dnode gives: values as JSON has them, and functions that answer nothing
      hello: null,
      helloTimeout,
      onRemote: () => this.#announce(session.remote),
      onFail: (error) => this.#tell('fail', error),
      onError: (error) => this.#failed(error),
    })
    this.#session = session
    this.proto = new SessionProto(session, this.opts.proto ?? {})
    // a tick later: what a listener throws is the program's exception, and no promise's
    void session.closed.then((reason) => process.nextTick(() => this.#closed(reason)))
  }

  #closed(reason: Error | null): void {
    if (this.#isOver()) return
    if (isDServiceError(reason) && reason.code !== 'DS_DISCONNECTED') this.#tell('fail', reason)
    this.emit('end')
  }

  #instantiate(remote: object): object {
    const instance = instanceOf(this.cons ?? {}, remote, this)
    if (this.proto instanceof SessionProto) this.proto.instance = instance
    this.emit('local', instance, this)
    return instance
  }

  #announce(remote: object): void {
    try {
      this.emit('remote', remote, this)
      this.emit('ready')
      this.proto?.emit('remote', remote)
      this.proto?.emit('ready')
    } catch (thrown) {
      this.#failed(toError(thrown))
    }
  }

  #tell(event: 'fail', error: Error): void {
    this.emit(event, error)
    this.proto?.emit(event, error)
  }

  /** Before it is connected the program must hear of it, later an `end` says enough to those who do not listen. */
  #socketFailed(error: Error, wasConnected: boolean): void {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return
    if (!wasConnected || this.listenerCount('error') > 0) this.emit('error', error)
  }

  /** A function of ours threw. Emitted later: what it throws without a listener is the program's, not the connection's. */
  #failed(error: Error): void {
    if (!this.#isServing || this.listenerCount('error') > 0) {
      process.nextTick(() => this.emit('error', error))
    } else if (!this.#hasWarned) {
      this.#hasWarned = true
      process.emitWarning(error, {
        detail:
          "A function served by dnode threw. Listen to the session's 'error' event to hear of the next ones.",
      })
    }
  }
}
