/**
 * Which of the sighted instances of a name get a connection. A node keeps sessions to at most LIMITS.instances of each
 * version (to LIMITS.everyInstance of a name where somebody needs all of them), and proves at most LIMITS.instances at once. Who is not proved in time makes room for who was not tried yet: a crowd of
 * records that lead nowhere delays the instance that lives, and cannot hide it. Pure.
 */
import { LIMITS } from '../../base/options.js'
import { formatAddress } from '../../wire/connection.js'
import type { Sighting } from '../discovery.js'

/** Milliseconds that an unproved peer keeps its seat while others wait. */
export const PROVING_TIME = 250

/** Milliseconds after which one that was tried in vain may be tried again, while others wait too. */
const REST = 2_000

/** One peer with a connection, or on the way to one. */
export interface Seat {
  /** As its hello says, else as its sighting does. */
  readonly version: string | undefined
  readonly isLive: boolean
  /** Monotonic time at which it got its seat. */
  readonly since: number
  /** Whether an attempt has ended. */
  readonly wasTried: boolean
}

/**
 * What is left of the seats, counted once and kept up to date as they are given away. `some`: so many of each version; `every`: so
 * many of a name; `names`: of all names together only those that are not proved are bounded.
 */
export class Room {
  readonly reach: 'some' | 'every' | 'names'
  readonly #ofVersion = new Map<string | undefined, number>()
  #unproved = 0
  #all = 0

  constructor(seats: Iterable<Seat>, reach: Room['reach']) {
    this.reach = reach
    for (const { version, isLive } of seats) this.#count(version, isLive)
  }

  /** Nobody gets a seat, of whatever version. */
  get isFull(): boolean {
    if (this.#unproved >= LIMITS.instances) return true
    return this.reach === 'every' && this.#all >= LIMITS.everyInstance
  }

  has(version: string | undefined): boolean {
    if (this.isFull) return false
    return this.reach !== 'some' || (this.#ofVersion.get(version) ?? 0) < LIMITS.instances
  }

  /** One more is tried. */
  take(version: string | undefined): void {
    this.#count(version, false)
  }

  #count(version: string | undefined, isLive: boolean): void {
    this.#all++
    if (!isLive) this.#unproved++
    this.#ofVersion.set(version, (this.#ofVersion.get(version) ?? 0) + 1)
  }
}

/** Whether a seat is given up for an instance that waits. */
export function mustYield(seat: Seat, now: number): boolean {
  return !seat.isLive && (seat.wasTried || now - seat.since >= PROVING_TIME)
}

/** Sightings that wait for a seat, each once; those that were never tried come first. Owned by one interest. */
export class Spares {
  readonly #untried = new Map<string, Sighting>()
  readonly #tried = new Map<string, { readonly sighting: Sighting; readonly at: number }>()

  get size(): number {
    return this.#untried.size + this.#tried.size
  }

  /** `triedAt`: monotonic time at which it lost its seat; null: it had none yet. */
  add(key: string, sighting: Sighting, triedAt: number | null): void {
    this.delete(key)
    if (triedAt === null) this.#untried.set(key, sighting)
    else this.#tried.set(key, { sighting, at: triedAt })
  }

  delete(key: string): void {
    this.#untried.delete(key)
    this.#tried.delete(key)
  }

  /** Whether some had no seat yet. */
  get hasUntried(): boolean {
    return this.#untried.size > 0
  }

  /** Whether one of this id, or at this address, waits. */
  haveOne(id: string, address: string): boolean {
    const all = [...this.#untried.values(), ...[...this.#tried.values()].map(({ sighting }) => sighting)]
    return all.some((one) => one.hint.id === id || formatAddress(one.address) === address)
  }

  /** Gives a seat to those that may have one now, the longest waiting first, while there is room. */
  seat(now: number, room: Room, give: (sighting: Sighting) => void): void {
    for (const [key, sighting] of this.#untried) {
      if (room.isFull) return
      if (!room.has(sighting.hint.version)) continue
      this.#untried.delete(key)
      give(sighting)
    }
    for (const [key, { sighting, at }] of this.#tried) {
      if (room.isFull || now - at < REST) return
      if (!room.has(sighting.hint.version)) continue
      this.#tried.delete(key)
      give(sighting)
    }
  }

  /** Whether somebody waits who may be tried now. */
  isWaiting(now: number): boolean {
    if (this.#untried.size > 0) return true
    const [first] = this.#tried.values()
    return first !== undefined && now - first.at >= REST
  }
}
