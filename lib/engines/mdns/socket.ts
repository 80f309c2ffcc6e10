/** The socket on the multicast group: ours alone, on loopback alone, or not at all. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { platform } from 'node:os'
import type { Clock } from '../../base/clock.js'
import { engine, reasonOf, toError, type DServiceError } from '../../base/errors.js'
import type { Source } from './machine.js'

const GROUP = '224.0.0.251'
const PORT = 5353
const LOOPBACK = '127.0.0.1'
/** RFC 6762 section 11: receivers may refuse anything else. */
const TTL = 255
/** Our own first datagram comes back within a millisecond; a machine that is very busy gets this long. */
const ECHO_WAIT = 2_000
/** When it is sent again: in a flood the kernel drops datagrams, ours as well. */
const ECHO_AGAIN = [50, 150, 350, 750, 1_550] as const
/**
 * What comes while this process is busy waits in the kernel: some hundred datagrams, as when all services of a
 * machine answer at once. Not more, as in a flood each waits for all before it. Bytes.
 */
const RECEIVE_BUFFER = 1 << 18

/** What the socket's owner is told. */
export interface SocketEvents {
  /** A datagram of this machine. */
  readonly receive: (bytes: Uint8Array, from: Source) => void
  /** The socket is closed and of no more use; comes once, and never after `close()`. */
  readonly failed: (error: Error) => void
}

/** A place on the group. */
export interface GroupSocket {
  /** Resolves when the datagrams were handed to the kernel. To the group where `to` is null. */
  send(datagrams: readonly Uint8Array[], to: Source | null): Promise<void>
  /** Twice is fine. */
  close(): void
}

export type OpenSocket = (clock: Clock, events: SocketEvents) => Promise<GroupSocket>

/**
 * Joins the group on loopback. Answers only when a datagram of our own came back. Errors: DS_ENGINE.
 *
 * Bound to the group's address where the system allows: a socket on 0.0.0.0 hears every group that any process
 * of the machine has joined. Even so Linux delivers what others' memberships bring in from other interfaces,
 * so whatever does not come from 127.0.0.0/8 is dropped; such addresses cannot come from outside.
 */
export async function openLoopback(clock: Clock, events: SocketEvents): Promise<GroupSocket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const owner = new LoopbackSocket(socket, events)
  try {
    await bind(socket)
    join(socket)
    await owner.hearOurselves(clock)
  } catch (error) {
    owner.close()
    throw noMulticast(error)
  }
  return owner
}

function bind(socket: Socket): Promise<void> {
  const address = platform() === 'win32' ? '0.0.0.0' : GROUP
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    // Exclusive: a worker of node:cluster has a socket of its own, not one that it shares with its siblings.
    socket.bind({ port: PORT, address, exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
}

/** Every step throws where it fails: there is no default interface to fall back to. */
function join(socket: Socket): void {
  socket.unref()
  widen(socket)
  socket.setMulticastTTL(TTL)
  socket.setMulticastLoopback(true)
  socket.setMulticastInterface(LOOPBACK)
  socket.addMembership(GROUP, LOOPBACK)
}

function widen(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER)
  } catch {
    // A system that refuses what Linux cuts down: the size that it gave is what there is.
    return
  }
}

function noMulticast(cause: unknown): DServiceError {
  return engine({
    summary: `multicast DNS needs UDP port ${PORT} and the group ${GROUP} on loopback, and did not get them: ${reasonOf(cause)}`,
    hint: 'list the services by hand instead, for example DSERVICE_ENGINE=static:d1=127.0.0.1:4001',
    cause,
  })
}

class LoopbackSocket implements GroupSocket {
  readonly #socket: Socket
  readonly #events: SocketEvents
  #closed = false
  #ready = false
  #echo: ((bytes: Uint8Array) => void) | null = null

  constructor(socket: Socket, events: SocketEvents) {
    this.#socket = socket
    this.#events = events
    // Before bind: an 'error' without a listener would end the process.
    socket.on('error', (error) => this.#fail(error))
    socket.on('message', (bytes, from) => this.#receive(bytes, from))
  }

  async send(datagrams: readonly Uint8Array[], to: Source | null): Promise<void> {
    await Promise.all(datagrams.map((bytes) => this.#send(bytes, to ?? { address: GROUP, port: PORT })))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
  }

  /** An empty query with a number of its own goes out, and must come back. */
  async hearOurselves(clock: Clock): Promise<void> {
    const datagram = Buffer.alloc(12)
    datagram.writeUInt16BE(Math.floor(clock.random() * 0x10000))
    const say = (): Promise<void> => this.#send(datagram, { address: GROUP, port: PORT })
    const timers: Disposable[] = []
    try {
      const heard = new Promise<boolean>((resolve, reject) => {
        this.#echo = (bytes) => void (datagram.equals(bytes) && resolve(true))
        // The round after the timer: what lies in the socket's queue of a process that was busy still counts.
        timers.push(clock.after(ECHO_WAIT, () => setImmediate(() => setImmediate(resolve, false))))
        for (const ms of ECHO_AGAIN) timers.push(clock.after(ms, () => void say().catch(reject)))
      })
      const [isHeard] = await Promise.all([heard, say()])
      if (!isHeard) throw new Error(`a datagram to ${GROUP} did not come back within ${ECHO_WAIT} ms`)
    } finally {
      this.#echo = null
      for (const timer of timers) timer[Symbol.dispose]()
    }
    this.#ready = true
  }

  #send(bytes: Uint8Array, { address, port }: Source): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error('the socket is closed'))
      this.#socket.send(bytes, port, address, (error) => (error ? reject(toError(error)) : resolve()))
    })
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.#closed || !from.address.startsWith('127.')) return
    if (this.#echo) return this.#echo(bytes)
    this.#events.receive(bytes, { address: from.address, port: from.port })
  }

  #fail(error: Error): void {
    if (this.#closed || !this.#ready) return
    this.close()
    this.#events.failed(error)
  }
}
