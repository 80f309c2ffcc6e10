/**
 * The seam between the mesh and its engines: who is said to be there, and where.
 *
 *   instance   one start of a service: an id, a name, a version
 *   sighting   a hint that an instance is, or is no longer, at an address. Only a hello proves it
 *   engine     what carries announcements: memory, static lists, mDNS; later DNS, Redis, NATS
 */
import type { Identity, State } from '../base/identity.js'
import type { Address } from '../wire/connection.js'

/** A hint of an engine. `static:` knows an address and no more; mDNS knows nearly all. */
export interface Sighting {
  /** `up`: first seen. `changed`: the hint changed. `down`: said goodbye, or ran out. */
  readonly type: 'up' | 'changed' | 'down'
  readonly address: Address
  readonly hint: Partial<Identity>
}

/** An announcement that stands until it is disposed of, which says goodbye. Disposing twice is fine. */
export interface Announcement extends AsyncDisposable {
  /** Resolves when the change was handed to the network. */
  update(state: State): Promise<void>
}

export interface Discovery extends AsyncDisposable {
  /** `mdns:`, `static:…`, `memory:`; for people and for errors. */
  readonly url: string
  /** Milliseconds in which the instances that are there have answered a question; 0 where they are known at once. */
  readonly gather: number
  /** Makes an instance known at its addresses. Resolves when the first announcement is out. Errors: DS_ENGINE. */
  announce(self: Identity, at: readonly Address[]): Promise<Announcement>
  /**
   * Calls `see` for every instance of `name` (or of all names: '*'), known ones first, then as they come and go.
   * Sightings of another mesh are not given where the engine can tell. Resolves when the question is out; an
   * empty answer takes no longer. After disposal `see` is not called again. Errors: DS_ENGINE.
   */
  watch(name: string, see: (sighting: Sighting) => void): Promise<AsyncDisposable>
  /** A connection to this sighting failed: ask again whether it is there. Gives a `down` if it is not. Never throws. */
  recheck(sighting: Sighting): void
}
