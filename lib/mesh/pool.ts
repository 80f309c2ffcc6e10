/**
 * What a node knows of its mesh: sightings become peers, peers become proved instances.
 *
 *   engine --sighting--> pool --address--> peer --hello--> instance of a name
 *
 * Sightings are hints: they open connections and stop new ones; only a connection proves or ends an instance.
 */
import type { Clock } from '../base/clock.js'
import { reasonOf } from '../base/errors.js'
import type { Identity } from '../base/identity.js'
import { LIMITS } from '../base/options.js'
import { formatAddress, type Address } from '../wire/connection.js'
import type { Discovery, Sighting } from './discovery.js'
import { Peer, type LivePeer, type PeerContext } from './peer.js'

/** Somebody's wish to know the instances of a name; ends when disposed. */
export interface Interest extends Disposable {
  /** True once the pool was closed: ask again. */
  readonly isOver: boolean
  /** Resolves when the question is out and those that were known have been tried once, or `gather` ms have passed. */
  readonly gathered: Promise<void>
  /** Rejects when the engine fails at the question; else pending. */
  readonly failed: Promise<never>
}

/** A peer as discovery sees it: who says that it is there, and what they say. */
interface Entry {
  readonly peer: Peer
  /** `interest/instance id` -> the newest sighting. The peer goes when the last one does. */
  readonly sightings: Map<string, Sighting>
}

/** One question to the engine, shared by all who are interested in the name. */
interface Watch {
  users: number
  readonly asked: Pick<Interest, 'gathered' | 'failed'>
  readonly stop: () => void
}

/** Owned by one dservice; closed by its `stop()`. */
export class Pool {
  readonly #discovery: Discovery
  readonly #context: PeerContext
  readonly #entries = new Map<string, Entry>()
  /** Sightings beyond LIMITS.instances of a name, by interest and address: they move up when one goes. */
  readonly #spare = new Map<string, Map<string, Sighting>>()
  readonly #watches = new Map<string, Watch>()
  readonly #listeners = new Set<() => void>()
  #closed = false
  #version = 0

  constructor(discovery: Discovery, context: PeerContext) {
    this.#discovery = discovery
    this.#context = context
  }

  /** Grows with every change: what was computed of `live` holds while it stays. */
  get version(): number {
    return this.#version
  }

  get engine(): string {
    return this.#discovery.url
  }

  /** Calls `run` whenever what the pool knows changed, until disposed. */
  onChange(run: () => void): Disposable {
    this.#listeners.add(run)
    return { [Symbol.dispose]: () => void this.#listeners.delete(run) }
  }

  /** Starts to look for the instances of a name ('*': of all), and connects to them. */
  want(name: string): Interest {
    this.#closed = false
    const watch = this.#watches.get(name) ?? this.#watch(name)
    watch.users++
    let ended = false
    const isOver = (): boolean => ended || this.#watches.get(name) !== watch
    return {
      ...watch.asked,
      get isOver() {
        return isOver()
      },
      [Symbol.dispose]: () => {
        if (isOver()) return
        ended = true
        if (--watch.users === 0) watch.stop()
      },
    }
  }

  /** Proved instances, of one name or all. */
  live(name?: string): LivePeer[] {
    const live: LivePeer[] = []
    for (const { peer } of this.#entries.values()) {
      if (peer.isLive() && (name === undefined || peer.identity.name === name)) live.push(peer)
    }
    return live
  }

  /** Peers without a proved identity that, as far as their hints go, could be of this name. */
  hidden(name?: string): { peer: Peer; hint: Partial<Identity> }[] {
    const hidden: { peer: Peer; hint: Partial<Identity> }[] = []
    for (const { peer, sightings } of this.#entries.values()) {
      const hint = [...sightings.values()].at(-1)?.hint ?? {}
      if (!peer.isLive() && (name === undefined || (hint.name ?? name) === name)) hidden.push({ peer, hint })
    }
    return hidden
  }

  /** Ends all questions and sessions. Twice is fine; a later `want` opens the pool again. */
  async close(): Promise<void> {
    this.#closed = true
    for (const watch of [...this.#watches.values()]) watch.stop()
    const peers = [...this.#entries.values()].map((entry) => entry.peer)
    this.#entries.clear()
    await Promise.all(peers.map((peer) => peer.close()))
    this.#notify()
  }

  #watch(name: string): Watch {
    let stopped = false
    const asked = this.#discovery.watch(name, (sighting) => {
      if (!stopped) this.#see(name, sighting)
    })
    const stop = (): void => {
      stopped = true
      this.#watches.delete(name)
      this.#forget(name)
      void asked
        .then((watching) => watching[Symbol.asyncDispose]())
        .catch((error: unknown) =>
          this.#context.logger.warn({ name, reason: reasonOf(error) }, 'a question did not end well'),
        )
    }
    const watch = { users: 0, asked: this.#track(name, asked), stop }
    this.#watches.set(name, watch)
    return watch
  }

  #track(name: string, asked: Promise<unknown>): Watch['asked'] {
    const failed = asked.then(() => new Promise<never>(() => undefined))
    // whoever waits for instances races against this; the next one who wants the name asks anew
    void failed.catch((error: unknown) => {
      this.#watches.delete(name)
      this.#context.logger.error({ name, reason: reasonOf(error) }, 'the engine cannot look for services')
    })
    return { failed, gathered: this.#gather(name, asked) }
  }

  /** The first choice of a name should see all candidates, not the one that answered first. */
  async #gather(name: string, asked: Promise<unknown>): Promise<void> {
    const { clock } = this.#context
    try {
      await asked
    } catch {
      return // told by `failed`
    }
    const window = this.#discovery.gather
    if (window > 0) await clock.sleep(window)
    await this.#firstTries(name, clock)
  }

  /** Waits until every peer sighted for the name was tried once: 250 ms at most, as one may be dead and silent. */
  #firstTries(name: string, clock: Clock): Promise<void> {
    const done = (): boolean => this.hidden(name).every(({ peer }) => peer.tried > 0)
    return new Promise((resolve) => {
      if (this.#closed || done()) return resolve()
      const finish = (): void => {
        timer[Symbol.dispose]()
        listener[Symbol.dispose]()
        resolve()
      }
      const timer = clock.after(250, finish)
      const listener = this.onChange(() => (this.#closed || done() ? finish() : undefined))
    })
  }

  #see(interest: string, sighting: Sighting): void {
    if (this.#closed) return
    const address = formatAddress(sighting.address)
    const key = `${interest}/${sighting.hint.id ?? ''}`
    if (sighting.type === 'down') return this.#drop(address, key)
    let entry = this.#entries.get(address)
    if (!entry) {
      if (this.#isFull(interest)) return this.#keepSpare(interest, `${address} ${key}`, sighting)
      entry = { peer: this.#meet(sighting.address), sightings: new Map() }
      this.#entries.set(address, entry)
    } else if (sighting.type === 'up') entry.peer.nudge()
    entry.sightings.set(key, sighting)
    this.#notify()
  }

  /** A name has so many instances that this node keeps no more sessions to it. */
  #isFull(interest: string): boolean {
    if (interest === '*') return false
    let count = 0
    for (const { sightings } of this.#entries.values()) {
      if ([...sightings.keys()].some((key) => key.startsWith(`${interest}/`))) count++
    }
    return count >= LIMITS.instances
  }

  #keepSpare(interest: string, key: string, sighting: Sighting): void {
    const spare = this.#spare.get(interest) ?? new Map<string, Sighting>()
    this.#spare.set(interest, spare.set(key, sighting))
  }

  /** An instance went: one that found no place before may have it. */
  #moveUp(): void {
    for (const [interest, spare] of this.#spare) {
      const [next] = spare
      if (!next || this.#isFull(interest)) continue
      spare.delete(next[0])
      this.#see(interest, next[1])
    }
  }

  #meet(address: Address): Peer {
    return new Peer(address, this.#context, (peer, lost) => {
      if (lost) this.#recheck(peer)
      this.#notify()
    })
  }

  /** A connection failed or broke: the engine shall ask again whether the instance is there. */
  #recheck(peer: Peer): void {
    const sightings = this.#entries.get(formatAddress(peer.address))?.sightings
    for (const sighting of sightings?.values() ?? []) this.#discovery.recheck(sighting)
  }

  #drop(address: string, key: string): void {
    for (const spare of this.#spare.values()) spare.delete(`${address} ${key}`)
    const entry = this.#entries.get(address)
    if (!entry?.sightings.delete(key)) return
    // a goodbye stops new connections; a session that lives outranks it, and ends by itself
    if (entry.sightings.size === 0) this.#retire(address, entry)
    this.#notify()
  }

  #retire(address: string, entry: Entry): void {
    if (entry.peer.isLive()) {
      void entry.peer.session.closed.then(() => {
        if (entry.sightings.size === 0) this.#remove(address, entry)
      })
      return
    }
    this.#remove(address, entry)
  }

  #remove(address: string, entry: Entry): void {
    if (this.#entries.get(address) === entry) this.#entries.delete(address)
    void entry.peer.close()
    this.#moveUp()
    this.#notify()
  }

  /** Nobody is interested in the name any more. */
  #forget(interest: string): void {
    this.#spare.delete(interest)
    for (const [address, entry] of this.#entries) {
      for (const key of [...entry.sightings.keys()]) {
        if (key.startsWith(`${interest}/`)) entry.sightings.delete(key)
      }
      if (entry.sightings.size === 0) this.#remove(address, entry)
    }
  }

  #notify(): void {
    this.#version++
    for (const run of [...this.#listeners]) run()
  }
}
