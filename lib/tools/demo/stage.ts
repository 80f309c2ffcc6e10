/** Where the demo plays: a mesh of its own, its processes, and the engine that carries it. */
import { createServer, type AddressInfo } from 'node:net'
import { Actor, type Casting } from './actor.js'
import type { Role } from './messages.js'

/** An engine, and the ports that it must know beforehand. */
export interface Carrier {
  readonly url: string
  /** The ports that a role takes in turn, one for each of its lives; none: any free one. */
  readonly ports: Readonly<Record<Role, number[]>>
}

/** mDNS needs no ports beforehand: that is what it is for. */
export function carrier(url: string): Carrier {
  return { url, ports: { d1: [], d2: [], client: [] } }
}

/** A d1 that comes back must find another port free: two take turns. */
const LIVES = 2

/** A static list of free ports on loopback, for machines without multicast. */
export async function staticCarrier(): Promise<Carrier> {
  const [d2 = 0, ...d1] = await freePorts(LIVES + 1)
  const list = [...d1.map((port) => `d1=127.0.0.1:${port}`), `d2=127.0.0.1:${d2}`]
  return { url: `static:${list.join(',')}`, ports: { d1, d2: [d2], client: [] } }
}

/** Asks the system for ports that are free now, all held until the last is known. */
async function freePorts(wanted: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: wanted }, () => {
      const server = createServer()
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, '127.0.0.1', () => resolve(server))
      })
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

/** The actors of one performance. Ends them all, also those that never got up. */
export class Stage {
  readonly mesh: string
  readonly carrier: Carrier
  readonly #actors = new Set<Actor>()

  constructor(mesh: string, on: Carrier) {
    this.mesh = mesh
    this.carrier = on
  }

  /** Starts a process; it is not up yet. */
  enter(role: Role): Actor {
    const ports = this.carrier.ports[role]
    const port = ports.shift()
    if (port !== undefined) ports.push(port)
    const casting: Casting = { role, mesh: this.mesh, engine: this.carrier.url }
    const actor = new Actor(port === undefined ? casting : { ...casting, port })
    this.#actors.add(actor)
    void actor.exited.then(() => this.#actors.delete(actor))
    return actor
  }

  /** Ends every process. Twice is fine. */
  async clear(): Promise<void> {
    await Promise.all([...this.#actors].map((actor) => actor.kill()))
  }
}
