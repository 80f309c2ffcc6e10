/** A network in memory: nodes with names, connections that can be cut, silenced, delayed. The fake beside the real transport. */
import type { Clock } from '../base/clock.js'
import { Emitter } from '../base/emitter.js'
import { listen as cannotListen, toError } from '../base/errors.js'
import { DEFAULTS } from '../base/options.js'
import { formatAddress, type Address, type Connection, type Listening, type Transport } from './connection.js'
import { dialing } from './dial.js'
import { joinPair, type Line, type Pair } from './memory-pair.js'
import { Ways, type Latency } from './memory-ways.js'

export { memoryPair, type PairOptions } from './memory-pair.js'
export type { Latency } from './memory-ways.js'

/** The first port that the network gives away by itself. */
const FIRST_PORT = 40_001

/** What happens to a network as a whole. */
export interface NetworkEvents {
  healed: () => void
  crashed: (node: string) => void
}

type Accept = (connection: Connection) => void

interface Link {
  readonly nodes: readonly [string, string]
  readonly pair: Pair
}

/** Nodes in one process that reach each other only through here. Owned by one test; nothing of it outlives the process. */
export class MemoryNetwork {
  readonly #clock: Clock
  readonly #events = new Emitter<NetworkEvents>()
  /** `node:port` -> who takes connections there. */
  readonly #listeners = new Map<string, { readonly node: string; readonly accept: Accept }>()
  readonly #links = new Set<Link>()
  readonly #ways = new Ways()
  /** Dials that a silence holds up. */
  readonly #held = new Set<() => void>()
  #port = FIRST_PORT
  #dialled = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The transport of one node. Whatever host it listens on, its address is `{ host: node, port }`. */
  transport(node: string): Transport {
    return {
      listen: async (at, accept) => this.#listen(node, at, accept),
      dial: (to, signal) => this.#dial(node, to, signal),
    }
  }

  on<E extends keyof NetworkEvents>(event: E, run: NetworkEvents[E]): Disposable {
    return this.#events.on(event, run)
  }

  /** Breaks what is open between two nodes, so that both notice, and lets no dial through. */
  cut(a: string, b: string): void {
    this.#ways.cut(a, b)
    for (const { pair } of this.#between(a, b)) {
      pair.breakEnd(0)
      pair.breakEnd(1)
    }
  }

  /** Rows, ends and dials between two nodes get lost without anybody noticing; what connections carry arrives after `heal`. */
  silence(a: string, b: string): void {
    this.mute(a, b)
    this.mute(b, a)
  }

  /** The same in one direction: what comes back arrives. */
  mute(from: string, to: string): void {
    this.#ways.mute(from, to)
  }

  /** A node takes nothing until it is thawed, as a process that is stopped: nothing breaks, and all waits. */
  freeze(node: string): void {
    this.#ways.freeze(node)
  }

  thaw(node: string): void {
    this.#ways.thaw(node)
    for (const { pair } of this.#linksOf(node)) pair.resume()
    this.#retryHeld()
  }

  /** Ends a cut or a silence. Connections that were cut stay cut. */
  heal(a: string, b: string): void {
    this.#ways.heal(a, b)
    for (const { pair } of this.#between(a, b)) pair.resume()
    this.#retryHeld()
    this.#events.emit('healed')
  }

  /**
   * A node dies without a goodbye. It may come back under the same name. `reset`: its system says so to those that it was connected
   * to; `silent`: nobody does, as when the power fails.
   */
  crash(node: string, how: 'reset' | 'silent' = 'reset'): void {
    for (const [key, listener] of this.#listeners) {
      if (listener.node === node) this.#listeners.delete(key)
    }
    for (const { nodes, pair } of this.#linksOf(node)) {
      if (nodes[0] === node) pair.breakEnd(0, how)
      if (nodes[1] === node) pair.breakEnd(1, how)
    }
    this.#events.emit('crashed', node)
  }

  /** How long everything sent from now on takes from node to node. */
  delay(ms: number): void {
    this.latency = () => ms
  }

  /** The same, by direction and for each piece. */
  set latency(latency: Latency) {
    this.#ways.latency = latency
  }

  /** Whether what one node says gets to the other. */
  reaches(from: string, to: string): boolean {
    return this.#ways.reaches(from, to)
  }

  /** Connections that are open at one end at least: a leak check ends a test with 0. */
  get connections(): number {
    return this.#links.size
  }

  /** Ports that are listened on. */
  get listeners(): number {
    return this.#listeners.size
  }

  /** Connections that a node is an end of. */
  connectionsOf(node: string): number {
    return this.#linksOf(node).length
  }

  #listen(node: string, at: Address, accept: Accept): Listening {
    const asked = 'path' in at ? 0 : at.port
    const address = { host: node, port: asked === 0 ? this.#port++ : asked }
    const key = formatAddress(address)
    if (this.#listeners.has(key)) {
      throw cannotListen({
        summary: `cannot listen on ${key}: EADDRINUSE`,
        hint: 'choose another port, or 0 for a free one',
        details: { address: key, reason: 'EADDRINUSE' },
      })
    }
    const listener = { node, accept }
    this.#listeners.set(key, listener)
    const close = async (): Promise<void> => {
      if (this.#listeners.get(key) === listener) this.#listeners.delete(key)
    }
    return { address, close, [Symbol.asyncDispose]: close }
  }

  #dial(from: string, to: Address, signal?: AbortSignal): Promise<Connection> {
    const options = { to, clock: this.#clock, within: DEFAULTS.connectTimeout, signal }
    return dialing(options, (attempt) => {
      let isAbandoned = false
      const arrive = (): void => {
        if (isAbandoned) return
        const outcome = this.#connect(from, to)
        if (outcome === 'silence') this.#held.add(arrive)
        else if (typeof outcome === 'string') attempt.failed(outcome)
        else attempt.connected(outcome)
      }
      const wait = 'path' in to ? 0 : this.#ways.latency(from, to.host)
      if (wait > 0) this.#clock.after(wait, arrive)
      else setImmediate(arrive)
      return () => {
        isAbandoned = true
        this.#held.delete(arrive)
      }
    })
  }

  /** The dialler's end of a new connection, or why there is none. */
  #connect(from: string, to: Address): Connection | string {
    if ('path' in to) return 'ENOTSUP'
    if (this.#ways.isSilent(from, to.host) || this.#ways.isSilent(to.host, from)) return 'silence'
    if (this.#ways.isCut(from, to.host)) return 'EHOSTUNREACH'
    const listener = this.#listeners.get(formatAddress(to))
    if (!listener) return 'ECONNREFUSED'
    const [near, far] = this.#join(from, to).ends
    try {
      listener.accept(far)
    } catch (error) {
      far.destroy(toError(error))
    }
    return near
  }

  #join(from: string, to: { readonly host: string; readonly port: number }): Pair {
    const pair = joinPair({
      clock: this.#clock,
      line: this.#line(from, to.host),
      back: this.#line(to.host, from),
      addresses: [formatAddress(to), `memory:${from}:${++this.#dialled}`],
    })
    const link: Link = { nodes: [from, to.host], pair }
    this.#links.add(link)
    void Promise.all(pair.ends.map((end) => end.closed)).then(() => this.#links.delete(link))
    return pair
  }

  #line(from: string, to: string): Line {
    const ways = this.#ways
    return {
      clock: this.#clock,
      get delay() {
        return ways.latency(from, to)
      },
      get isSilent() {
        return ways.isSilent(from, to)
      },
    }
  }

  #retryHeld(): void {
    const held = [...this.#held]
    this.#held.clear()
    for (const retry of held) retry()
  }

  #linksOf(node: string): Link[] {
    return [...this.#links].filter(({ nodes }) => nodes.includes(node))
  }

  #between(a: string, b: string): Link[] {
    return this.#linksOf(a).filter(({ nodes: [x, y] }) => (x === a ? y : x) === b)
  }
}
