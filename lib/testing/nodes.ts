/** The nodes of a world, and what lives on them. */
import type { Clock } from '../base/clock.js'
import { invalid } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { checkKeys, checkName, checkVersion, duration } from '../base/names.js'
import { DEFAULTS } from '../base/options.js'
import type { MemoryHub } from '../engines/memory.js'
import { Service } from '../mesh/dservice.js'
import type { DService } from '../mesh/types.js'
import type { MemoryNetwork } from '../wire/memory.js'
import { checkOneOf } from './checks.js'
import { Process } from './process.js'
import { unreliable, type SightingsOptions } from './sightings.js'
import type { NodeOptions, Place } from './types.js'

const KEYS: readonly string[] = Object.keys({
  node: 0,
  mesh: 0,
  version: 0,
  instanceWait: 0,
  hooks: 0,
  redact: 0,
  types: 0,
  logger: 0,
} satisfies Record<keyof NodeOptions, 0>)

/** What all nodes have in common. */
export interface Common {
  readonly clock: Clock
  readonly network: MemoryNetwork
  readonly hub: MemoryHub
  readonly logger: Logger
  /** How sightings travel now. */
  readonly sightings: () => SightingsOptions
}

/** Owned by the world. */
export class Nodes {
  readonly #common: Common
  /** Those that run, by node. */
  readonly #processes = new Map<string, Process>()
  /** All that there ever were: one that has crashed is still a place. */
  readonly #known = new Set<string>()
  readonly #homes = new Map<Place, Process>()
  readonly #services: { readonly service: { stop(): Promise<void> }; readonly process: Process }[] = []

  constructor(common: Common) {
    this.#common = common
  }

  /** Also of those that have crashed. */
  get names(): readonly string[] {
    return [...this.#known]
  }

  /** Calls, look-ups and starts that have not ended. */
  get pending(): number {
    return [...this.#processes.values()].reduce((sum, { keepAlive }) => sum + keepAlive.count, 0)
  }

  /** Errors: DS_INVALID for a name that no node has: what is done to nobody would be seen by nobody. */
  nameOf(place: Place): string {
    if (typeof place !== 'string') return this.#homeOf(place).node
    return this.#known.has(place) ? place : checkOneOf(place, this.names, 'node of this world')
  }

  /** The clock of the process that a service lives in, or that runs on a node. */
  clockOf(place: Place): Clock {
    return (typeof place === 'string' ? this.#process(place) : this.#homeOf(place)).clock
  }

  /** The process that is meant, where it has not crashed. */
  alive(place: Place): Process | undefined {
    if (typeof place === 'string') return this.#processes.get(this.nameOf(place))
    const process = this.#homeOf(place)
    return process.isDead ? undefined : process
  }

  kill(process: Process): void {
    process.kill()
    this.#processes.delete(process.node)
  }

  /** Stops all that has not crashed. */
  async stop(): Promise<void> {
    const alive = this.#services.filter(({ process }) => !process.isDead)
    await Promise.all(alive.map(({ service }) => service.stop()))
  }

  /** Makes a service, or without a name a client. Errors: DS_INVALID. */
  make<A extends object>(name: string | null, api: A, options: NodeOptions): DService<A> {
    checkKeys(options, KEYS, name === null ? 'client()' : 'service()')
    const { mesh = DEFAULTS.mesh, hooks, redact, types, instanceWait = DEFAULTS.instanceWait } = options
    const process = this.#process(options.node ?? this.#freeNode(name ?? 'client'))
    const service = new Service<A>({
      name,
      version: checkVersion(options.version ?? '0.0.0'),
      api,
      mesh: checkName(mesh, 'mesh name'),
      discovery: process.discovery(mesh),
      transport: process.transport,
      clock: process.clock,
      keepAlive: process.keepAlive,
      logger: options.logger ?? this.#common.logger,
      listenAt: async () => ({ host: process.node, port: 0 }),
      advertise: (listening) => listening,
      instanceWait: duration(instanceWait, 'instanceWait'),
      hooks,
      redact,
      types,
    })
    this.#homes.set(service, process)
    this.#services.push({ service, process })
    return service
  }

  #homeOf(place: Exclude<Place, string>): Process {
    const process = this.#homes.get(place)
    if (process) return process
    throw invalid({
      summary: 'this service is of another world',
      hint: 'give what world.service() or world.client() made, or the name of a node',
    })
  }

  /** The process that runs on a node, begun where there is none. */
  #process(node: string): Process {
    const known = this.#processes.get(node)
    if (known) return known
    const { clock, network, hub, sightings } = this.#common
    const process = new Process({
      node,
      clock,
      transport: network.transport(node),
      engine: (mesh, of) => unreliable(hub.engine({ mesh, node }), { process: of, options: sightings }),
    })
    this.#processes.set(node, process)
    this.#known.add(node)
    return process
  }

  #freeNode(name: string): string {
    const taken = new Set([...this.#homes.values()].map(({ node }) => node))
    for (let i = 1; ; i++) {
      const node = i === 1 ? name : `${name}-${i}`
      if (!taken.has(node)) return node
    }
  }
}
