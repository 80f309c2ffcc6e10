/** A mesh of any number of nodes in memory, on one virtual clock: services, clients, cuts and crashes without a socket. */
import type { Clock } from '../../lib/base/clock.js'
import { silentLogger } from '../../lib/base/logger.js'
import { splitAt } from '../../lib/base/names.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { MemoryHub } from '../../lib/engines/memory.js'
import { Service } from '../../lib/mesh/dservice.js'
import type { Parts } from '../../lib/mesh/parts.js'
import { LazyDiscovery, type Loan } from '../../lib/mesh/lazy-discovery.js'
import type { DService } from '../../lib/mesh/types.js'
import { MemoryNetwork } from '../../lib/wire/memory.js'
import { lagging } from './lagging.js'

/** What a node may have besides. */
type More = Partial<Pick<Parts<object>, 'hooks' | 'redact' | 'keepAlive' | 'declared' | 'logger'>>

/** Owned by one test, which ends it with `end()`. */
export class TestMesh {
  readonly clock: VirtualClock
  readonly network: MemoryNetwork
  readonly hub: MemoryHub
  readonly #nodes: DService[] = []
  readonly #lag: number

  /** `lag`: milliseconds that a sighting may be late. */
  constructor(seed = 1, lag = 0) {
    this.#lag = lag
    this.clock = new VirtualClock(seed)
    this.network = new MemoryNetwork(this.clock)
    this.hub = new MemoryHub(this.network)
  }

  /** A service `name@version` on the node `at` (default: its own name and version). */
  service<A extends object>(
    nameAt: string,
    api: A,
    at: string = nameAt.replace('@', '-'),
    more: More = {},
  ): DService<A> {
    const { name, after = '0.0.0' } = splitAt(nameAt)
    return this.#make<A>({ ...more, name, version: after, api, at })
  }

  client(at = 'client', mesh = 'default', more: More = {}): DService {
    return this.#make({ ...more, name: null, version: '0.0.0', api: {}, at, mesh })
  }

  /** Time passes; answers when all that was due has happened. */
  advance(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  settle(): Promise<void> {
    return this.clock.settle()
  }

  /** Runs time until the promise has settled, `most` milliseconds of it at most. */
  async until<T>(promise: Promise<T>, most = 60_000): Promise<T> {
    let settled = false
    const note = (): void => void (settled = true)
    promise.then(note, note)
    for (let passed = 0; !settled && passed < most; passed += 10) await this.advance(10)
    if (!settled)
      throw new Error(`nothing came of it within ${most} ms of virtual time (seed ${this.clock.seed})`)
    return promise
  }

  /** Stops every node and answers what is left open: all zeros, or something leaks. */
  async end(): Promise<{ announced: number; watched: number; connections: number }> {
    const stopped = Promise.all(this.#nodes.map((node) => node.stop()))
    await this.until(stopped)
    await this.settle()
    return {
      announced: this.hub.announced,
      watched: this.hub.watched,
      connections: this.network.connections,
    }
  }

  #loan(mesh: string, node: string): Loan {
    const prompt = this.hub.engine({ mesh, node })
    const engine = this.#lag > 0 ? lagging(prompt, this.clock, this.#lag) : prompt
    return { engine, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() }
  }

  #make<A extends object>(
    parts: More & Pick<Parts<A>, 'name' | 'version' | 'api'> & { at: string; mesh?: string },
  ): DService<A> {
    const { at, mesh = 'default', logger = silentLogger, ...rest } = parts
    const service = new Service<A>({
      ...rest,
      mesh,
      discovery: new LazyDiscovery('memory:', () => Promise.resolve(this.#loan(mesh, at))),
      transport: this.network.transport(at),
      clock: this.clock satisfies Clock,
      logger,
      listenAt: async () => ({ host: at, port: 0 }),
      advertise: (listening) => listening,
      instanceWait: 5_000,
    })
    this.#nodes.push(service as DService)
    return service
  }
}
