/**
 * What a node knows of its mesh: sightings become peers, peers become proved instances.
 *
 *   engine --sighting--> pool --address--> peer --hello--> instance of a name
 *
 * Sightings are hints: they open connections and stop new ones; only a connection proves or ends an instance.
 */
import { reasonOf, toError } from '../../base/errors.js'
import { formatAddress, type Address } from '../../wire/connection.js'
import type { Discovery, Sighting } from '../discovery.js'
import { Departed } from './departed.js'
import { everyTried, gathering } from './gathering.js'
import { Listeners } from './listeners.js'
import { Peer, type LivePeer, type PeerContext } from './peer.js'
import { Roster, type Hidden } from './roster.js'
import { mustYield, PROVING_TIME, type Room } from './seats.js'
import {
  isItsEntry,
  keyOf,
  roomOf,
  seatOf,
  watchOf,
  type Entry,
  type Interest,
  type Reach,
  type Watch,
} from './watch.js'

/** Owned by one dservice; closed by its `stop()`. */
export class Pool {
  readonly #discovery: Discovery
  readonly #context: PeerContext
  readonly #entries = new Map<string, Entry>()
  readonly #roster = new Roster(this.#entries)
  readonly #watches = new Map<string, Watch>()
  readonly #listeners = new Listeners()
  /** Those that have said themselves that they leave. */
  readonly departed: Departed = new Departed()
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

  /** Calls `run` when what the pool knows changed, once for all the changes of a turn, until disposed. */
  onChange(run: () => void): Disposable {
    return this.#listeners.add(run)
  }

  /** Starts to look for the instances of a name ('*': of all), and connects to them: to so many as a caller needs, or to every one. */
  want(name: string, reach: Reach = 'some'): Interest {
    this.#closed = false
    const watch = this.#watches.get(name) ?? this.#watch(name)
    const isEvery = reach === 'every'
    watch.users++
    if (isEvery && watch.everyUsers++ === 0) this.#moveUp()
    let ended = false
    const isOver = (): boolean => ended || this.#watches.get(name) !== watch
    const { clock } = this.#context
    return {
      gathered: isEvery ? everyTried(this, name, { first: watch.gathered, clock }) : watch.gathered,
      get failure() {
        return watch.failure
      },
      get isOver() {
        return isOver()
      },
      [Symbol.dispose]: () => {
        if (isOver()) return
        ended = true
        // what is connected stays so: it is only that no more are
        if (isEvery) watch.everyUsers--
        if (--watch.users === 0) watch.stop()
      },
    }
  }

  /** Proved instances, of one name or all. */
  live(name?: string): LivePeer[] {
    return this.#roster.live(name)
  }

  /** The instance of the name with this id; where two say that they are it, the one that was seen first. */
  one(name: string, id: string): LivePeer | undefined {
    return this.#roster.one(name, id)
  }

  /** Peers that, as far as their hints go, could be of this name, and have not proved it (or proved another). */
  hidden(name?: string): Hidden[] {
    return this.#roster.hidden(name)
  }

  /** Whether some of those that were sighted for the name have not been tried at all. */
  hasUntried(name: string): boolean {
    if (this.#watches.get(name)?.spares.hasUntried) return true
    return this.hidden(name).some(({ peer }) => peer.tried === 0)
  }

  /** Whether anything still leads to an instance that was there: its address, or a hint that has its id. */
  leadsTo(id: string, at: Address): boolean {
    const address = formatAddress(at)
    if (isItsEntry(this.#entries.get(address), id)) return true
    if (this.#roster.isHinted(id)) return true
    return [...this.#watches.values()].some(({ spares }) => spares.haveOne(id, address))
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
      this.#forget(watch)
      void asked
        .then((watching) => watching[Symbol.asyncDispose]())
        .catch((error: unknown) =>
          this.#context.logger.warn({ name, reason: reasonOf(error) }, 'a question did not end well'),
        )
    }
    const watch = watchOf(name, stop)
    this.#watches.set(name, watch)
    // before anybody who waits for the answer hears of it
    asked.catch((error: unknown) => this.#fail(watch, toError(error)))
    const window = (): number => this.#discovery.gather
    watch.gathered = gathering(this, name, { asked, window, clock: this.#context.clock })
    return watch
  }

  /** The engine cannot answer: whoever waits is told, and the next one who wants the name asks anew. */
  #fail(watch: Watch, error: Error): void {
    watch.failure = error
    if (this.#watches.get(watch.name) === watch) this.#watches.delete(watch.name)
    this.#context.logger.error(
      { name: watch.name, reason: reasonOf(error) },
      'the engine cannot look for services',
    )
    this.#notify()
  }

  #see(interest: string, sighting: Sighting): void {
    const watch = this.#watches.get(interest)
    if (this.#closed || !watch) return
    if (sighting.type === 'down') return this.#drop(watch, sighting)
    const known = this.#entries.get(formatAddress(sighting.address))
    if (known && sighting.type === 'up') known.peer.nudge()
    if (!this.#seat(watch, sighting)) watch.spares.add(keyOf(sighting), sighting, null)
    this.#rotateLater()
    this.#notify()
  }

  /** Gives a sighting its peer; false when there is no seat. */
  #seat(watch: Watch, sighting: Sighting, room?: Room): boolean {
    const address = formatAddress(sighting.address)
    let entry = this.#entries.get(address)
    if (!entry) {
      const left = room ?? roomOf(watch)
      if (!left.has(sighting.hint.version)) return false
      left.take(sighting.hint.version)
      const since = this.#context.clock.monotonic()
      entry = { peer: this.#meet(sighting.address), since, sightings: new Map() }
      this.#entries.set(address, entry)
    }
    entry.sightings.set(`${watch.name} ${sighting.hint.id ?? ''}`, { interest: watch.name, sighting })
    watch.seated.add(entry)
    this.#roster.renew()
    return true
  }

  /** While somebody waits for a seat, those that were not proved in time give up theirs. */
  #rotateLater(): void {
    if (this.#rotation || [...this.#watches.values()].every(({ spares }) => spares.size === 0)) return
    this.#rotation = this.#context.clock.after(PROVING_TIME, () => {
      this.#rotation = null
      for (const watch of this.#watches.values()) this.#rotate(watch)
      this.#rotateLater()
    })
  }

  #rotate(watch: Watch): void {
    const now = this.#context.clock.monotonic()
    if (!watch.spares.isWaiting(now)) return
    for (const entry of watch.seated) {
      if (!mustYield(seatOf(entry), now)) continue
      for (const { interest: of, sighting } of entry.sightings.values())
        this.#watches.get(of)?.spares.add(keyOf(sighting), sighting, now)
      entry.sightings.clear()
      this.#remove(entry)
    }
    this.#fill(watch)
  }

  #meet(address: Address): Peer {
    return new Peer(address, this.#context, (peer, lost) => {
      if (lost) this.#recheck(peer)
      else if (peer.isLive()) this.#met(peer)
      this.#notify()
    })
  }

  /** A peer was proved, or its state changed. Where all are wanted, the next one is tried. */
  #met({ identity }: LivePeer): void {
    this.departed.note(identity)
    for (const watch of this.#watches.values()) if (watch.everyUsers > 0) this.#fill(watch)
  }

  /** A connection failed or broke: the engine shall ask again whether the instance is there. */
  #recheck(peer: Peer): void {
    const sightings = this.#entries.get(formatAddress(peer.address))?.sightings
    for (const { sighting } of sightings?.values() ?? []) this.#discovery.recheck(sighting)
  }

  #drop(watch: Watch, sighting: Sighting): void {
    watch.spares.delete(keyOf(sighting))
    const entry = this.#entries.get(formatAddress(sighting.address))
    if (!entry?.sightings.delete(`${watch.name} ${sighting.hint.id ?? ''}`)) return
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

  /** There may be a seat for those that had none. */
  #moveUp(): void {
    for (const watch of this.#watches.values()) this.#fill(watch)
  }

  #fill(watch: Watch): void {
    const { spares } = watch
    if (spares.size === 0) return
    const room = roomOf(watch)
    spares.seat(this.#context.clock.monotonic(), room, (one) => this.#seat(watch, one, room))
  }

  /** Nobody is interested in the name any more. */
  #forget({ name, seated }: Watch): void {
    for (const entry of [...seated]) {
      for (const [key, { interest: of }] of entry.sightings) {
        if (of === name) entry.sightings.delete(key)
      }
      if (entry.sightings.size === 0) this.#remove(entry)
    }
    this.#roster.renew()
  }

  #notify(): void {
    this.#version++
    this.#roster.renew()
    this.#listeners.tell()
  }
}
