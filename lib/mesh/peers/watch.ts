/** What the pool keeps of a question to the engine, and of what was sighted for it. */
import type { Identity } from '../../base/identity.js'
import { formatAddress } from '../../wire/connection.js'
import type { Sighting } from '../discovery.js'
import type { Peer } from './peer.js'
import { Room, Spares, type Seat } from './seats.js'

/** How many of a name's instances somebody needs connections to: enough for its calls, or all that there are. */
export type Reach = 'some' | 'every'

/** Somebody's wish to know the instances of a name; ends when disposed. */
export interface Interest extends Disposable {
  /** True once the pool was closed: ask again. */
  readonly isOver: boolean
  /**
   * Resolves when the question is out and those that were known have been tried once, or a short while has passed in which they could
   * have been.
   */
  readonly gathered: Promise<void>
  /** Why the engine failed at the question; null while it did not. The pool tells of the change. */
  readonly failure: Error | null
}

/** A peer as discovery sees it: who says that it is there, and what they say. */
export interface Entry {
  readonly peer: Peer
  /** Monotonic time. */
  readonly since: number
  /** By interest and instance id: the newest sighting of each. The peer goes when the last one does. */
  readonly sightings: Map<string, { readonly interest: string; readonly sighting: Sighting }>
}

/** One question to the engine, shared by all who are interested in the name. */
export interface Watch {
  /** '*': all names. */
  readonly name: string
  users: number
  /** Those of the users who need every instance. */
  everyUsers: number
  gathered: Promise<void>
  failure: Error | null
  readonly stop: () => void
  /** Peers that were sighted for it. */
  readonly seated: Set<Entry>
  readonly spares: Spares
}

/** A question that was put just now. */
export function watchOf(name: string, stop: () => void): Watch {
  const counts = { users: 0, everyUsers: 0 }
  const gathered = Promise.resolve()
  return { name, ...counts, gathered, failure: null, stop, seated: new Set(), spares: new Spares() }
}

/** The newest of several hints. */
export function hintOf(sightings: Entry['sightings']): Partial<Identity> {
  return [...sightings.values()].at(-1)?.sighting.hint ?? {}
}

export function seatOf({ peer, since, sightings }: Entry): Seat {
  const version = peer.identity?.version ?? hintOf(sightings).version
  return { version, since, isLive: peer.isLive(), wasTried: peer.tried > 0 }
}

/** Whether an address may be that of the instance: another one may say that it is its own. */
export function isItsEntry(entry: Entry | undefined, id: string): boolean {
  return entry !== undefined && !(entry.peer.isLive() && entry.peer.identity.id !== id)
}

/** One instance at one address. */
export function keyOf({ address, hint }: Pick<Sighting, 'address' | 'hint'>): string {
  return `${formatAddress(address)} ${hint.id ?? ''}`
}

/** What is left of the seats of a question. Of all names together ('*') only those are bounded that are not proved. */
export function roomOf({ name, seated, everyUsers }: Watch): Room {
  const reach = name === '*' ? 'names' : everyUsers > 0 ? 'every' : 'some'
  return new Room([...seated].map(seatOf), reach)
}
