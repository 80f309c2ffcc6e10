/** Who is there, by name and by id: looked up by every call that waits, so that it is put in order once for each change. */
import type { Identity } from '../../base/identity.js'
import type { LivePeer, Peer } from './peer.js'
import { hintOf, type Entry } from './watch.js'

/** A peer that has not proved what is looked for, and what its sighting says of it. */
export interface Hidden {
  readonly peer: Peer
  readonly hint: Partial<Identity>
}

interface Order {
  readonly byName: ReadonlyMap<string, readonly LivePeer[]>
  /** Of each id the one that was seen first, where two say that they have it. */
  readonly byId: ReadonlyMap<string, LivePeer>
  /** Of those that are not live. */
  readonly hinted: ReadonlySet<string>
}

/** Owned by the pool, whose entries it reads. */
export class Roster {
  readonly #entries: ReadonlyMap<string, Entry>
  #order: Order | null = null

  constructor(entries: ReadonlyMap<string, Entry>) {
    this.#entries = entries
  }

  /** Something of the entries has changed. */
  renew(): void {
    this.#order = null
  }

  /** Proved instances, of one name or all, in the order of their coming. */
  live(name?: string): LivePeer[] {
    if (name !== undefined) return (this.#now.byName.get(name) ?? []).filter(isLive)
    return [...this.#entries.values()].map(({ peer }) => peer).filter(isLive)
  }

  /** The instance of the name with this id. */
  one(name: string, id: string): LivePeer | undefined {
    const peer = this.#now.byId.get(`${id} ${name}`)
    return peer?.isLive() ? peer : undefined
  }

  /** Peers that, as far as their hints go, could be of this name, and have not proved it (or proved another). */
  hidden(name?: string): Hidden[] {
    const hidden: Hidden[] = []
    for (const { peer, sightings } of this.#entries.values()) {
      const hint = hintOf(sightings)
      const isProved = peer.isLive() && (name === undefined || peer.identity.name === name)
      if (!isProved && (name === undefined || (hint.name ?? name) === name)) hidden.push({ peer, hint })
    }
    return hidden
  }

  /** Whether a peer that is not proved could be the instance with this id, by its newest hint. */
  isHinted(id: string): boolean {
    return this.#now.hinted.has(id)
  }

  get #now(): Order {
    return (this.#order ??= orderOf(this.#entries.values()))
  }
}

function isLive(peer: Peer): peer is LivePeer {
  return peer.isLive()
}

function orderOf(entries: Iterable<Entry>): Order {
  const byName = new Map<string, LivePeer[]>()
  const byId = new Map<string, LivePeer>()
  const hinted = new Set<string>()
  for (const { peer, sightings } of entries) {
    if (!peer.isLive()) {
      const { id } = hintOf(sightings)
      if (id !== undefined) hinted.add(id)
      continue
    }
    const { name, id } = peer.identity
    const named = byName.get(name) ?? []
    if (named.push(peer) === 1) byName.set(name, named)
    const key = `${id} ${name}`
    if (!byId.has(key)) byId.set(key, peer)
  }
  return { byName, byId, hinted }
}
