/** Two networks for tests of the engine: a group in memory, and the real one on loopback; both on a virtual clock. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { VirtualClock } from '../../../lib/base/virtual-clock.js'
import { startMdns } from '../../../lib/engines/mdns/engine.js'
import type { Source } from '../../../lib/engines/mdns/machine.js'
import {
  openLoopback,
  type GroupSocket,
  type OpenSocket,
  type SocketEvents,
} from '../../../lib/engines/mdns/socket.js'
import type { Discovery } from '../../../lib/mesh/discovery.js'
import { ownMesh } from '../../support/programs.js'
import type { DiscoveryWorld } from '../../contracts/discovery.js'

/** Where all members of a group on one machine seem to come from. */
export const MEMBER: Source = { address: '127.0.0.1', port: 5353 }

/** A multicast group in memory: everybody hears everything, themselves too, a moment later. */
export class FakeGroup {
  readonly members: Map<SocketEvents, { deaf: boolean }> = new Map()
  /** Every datagram that was sent to the group, or to someone outside. */
  readonly sent: { readonly bytes: Uint8Array; readonly to: Source | null }[] = []
  /** Whether opening a socket fails. */
  broken: boolean = false

  readonly open: OpenSocket = (_clock, events) => {
    if (this.broken) return Promise.reject(new Error('the network is broken'))
    this.members.set(events, { deaf: false })
    const socket: GroupSocket = {
      send: (datagrams, to) => {
        for (const bytes of datagrams) this.say(bytes, to)
        return Promise.resolve()
      },
      close: () => void this.members.delete(events),
    }
    return Promise.resolve(socket)
  }

  /** A datagram on the group, as if somebody had sent it. */
  say(bytes: Uint8Array, to: Source | null = null, from: Source = MEMBER): void {
    this.sent.push({ bytes, to })
    if (to) return
    for (const [events, { deaf }] of [...this.members]) {
      if (!deaf) setImmediate(() => this.members.has(events) && events.receive(bytes, from))
    }
  }

  /** Every socket fails at once. */
  fail(): void {
    const all = [...this.members.keys()]
    this.members.clear()
    for (const events of all) events.failed(new Error('the interface went away'))
  }

  /** The member that joined last hears nothing more, and says nothing: as if killed. */
  cutLast(): void {
    const last = [...this.members].at(-1)
    if (last) last[1].deaf = true
  }
}

/** Long enough for a goodbye and its second of grace; far too short for anything to run out. */
const SETTLED = 1_500

/** A world of engines on a group in memory. */
export class MemoryWorld implements DiscoveryWorld {
  readonly clock: VirtualClock
  readonly group: FakeGroup = new FakeGroup()
  readonly #mesh: string
  readonly #engines: Discovery[] = []

  constructor(mesh: string = 'contract', clock: VirtualClock = new VirtualClock()) {
    this.#mesh = mesh
    this.clock = clock
  }

  async discovery(mesh: string = this.#mesh): Promise<Discovery> {
    const engine = await startMdns({ mesh, clock: this.clock }, this.group.open)
    this.#engines.push(engine)
    return engine
  }

  settle(): Promise<void> {
    return this.clock.advance(SETTLED)
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine[Symbol.asyncDispose]()))
    if (this.clock.waiting > 0) throw new Error(`${this.clock.waiting} timers are left`)
    if (this.group.members.size > 0) throw new Error(`${this.group.members.size} sockets are left`)
  }
}

/** Time between two fences: what waits for time to pass must not outrun the datagrams. */
const STEP = 10

/** A world of engines on the real group, in meshes that no other test uses. Datagrams are real, time is not. */
export class LoopbackWorld implements DiscoveryWorld {
  readonly #clock = new VirtualClock()
  readonly #mesh = ownMesh()
  readonly #engines: Discovery[] = []

  async discovery(mesh: string = ''): Promise<Discovery> {
    const engine = await startMdns({ mesh: `${this.#mesh}${mesh}`, clock: this.#clock }, openLoopback)
    this.#engines.push(engine)
    return engine
  }

  async settle(): Promise<void> {
    for (let passed = 0; passed < SETTLED; passed += STEP) {
      await fence()
      await this.#clock.advance(STEP)
    }
    await fence()
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine[Symbol.asyncDispose]()))
    if (this.#clock.waiting > 0) throw new Error(`${this.#clock.waiting} timers are left`)
  }
}

/** Resolves when what was sent before has been heard: the loop has read the sockets after a datagram's way through the kernel. */
async function fence(): Promise<void> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.send('fence', socket.address().port, '127.0.0.1')
  await once(socket, 'message')
  socket.close()
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
