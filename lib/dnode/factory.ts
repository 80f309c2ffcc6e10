/** `dnode(cons)`: the classic face, for programs that were written for npm's dnode. */
import net from 'node:net'
import Stream from 'node:stream'
import { systemClock } from '../base/clock.js'
import { invalid, toError } from '../base/errors.js'
import { newId } from '../base/id.js'
import { DEFAULTS } from '../base/options.js'
import { formatAddress, type Connection } from '../wire/connection.js'
import { connectionOf } from '../wire/stream.js'
import { instanceOf } from './api.js'
import { helloOf } from './hello.js'
import { parseArgs, type DnodeArgument, type Parsed } from './parse-args.js'
import { PipeEnd } from './pipe-end.js'
import { Session, type Api } from './session.js'

/** A listener, whatever it takes. */
type Block = (...args: unknown[]) => void

/** A server of `listen`; its sessions by their ids. Emits `local` and `remote` of each with the session. */
export interface DnodeServer extends net.Server {
  readonly sessions: Record<string, Dnode>
}

/**
 * One session in dnode's way: a stream of the old kind that may be piped, with the events `local` (api, d), `remote`
 * (remote, d), `ready`, `fail` (the peer's fault), `error` (a function of ours threw, or the connection could not be made)
 * and `end` (once). Its sockets keep the process alive until `end`.
 */
export class Dnode extends Stream {
  /** Names this session among those of its server. */
  id: string = ''
  /** The socket of `connect` and `listen`. */
  stream: net.Socket | null = null
  readable = true
  writable = true
  readonly #cons: Api
  /** A server's session: what one peer makes a function do must not end the process. */
  #isServed = false
  #hasWarned = false
  #session: Session | null = null
  /** Made when nobody connected by the tick after this one: the program pipes. */
  #pipeEnd: PipeEnd | null = null

  /** `cons`: an api, or a constructor called with the remote and this object. */
  constructor(cons: Api = {}) {
    super()
    this.#cons = cons
    process.nextTick(() => this.#startPiping())
  }

  /** Connects to a port, host, Unix socket or object of these, in any order; a function is called with the remote. Errors: DS_INVALID. */
  connect(...args: readonly DnodeArgument[]): this {
    const { port, host, path, block } = parseArgs(args)
    if (path === undefined && port === undefined) {
      throw invalid({ summary: 'no port or unix path given', hint: 'for example: d.connect(5004)' })
    }
    if (block) this.on('remote', block as Block)
    const at = path === undefined ? { port: port as number, host: host ?? 'localhost' } : { path }
    const socket = net.connect({ ...at, allowHalfOpen: true, noDelay: true })
    let isConnected = false
    socket.once('connect', () => (isConnected = true))
    socket.on('error', (error) => this.#socketFailed(error, isConnected))
    this.id = newId(systemClock)
    this.#attach(socket, { address: formatAddress(at), helloTimeout: Infinity })
    return this
  }

  /**
   * Serves the api to everyone who connects: each connection gets a session of its own. Without a host only this machine
   * can connect. A function is called once the server listens. Errors: DS_INVALID.
   */
  listen(...args: readonly DnodeArgument[]): DnodeServer {
    const parsed = parseArgs(args)
    const cons = this.#cons
    this.end()
    const sessions: Record<string, Dnode> = Object.create(null) as Record<string, Dnode>
    const serve = (socket: net.Socket): void => {
      const d = new Dnode(cons)
      d.id = newId(systemClock)
      sessions[d.id] = d
      d.on('end', () => delete sessions[d.id])
      d.on('local', (api: object) => server.emit('local', api, d))
      d.on('remote', (remote: object) => server.emit('remote', remote, d))
      d.#isServed = true
      d.#attach(socket, { address: peerOf(socket), helloTimeout: DEFAULTS.helloTimeout })
    }
    const server = Object.assign(net.createServer({ allowHalfOpen: true, noDelay: true }, serve), {
      sessions,
    })
    startListening(server, parsed)
    return server
  }

  /** Takes bytes of the peer from a pipe; false: wait for `drain`. */
  write(chunk: Buffer | string): boolean {
    if (!this.writable) return false
    this.#startPiping()
    return this.#pipeEnd?.feed(chunk) ?? true
  }

  /** Ends the session; what was sent is delivered first. Twice is fine. */
  end(): void {
    if (!this.#close()) return
    void this.#session?.close()
    this.#pipeEnd?.feedEnd()
    this.emit('end')
  }

  /** The same as `end`. */
  destroy(): void {
    this.end()
  }

  /** Holds back what is sent: whoever reads our `data` is slow. */
  pause(): void {
    this.#pipeEnd?.hold()
  }

  resume(): void {
    this.#pipeEnd?.unhold()
  }

  #close(): boolean {
    const wasOpen = this.writable
    this.writable = false
    this.readable = false
    return wasOpen
  }

  #attach(socket: net.Socket, about: { address: string; helloTimeout: number }): void {
    this.stream = socket
    const transport = socket.remotePort === undefined && about.address.startsWith('/') ? 'unix' : 'tcp'
    const peer = { transport, address: about.address } as const
    if (this.#session) return void socket.pipe(this as unknown as net.Socket).pipe(socket)
    this.#start(connectionOf(socket, { peer, clock: systemClock }), about.helloTimeout, true)
  }

  #startPiping(): void {
    if (this.#session || !this.writable) return
    this.#pipeEnd = new PipeEnd(this)
    const peer = { transport: 'stream', address: 'a pipe' } as const
    this.#start(connectionOf(this.#pipeEnd, { peer, clock: systemClock }), Infinity, false)
  }

  /** Only our own sockets offer the dialect: what is at the end of a pipe may not bear it. */
  #start(connection: Connection, helloTimeout: number, offersDialect: boolean): void {
    const session = new Session({
      connection,
      clock: systemClock,
      api: (remote: object) => this.#instantiate(remote),
      hello: offersDialect ? () => helloOf(null) : null,
      helloTimeout,
      onRemote: () => this.#announce(session.remote),
      onFail: (error) => this.emit('fail', error),
      onError: (error) => this.#failed(error),
    })
    this.#session = session
    void session.closed.then(() => {
      if (this.#close()) this.emit('end')
    })
  }

  #instantiate(remote: object): object {
    const instance = instanceOf(this.#cons, remote, this)
    this.emit('local', instance, this)
    return instance
  }

  #announce(remote: object): void {
    try {
      this.emit('remote', remote, this)
      this.emit('ready')
    } catch (thrown) {
      this.#failed(toError(thrown))
    }
  }

  /** Before it is connected the program must hear of it, later an `end` says enough to those who do not listen. */
  #socketFailed(error: Error, isConnected: boolean): void {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return
    if (!isConnected || this.listenerCount('error') > 0) this.emit('error', error)
  }

  /** A function of ours threw. Emitted later: what it throws without a listener is the program's, not the connection's. */
  #failed(error: Error): void {
    if (!this.#isServed || this.listenerCount('error') > 0) {
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

function startListening(server: net.Server, { port, host, path, block }: Parsed): void {
  if (block) server.on('listening', block as Block)
  if (port !== undefined && port >= 0) server.listen(port, host ?? DEFAULTS.host)
  else if (path !== undefined) server.listen(path)
  else throw invalid({ summary: 'no port or path provided', hint: 'for example: dnode(api).listen(5004)' })
}

function peerOf({ remoteAddress, remotePort }: net.Socket): string {
  if (remoteAddress === undefined || remotePort === undefined) return '/unix'
  return formatAddress({ host: remoteAddress, port: remotePort })
}

/** `dnode(cons)` makes a session to be connected, listened or piped; `dnode.connect` and `dnode.listen` need no api. */
export interface DnodeFactory {
  (cons?: Api): Dnode
  new (cons?: Api): Dnode
  connect(...args: readonly DnodeArgument[]): Dnode
  listen(...args: readonly DnodeArgument[]): DnodeServer
}

/** An ordinary function, since `new dnode(cons)` was allowed too. */
function create(cons?: Api): Dnode {
  return new Dnode(cons)
}

/** The face of npm's dnode. */
export const dnode: DnodeFactory = Object.assign(create as unknown as DnodeFactory, {
  connect: (...args: readonly DnodeArgument[]) => new Dnode().connect(...args),
  listen: (...args: readonly DnodeArgument[]) => new Dnode().listen(...args),
})
