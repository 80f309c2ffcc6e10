/** The transport for TCP and Unix sockets. */
import net from 'node:net'
import type { Clock } from '../base/clock.js'
import { listen as cannotListen, reasonOf, toError } from '../base/errors.js'
import { silentLogger, type Logger } from '../base/logger.js'
import { DEFAULTS, LIMITS } from '../base/options.js'
import { formatAddress, type Address, type Connection, type Listening, type Transport } from './connection.js'
import { dialing } from './dial.js'
import { connectionOf } from './stream.js'
import { checkPath, removeStale } from './unix.js'

export interface TcpOptions {
  readonly clock: Clock
  readonly logger?: Logger
  /** Whether sockets and servers keep the process alive by themselves. Default: false, base/keepalive does it. */
  readonly keepAlive?: boolean
  /** Default: DEFAULTS.connectTimeout. */
  readonly connectTimeout?: number
  /** Connections of one listener; more are closed. Default: LIMITS.connections. */
  readonly connections?: number
  /** Default: LIMITS.writeQueue. */
  readonly writeQueue?: number
}

type Accept = (connection: Connection) => void

/** Connections over TCP (`host` and `port`) and Unix sockets (`path`). */
export function tcpTransport(options: TcpOptions): Transport {
  return {
    listen: (at, accept) => listenAt(at, accept, options),
    dial: (to, signal) => dialTo(to, signal, options),
  }
}

async function listenAt(at: Address, accept: Accept, options: TcpOptions): Promise<Listening> {
  const server = serverOf(at, accept, options)
  try {
    await bind(server, at).catch((error: unknown) => bindAgain(server, at, error))
  } catch (error) {
    throw listenError(at, error)
  }
  // from here on only a connection that could not be accepted gives an error; the others go on
  server.on('error', (error) => {
    const { logger = silentLogger } = options
    logger.warn({ address: formatAddress(at), error: reasonOf(error) }, 'a connection could not be accepted')
  })
  return listeningOf(server, at)
}

/** A Unix socket whose owner was killed looks taken. */
async function bindAgain(server: net.Server, at: Address, error: unknown): Promise<void> {
  if (!('path' in at) || codeOf(error) !== 'EADDRINUSE' || !(await removeStale(at.path))) throw error
  await bind(server, at)
}

function serverOf(at: Address, accept: Accept, options: TcpOptions): net.Server {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = wrap(socket, 'path' in at ? at : addressOf(socket), options)
    try {
      accept(connection)
    } catch (error) {
      connection.destroy(toError(error))
    }
  })
  server.maxConnections = options.connections ?? LIMITS.connections
  if (!options.keepAlive) server.unref()
  return server
}

/** `exclusive`: the workers of a cluster are instances of their own, and share no port. */
function bind(server: net.Server, at: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error)
    if ('path' in at) checkPath(at.path)
    server.once('error', onError)
    server.listen({ ...at, exclusive: true }, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

function listeningOf(server: net.Server, at: Address): Listening {
  const bound = server.address()
  const address: Address =
    bound === null || typeof bound === 'string' ? at : { host: bound.address, port: bound.port }
  // the port is free as soon as close() returns; its callback waits for the connections as well
  const close = async (): Promise<void> => {
    if (server.listening) server.close()
  }
  return { address, close, [Symbol.asyncDispose]: close }
}

const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'stop what uses it, choose another port, or give port 0 for a free one',
  EACCES: 'choose a port above 1023, or a folder that is there and that you may write to',
  ENAMETOOLONG: 'choose a shorter path',
  EADDRNOTAVAIL: 'give an address of this machine, such as 127.0.0.1',
  ENOTFOUND: 'give an address of this machine, such as 127.0.0.1',
}

function listenError(at: Address, error: unknown): Error {
  const code = codeOf(error)
  return cannotListen({
    summary: `cannot listen on ${formatAddress(at)}: ${code}`,
    hint: LISTEN_HINTS[code] ?? reasonOf(error),
    cause: error,
    details: { address: formatAddress(at), reason: code },
  })
}

function dialTo(to: Address, signal: AbortSignal | undefined, options: TcpOptions): Promise<Connection> {
  const { clock, connectTimeout: within = DEFAULTS.connectTimeout } = options
  return dialing({ to, clock, within, signal }, (attempt) => {
    const socket = socketTo(to, options)
    const onError = (error: Error): void => attempt.failed(codeOf(error), error)
    socket.on('error', onError)
    socket.once('connect', () => {
      const connection = wrap(socket, to, options)
      socket.off('error', onError)
      attempt.connected(connection)
    })
    return () => void socket.destroy()
  })
}

/** A socket on its way. An address that Node refuses at once is told of by 'error', as any other. */
function socketTo(to: Address, options: TcpOptions): net.Socket {
  const socket = new net.Socket({ allowHalfOpen: true })
  // `connect` of a socket that is there knows no such option: the second small write of a turn would wait 40 ms for the
  // peer's delayed acknowledgement
  socket.setNoDelay(true)
  if (!options.keepAlive) socket.unref()
  try {
    if ('path' in to) checkPath(to.path)
    return socket.connect({ ...to })
  } catch (error) {
    return socket.destroy(toError(error))
  }
}

function wrap(socket: net.Socket, at: Address, options: TcpOptions): Connection {
  const { clock, writeQueue } = options
  if (!options.keepAlive) socket.unref()
  const peer = { address: formatAddress(at) }
  const shared = { clock, writeQueue, writesOut: true }
  if ('path' in at) return connectionOf(socket, { ...shared, peer: { transport: 'unix', ...peer } })
  const reset = (): void => void socket.resetAndDestroy()
  return connectionOf(socket, { ...shared, reset, peer: { transport: 'tcp', ...peer } })
}

/** The far end of an accepted socket. One that hung up at once has none any more. */
function addressOf(socket: net.Socket): Address {
  return { host: socket.remoteAddress ?? 'gone', port: socket.remotePort ?? 0 }
}

/** The system's word for what happened: ECONNREFUSED. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : reasonOf(error)
}
