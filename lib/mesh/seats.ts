/**
 * Which of the sighted instances of a name get a connection. A node keeps sessions to at most LIMITS.instances of each
 * version, and proves at most as many at once. Who is not proved in time makes room for who was not tried yet: a crowd of
 * records that lead nowhere delays the instance that lives, and cannot hide it. Pure.
 */
import { LIMITS } from '../base/options.js'
import type { Sighting } from './discovery.js'

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

/** Whether one more instance of this version may be tried. Of all names together ('*') only the unproved ones are bounded. */
export function hasRoom(seats: Iterable<Seat>, version: string | undefined, isOneName: boolean): boolean {
  let unproved = 0
  let ofVersion = 0
  for (const seat of seats) {
    if (!seat.isLive) unproved++
    if (seat.version === version) ofVersion++
  }
  return unproved < LIMITS.instances && (!isOneName || ofVersion < LIMITS.instances)
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

  /** Takes those that may be seated now, the longest waiting first, as long as `take` says yes. */
  seat(now: number, take: (sighting: Sighting) => boolean): void {
    for (const [key, sighting] of this.#untried) {
      if (!take(sighting)) continue
      this.#untried.delete(key)
    }
    for (const [key, { sighting, at }] of this.#tried) {
      if (now - at < REST) return
      if (take(sighting)) this.#tried.delete(key)
    }
  }

  /** Whether somebody waits who may be tried now. */
  isWaiting(now: number): boolean {
    if (this.#untried.size > 0) return true
    const [first] = this.#tried.values()
    return first !== undefined && now - first.at >= REST
  }
}
