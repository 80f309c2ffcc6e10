/** The sockets of the classic face: how `connect` and `listen` make theirs. */
import net from 'node:net'
import { systemClock } from '../../base/clock.js'
import { invalid } from '../../base/errors.js'
import { DEFAULTS, LIMITS } from '../../base/options.js'
import { formatAddress, type Address, type Connection, type Peer } from '../../wire/connection.js'
import { connectionOf } from '../../wire/stream.js'
import type { Parsed } from './parse-args.js'

/** A socket on its way, and where to. Errors: DS_INVALID without a port or path; Node's own for a port that cannot be. */
export function socketTo({ port, host, path }: Parsed): { socket: net.Socket; to: Address } {
  const to = addressTo(port, host, path)
  return { socket: net.connect({ ...to, allowHalfOpen: true, noDelay: true }), to }
}

function addressTo(port?: number, host?: string, path?: string): Address {
  if (path) return { path }
  if (port) return { port, host: host ?? 'localhost' }
  throw invalid({ summary: 'no port or unix path given' })
}

/** A server for `listen`; `serve` gets each socket. */
export function makeServer(serve: (socket: net.Socket) => void): net.Server {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, serve)
  server.maxConnections = LIMITS.connections
  return server
}

/** Starts it; without a host for this machine alone. Errors: DS_INVALID without a port or path. */
export function startListening(server: net.Server, { port, host, path, block }: Parsed): void {
  if (block) server.on('listening', block as () => void)
  if (port !== undefined && port >= 0) server.listen(port, host ?? DEFAULTS.host)
  else if (path) server.listen(path)
  else throw invalid({ summary: 'no port or path provided' })
}

/** The connection over a socket of ours. `to`: where it was made to; null: it was accepted. */
export function overSocket(socket: net.Socket, to: Address | null): Connection {
  const peer = peerOf(socket, to)
  const clock = systemClock
  if (peer.transport === 'unix') return connectionOf(socket, { peer, clock })
  return connectionOf(socket, { peer, clock, reset: () => void socket.resetAndDestroy() })
}

function peerOf({ remoteAddress, remotePort }: net.Socket, to: Address | null): Peer {
  if (to) return { transport: 'path' in to ? 'unix' : 'tcp', address: formatAddress(to) }
  if (remoteAddress === undefined || remotePort === undefined) {
    return { transport: 'unix', address: 'a unix socket' }
  }
  return { transport: 'tcp', address: formatAddress({ host: remoteAddress, port: remotePort }) }
}
