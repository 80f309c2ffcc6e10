/** A mesh in one process, on a virtual clock and a network in memory: all that goes wrong between processes, by command or by chance. */
import type { Clock } from '../base/clock.js'
import { timeout } from '../base/errors.js'
import { silentLogger } from '../base/logger.js'
import { checkKeys, checkName, splitAt } from '../base/names.js'
import { DEFAULTS } from '../base/options.js'
import { VirtualClock } from '../base/virtual-clock.js'
import { MemoryHub } from '../engines/memory.js'
import { checkApi } from '../mesh/api.js'
import type { DService } from '../mesh/types.js'
import { MemoryNetwork } from '../wire/memory.js'
import { checkGroups, checkMilliseconds, checkOneOf, checkSeed, checkSightings, checkSpan } from './checks.js'
import { Nodes } from './nodes.js'
import { quiet } from './quiet.js'
import { within, type SightingsOptions, type Span } from './sightings.js'
import type { Leftovers, NodeOptions, Place, SimulateOptions } from './types.js'

/** Milliseconds of virtual time in which what is open when a world ends has to close: a drain, a close, a connect. */
const ENDING = DEFAULTS.drain + DEFAULTS.closeTimeout + DEFAULTS.connectTimeout

/** Milliseconds between two looks of `until`. */
const STEP = 10

/** Makes a world in which nothing happens that is not told to; its time stands still until `run` or `until` move it. */
export function simulate(options: SimulateOptions = {}): World {
  return new World(options)
}

/** Owned by a test, which ends it with `stop()` or `await using`. */
export class World implements AsyncDisposable {
  readonly seed: number
  readonly #clock: VirtualClock
  readonly #network: MemoryNetwork
  readonly #hub: MemoryHub
  readonly #nodes: Nodes
  readonly #latencies = new Map<string, Span>()
  #sightings: SightingsOptions = {}

  constructor(options: SimulateOptions) {
    checkKeys(options, ['seed', 'logger'], 'simulate()')
    this.seed = options.seed ?? 1
    checkSeed(this.seed)
    this.#clock = new VirtualClock(this.seed, quiet)
    this.#network = new MemoryNetwork(this.#clock)
    this.#hub = new MemoryHub(this.#network)
    this.#network.latency = (from, to) => this.#latency(from, to)
    this.#nodes = new Nodes({
      clock: this.#clock,
      network: this.#network,
      hub: this.#hub,
      logger: options.logger ?? silentLogger,
      sightings: () => this.#sightings,
    })
  }

  // --- who is there

  /** A service, as `dservice(nameAtVersion, api, options)`; no package.json is looked at. Errors: DS_INVALID. */
  service<A extends object>(nameAtVersion: string, api: A, options: NodeOptions = {}): DService<A> {
    const { name, after } = splitAt(nameAtVersion)
    checkName(name)
    checkApi(api)
    return this.#nodes.make(name, api, { ...options, version: after ?? options.version ?? '0.0.0' })
  }

  /** A client, as `dservice(options)`. Errors: DS_INVALID. */
  client(options: NodeOptions = {}): DService<object> {
    return this.#nodes.make<object>(null, {}, options)
  }

  /** The node that a service or client lives on. Errors: DS_INVALID. */
  nodeOf(place: Place): string {
    return this.#nodes.nameOf(place)
  }

  // --- time

  /** The world's time and chance: for what a test waits for itself. */
  get clock(): Clock {
    return this.#clock
  }

  /** Time as a process has it: it stands still for it while it is frozen, and for ever when it has crashed. */
  clockOf(place: Place): Clock {
    return this.#nodes.clockOf(place)
  }

  /** Resolves when all has happened that needs no time. */
  settle(): Promise<void> {
    return this.#clock.settle()
  }

  /** Moves time on by `ms` milliseconds; resolves when all that was due has happened. Errors: DS_INVALID. */
  async run(ms: number): Promise<void> {
    checkMilliseconds(ms, 'run()')
    await this.#clock.advance(ms)
  }

  /** Moves time on until the promise has settled, at most by `most` milliseconds. Errors: the promise's own; DS_TIMEOUT. */
  async until<T>(promise: Promise<T>, most = 60_000): Promise<T> {
    checkMilliseconds(most, 'until()')
    let isSettled = false
    const note = (): void => void (isSettled = true)
    promise.then(note, note)
    await this.settle()
    for (let passed = 0; !isSettled && passed < most; passed += STEP) await this.run(STEP)
    if (isSettled) return promise
    throw timeout({
      summary: `nothing came of it within ${most} ms of virtual time (seed ${this.seed})`,
      hint: 'what waits for files, sockets or timers of the system is not on this clock: await it before',
    })
  }

  // --- the network

  /**
   * How long everything takes that is sent from now on: of the whole network, of one direction, or of all that goes to one node.
   * Errors: DS_INVALID.
   */
  latency(span: Span, options: { readonly from?: Place; readonly to?: Place } = {}): void {
    checkSpan(span, 'latency()')
    checkKeys(options, ['from', 'to'], 'latency()')
    const end = (place?: Place): string => (place === undefined ? '*' : this.nodeOf(place))
    this.#latencies.set(wayKey(end(options.from), end(options.to)), span)
  }

  /** Breaks the connections between two nodes, so that both notice, and refuses new ones until `heal`. Errors: DS_INVALID. */
  cut(a: Place, b: Place): void {
    this.#network.cut(this.nodeOf(a), this.nodeOf(b))
  }

  /**
   * Nothing arrives any more, in either direction, and nobody is told. What was sent on a connection arrives after `heal`.
   * Errors: DS_INVALID.
   */
  silence(a: Place, b: Place): void {
    this.#network.silence(this.nodeOf(a), this.nodeOf(b))
  }

  /** The same in one direction. Errors: DS_INVALID. */
  mute(from: Place, to: Place): void {
    this.#network.mute(this.nodeOf(from), this.nodeOf(to))
  }

  /** Silence, or with `how` a cut, between every two nodes that are of different groups. Errors: DS_INVALID, and nothing is parted. */
  partition(groups: readonly (readonly Place[])[], how: 'silence' | 'cut' = 'silence'): void {
    checkGroups(groups)
    checkOneOf(how, ['silence', 'cut'], 'way to part nodes')
    const named = groups.map((group) => group.map((place) => this.nodeOf(place)))
    for (const [i, group] of named.entries()) {
      for (const other of named.slice(i + 1).flat()) for (const one of group) this[how](one, other)
    }
  }

  /** Makes the way between two nodes whole; of one node, all its ways; without them, all. Errors: DS_INVALID. */
  heal(a?: Place, b?: Place): void {
    const isAll = a === undefined && b === undefined
    const ends = (place?: Place): readonly string[] =>
      place === undefined ? this.#nodes.names : [this.nodeOf(place)]
    for (const one of ends(a)) {
      // of all, each pair once
      for (const other of ends(b)) if (!isAll || one <= other) this.#network.heal(one, other)
    }
  }

  /** How the engine's sightings travel from now on. Default: all at once. Errors: DS_INVALID. */
  sightings(options: SightingsOptions = {}): void {
    checkSightings(options)
    this.#sightings = options
  }

  // --- processes

  /**
   * Kills a node's process: it does and hears nothing any more, and says no goodbye. `reset`: its system ends its connections;
   * `silent`: nobody does, as when the power fails. What is made on the node afterwards is another process. Of one that has crashed
   * nothing is left to kill. Errors: DS_INVALID.
   */
  crash(place: Place, how: 'reset' | 'silent' = 'reset'): void {
    checkOneOf(how, ['reset', 'silent'], 'way to crash')
    const process = this.#nodes.alive(place)
    if (!process) return
    this.#nodes.kill(process)
    this.#network.thaw(process.node)
    this.#network.crash(process.node, how)
  }

  /** Stops a node's process in its tracks, as a debugger, a swap or SIGSTOP does, until `thaw`. */
  freeze(place: Place): void {
    const process = this.#nodes.alive(place)
    if (!process) return
    process.freeze()
    this.#network.freeze(process.node)
  }

  /** Lets it go on: what came meanwhile, and all timers that would have run, come at once. */
  thaw(place: Place): void {
    const process = this.#nodes.alive(place)
    if (!process) return
    this.#network.thaw(process.node)
    process.thaw()
  }

  // --- the end

  /** What is open now. */
  get leftovers(): Leftovers {
    const { connections, listeners } = this.#network
    const { announced, watched } = this.#hub
    const { pending } = this.#nodes
    return { announced, watched, connections, listeners, timers: this.#clock.waiting, pending }
  }

  /** Makes everything whole, stops all that has not crashed, and answers what is left: zeros, or something leaks. */
  async stop(): Promise<Leftovers> {
    this.sightings()
    this.#latencies.clear()
    for (const node of this.#nodes.names) this.thaw(node)
    this.heal()
    await this.until(this.#nodes.stop())
    // the last words of those that have crashed
    await this.run(ENDING)
    return this.leftovers
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #latency(from: string, to: string): number {
    if (this.#latencies.size === 0) return 0
    const span =
      this.#latencies.get(wayKey(from, to)) ??
      this.#latencies.get(wayKey('*', to)) ??
      this.#latencies.get(wayKey(from, '*')) ??
      this.#latencies.get(wayKey('*', '*'))
    return span === undefined ? 0 : within(span, this.#clock)
  }
}

function wayKey(from: string, to: string): string {
  return `${from}\n${to}`
}
