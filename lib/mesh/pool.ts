/**
 * What a node knows of its mesh: sightings become peers, peers become proved instances.
 *
 *   engine --sighting--> pool --address--> peer --hello--> instance of a name
 *
 * Sightings are hints: they open connections and stop new ones; only a connection proves or ends an instance.
 */
import { reasonOf, toError } from '../base/errors.js'
import type { Identity } from '../base/identity.js'
import { formatAddress, type Address } from '../wire/connection.js'
import type { Discovery, Sighting } from './discovery.js'
import { gathering } from './gathering.js'
import { Peer, type LivePeer, type PeerContext } from './peer.js'
import { hasRoom, mustYield, PROVING_TIME, Spares, type Seat } from './seats.js'

/** Somebody's wish to know the instances of a name; ends when disposed. */
export interface Interest extends Disposable {
  /** True once the pool was closed: ask again. */
  readonly isOver: boolean
  /** Resolves when the question is out and those that were known have been tried once, or `gather` ms have passed. */
  readonly gathered: Promise<void>
  /** Why the engine failed at the question; null while it did not. The pool tells of the change. */
  readonly failure: Error | null
}

/** A peer as discovery sees it: who says that it is there, and what they say. */
interface Entry {
  readonly peer: Peer
  /** Monotonic time. */
  readonly since: number
  /** By interest and instance id: the newest sighting of each. The peer goes when the last one does. */
  readonly sightings: Map<string, { readonly interest: string; readonly sighting: Sighting }>
}

/** One question to the engine, shared by all who are interested in the name. */
interface Watch {
  users: number
  gathered: Promise<void>
  failure: Error | null
  readonly stop: () => void
  /** Peers that were sighted for it. */
  readonly seated: Set<Entry>
  readonly spares: Spares
}

/** Owned by one dservice; closed by its `stop()`. */
export class Pool {
  readonly #discovery: Discovery
  readonly #context: PeerContext
  readonly #entries = new Map<string, Entry>()
  readonly #watches = new Map<string, Watch>()
  readonly #listeners = new Set<() => void>()
  #closed = false
  #version = 0
  #rotation: Disposable | null = null

  constructor(discovery: Discovery, context: PeerContext) {
    this.#discovery = discovery
    this.#context = context
  }

  /** Grows with every change: what was computed of `live` holds while it stays. */
  get version(): number {
    return this.#version
  }

  get isClosed(): boolean {
    return this.#closed
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
      gathered: watch.gathered,
      get failure() {
        return watch.failure
      },
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

  /** Peers that, as far as their hints go, could be of this name, and have not proved it (or proved another). */
  hidden(name?: string): { peer: Peer; hint: Partial<Identity> }[] {
    const hidden: { peer: Peer; hint: Partial<Identity> }[] = []
    for (const { peer, sightings } of this.#entries.values()) {
      const hint = hintOf(sightings)
      const isProved = peer.isLive() && (name === undefined || peer.identity.name === name)
      if (!isProved && (name === undefined || (hint.name ?? name) === name)) hidden.push({ peer, hint })
    }
    return hidden
  }

  /** Our hello says who we are now. */
  introduce(): void {
    for (const { peer } of this.#entries.values()) peer.introduce()
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
      this.#forget(name, watch)
      void asked
        .then((watching) => watching[Symbol.asyncDispose]())
        .catch((error: unknown) =>
          this.#context.logger.warn({ name, reason: reasonOf(error) }, 'a question did not end well'),
        )
    }
    const watch: Watch = {
      users: 0,
      failure: null,
      stop,
      seated: new Set(),
      spares: new Spares(),
      gathered: Promise.resolve(),
    }
    this.#watches.set(name, watch)
    // before anybody who waits for the answer hears of it
    asked.catch((error: unknown) => this.#fail(name, watch, toError(error)))
    const window = (): number => this.#discovery.gather
    watch.gathered = gathering(this, name, { asked, window, clock: this.#context.clock })
    return watch
  }

  /** The engine cannot answer: whoever waits is told, and the next one who wants the name asks anew. */
  #fail(name: string, watch: Watch, error: Error): void {
    watch.failure = error
    if (this.#watches.get(name) === watch) this.#watches.delete(name)
    this.#context.logger.error({ name, reason: reasonOf(error) }, 'the engine cannot look for services')
    this.#notify()
  }

  #see(interest: string, sighting: Sighting): void {
    const watch = this.#watches.get(interest)
    if (this.#closed || !watch) return
    const key = `${formatAddress(sighting.address)} ${sighting.hint.id ?? ''}`
    if (sighting.type === 'down') return this.#drop(watch, interest, sighting)
    const known = this.#entries.get(formatAddress(sighting.address))
    if (known && sighting.type === 'up') known.peer.nudge()
    if (!this.#seat(watch, interest, sighting)) watch.spares.add(key, sighting, null)
    this.#rotateLater()
    this.#notify()
  }

  /** Gives a sighting its peer; false when there is no seat. */
  #seat(watch: Watch, interest: string, sighting: Sighting): boolean {
    const address = formatAddress(sighting.address)
    let entry = this.#entries.get(address)
    if (!entry) {
      if (!hasRoom([...watch.seated].map(seatOf), sighting.hint.version, interest !== '*')) return false
      const since = this.#context.clock.monotonic()
      entry = { peer: this.#meet(sighting.address), since, sightings: new Map() }
      this.#entries.set(address, entry)
    }
    entry.sightings.set(`${interest} ${sighting.hint.id ?? ''}`, { interest, sighting })
    watch.seated.add(entry)
    return true
  }

  /** While somebody waits for a seat, those that were not proved in time give up theirs. */
  #rotateLater(): void {
    if (this.#rotation || [...this.#watches.values()].every(({ spares }) => spares.size === 0)) return
    this.#rotation = this.#context.clock.after(PROVING_TIME, () => {
      this.#rotation = null
      for (const [interest, watch] of this.#watches) this.#rotate(interest, watch)
      this.#rotateLater()
    })
  }

  #rotate(interest: string, watch: Watch): void {
    const now = this.#context.clock.monotonic()
    if (!watch.spares.isWaiting(now)) return
    for (const entry of watch.seated) {
      if (!mustYield(seatOf(entry), now)) continue
      for (const { interest: of, sighting } of entry.sightings.values()) {
        const key = `${formatAddress(sighting.address)} ${sighting.hint.id ?? ''}`
        this.#watches.get(of)?.spares.add(key, sighting, now)
      }
      entry.sightings.clear()
      this.#remove(entry)
    }
    watch.spares.seat(now, (sighting) => this.#seat(watch, interest, sighting))
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
    for (const { sighting } of sightings?.values() ?? []) this.#discovery.recheck(sighting)
  }

  #drop(watch: Watch, interest: string, { address, hint }: Sighting): void {
    watch.spares.delete(`${formatAddress(address)} ${hint.id ?? ''}`)
    const entry = this.#entries.get(formatAddress(address))
    if (!entry?.sightings.delete(`${interest} ${hint.id ?? ''}`)) return
    // a goodbye stops new connections; a session that lives outranks it, and ends by itself
    if (entry.sightings.size === 0) this.#retire(entry)
    this.#notify()
  }

  #retire(entry: Entry): void {
    if (!entry.peer.isLive()) return this.#remove(entry)
    void entry.peer.session.closed.then(() => {
      if (entry.sightings.size === 0) this.#remove(entry)
    })
  }

  #remove(entry: Entry): void {
    const address = formatAddress(entry.peer.address)
    if (this.#entries.get(address) === entry) this.#entries.delete(address)
    for (const { seated } of this.#watches.values()) seated.delete(entry)
    void entry.peer.close()
    this.#moveUp()
    this.#notify()
  }

  /** A seat is free: one that had none may have it. */
  #moveUp(): void {
    const now = this.#context.clock.monotonic()
    for (const [interest, watch] of this.#watches) {
      if (watch.spares.size > 0) watch.spares.seat(now, (sighting) => this.#seat(watch, interest, sighting))
    }
  }

  /** Nobody is interested in the name any more. */
  #forget(interest: string, { seated }: Watch): void {
    for (const entry of [...seated]) {
      for (const [key, { interest: of }] of entry.sightings) {
        if (of === interest) entry.sightings.delete(key)
      }
      if (entry.sightings.size === 0) this.#remove(entry)
    }
  }

  #notify(): void {
    this.#version++
    for (const run of [...this.#listeners]) run()
  }
}

/** The newest of several hints. */
function hintOf(sightings: Entry['sightings']): Partial<Identity> {
  return [...sightings.values()].at(-1)?.sighting.hint ?? {}
}

function seatOf({ peer, since, sightings }: Entry): Seat {
  const version = peer.identity?.version ?? hintOf(sightings).version
  return { version, since, isLive: peer.isLive(), wasTried: peer.tried > 0 }
}
