/** One announced instance: its records, and its claim to the label that they stand under. */
import type { Identity } from '../../base/identity.js'
import { rawData } from '../dnssd/encode.js'
import {
  META_TYPE,
  SERVICE_TYPE,
  fold,
  hostName,
  instanceName,
  labelOf,
  questionFor,
} from '../dnssd/names.js'
import { TTL, recordKey, type Resource } from '../dnssd/records.js'
import { readTxt, writeTxt } from '../dnssd/txt.js'
import type { Offer } from './offer.js'

/** A record's place in an announcement; stays the same when a state changes the record. */
export type Slot = 'type' | 'sub' | 'meta' | 'srv' | 'txt' | 'a' | 'aaaa' | 'none' | 'no-address'

/** RFC 6762 section 8.1: three probes, 250 ms apart; section 8.2: who loses a tie waits a second. */
const PROBES = 3
const PROBE_GAP = 250
const TIE_WAIT = 1_000
/** Section 8.1: after 15 conflicts within ten seconds each further try waits five. */
const CONFLICTS = 15
const CONFLICT_WINDOW = 10_000
const CONFLICT_WAIT = 5_000
/** Section 8.3: announced twice, a second apart. */
const ANNOUNCE_AGAIN = 1_000

/**
 *   probing --3 probes--> claimed          announced at once, alongside the probes: labels are unique by
 *      ^  \--tie lost: wait 1 s            construction, so a conflict is a curiosity, not the rule
 *      +----conflict: next label
 */
export class Claim {
  label: string
  claimed = false
  /** When the next probe, or the end of probing, is due. */
  probeAt: number
  /** When the second announcement is due; Infinity when it is out. */
  announceAt: number = Infinity
  #offer: Offer
  #attempt = 1
  #probes = 0
  #announced = false
  #conflicts: number[] = []
  #records: ReadonlyMap<Slot, Resource>
  /** Of the records, when somebody asked for them. */
  #keys: ReadonlySet<string> | null = null
  #names: ReadonlyMap<string, readonly [Slot, Resource][]> | null = null

  constructor(offer: Offer, now: number) {
    this.#offer = offer
    this.probeAt = now
    this.label = labelOf(offer.self.name, offer.self.id, 1)
    this.#records = this.#build()
  }

  get id(): string {
    return this.#offer.self.id
  }

  get records(): ReadonlyMap<Slot, Resource> {
    return this.#records
  }

  get wakeAt(): number {
    return this.claimed ? this.announceAt : this.probeAt
  }

  /** The records that no other host may have. */
  get unique(): Resource[] {
    return [...this.#records]
      .filter(([slot]) => isUnique(slot) && !isDenial(slot))
      .map(([, record]) => record)
  }

  /** The records under a folded name: a datagram may ask for hundreds. */
  under(name: string): readonly [Slot, Resource][] {
    this.#names ??= byName(this.#records)
    return this.#names.get(name) ?? []
  }

  /** Takes a new state; answers the TXT record that is no longer true. */
  update(self: Identity): Resource | undefined {
    const old = this.#records.get('txt')
    this.#offer = { ...this.#offer, self }
    this.#records = this.#build()
    return old
  }

  /** The next step that is due: what the responder sends now. */
  advance(now: number): { readonly probe: boolean; readonly announce: boolean } {
    if (this.claimed) {
      const announce = this.announceAt <= now
      if (announce) this.announceAt = Infinity
      return { probe: false, announce }
    }
    if (this.probeAt > now) return { probe: false, announce: false }
    if (this.#probes === PROBES) return { probe: false, announce: this.#win(now) }
    const announce = !this.#announced
    if (announce) this.announceAt = now + ANNOUNCE_AGAIN
    this.#announced = true
    this.#probes++
    this.probeAt = now + PROBE_GAP
    return { probe: true, announce }
  }

  /** Somebody owns our label: take the next one. */
  rename(now: number): void {
    this.#conflicts = [...this.#conflicts.filter((at) => at > now - CONFLICT_WINDOW), now].slice(-CONFLICTS)
    this.label = labelOf(this.#offer.self.name, this.#offer.self.id, ++this.#attempt)
    this.#announced = false
    this.#restart(this.#conflicts.length < CONFLICTS ? now : now + CONFLICT_WAIT)
  }

  /** RFC 6762 section 9: a conflict after the claim sends both sides back to probing. */
  probeAgain(now: number): void {
    this.#restart(now)
  }

  /** Two probe at once: the greater data wins (section 8.2). Equal data is ours, come back. */
  tie(theirs: readonly Resource[], now: number): void {
    const ours = this.unique.filter((record) =>
      theirs.some((their) => fold(their.name) === fold(record.name)),
    )
    if (compare(ours, theirs) < 0) this.#restart(now + TIE_WAIT)
  }

  /** Of a message's records those under our own names that are not ours. */
  conflicting(records: readonly Resource[]): Resource[] {
    const mine = records.filter((record) => this.isOurName(record.name) && record.type !== 'NSEC')
    if (mine.length === 0) return []
    const fromUs = mine.some((record) => record.type === 'TXT' && readTxt(record.data).hint.id === this.id)
    if (fromUs) return []
    const keys = (this.#keys ??= new Set([...this.#records.values()].map(recordKey)))
    return mine.filter((record) => record.ttl > 0 && !keys.has(recordKey(record)))
  }

  /** Whether this is the name of our instance or of its host. */
  isOurName(name: string): boolean {
    if (!name.startsWith('.', this.label.length)) return false
    const folded = fold(name)
    return folded === instanceName(this.label) || folded === hostName(this.label)
  }

  #restart(at: number): void {
    this.claimed = false
    this.#probes = 0
    this.probeAt = at
    this.#records = this.#build()
  }

  /** The label is ours. From here on the unique records say so by the flush bit (section 10.2). */
  #win(now: number): boolean {
    this.claimed = true
    this.probeAt = Infinity
    this.#records = this.#build()
    if (this.announceAt > now) return false
    this.announceAt = Infinity
    return true
  }

  #build(): ReadonlyMap<Slot, Resource> {
    this.#keys = null
    this.#names = null
    const { self, port, addresses } = this.#offer
    const instance = instanceName(this.label)
    const host = hostName(this.label)
    const shared = { ttl: TTL.shared, flush: false, type: 'PTR' } as const
    const unique = { ttl: TTL.unique, flush: this.claimed } as const
    const types = addresses.map((address) => (address.includes(':') ? 'AAAA' : 'A'))
    const records = new Map<Slot, Resource>([
      ['type', { ...shared, name: SERVICE_TYPE, target: instance }],
      ['sub', { ...shared, name: questionFor(self.name), target: instance }],
      ['meta', { ...shared, name: META_TYPE, target: SERVICE_TYPE }],
      ['srv', { ...unique, type: 'SRV', name: instance, priority: 0, weight: 0, port, target: host }],
      ['txt', { ...unique, type: 'TXT', name: instance, data: writeTxt(self) }],
    ])
    for (const address of addresses) {
      const type = address.includes(':') ? 'AAAA' : 'A'
      records.set(type === 'A' ? 'a' : 'aaaa', { ...unique, type, name: host, address })
    }
    records.set('none', { ...unique, type: 'NSEC', name: instance, types: ['TXT', 'SRV'] })
    records.set('no-address', { ...unique, type: 'NSEC', name: host, types })
    return records
  }
}

function byName(records: ReadonlyMap<Slot, Resource>): ReadonlyMap<string, readonly [Slot, Resource][]> {
  const names = new Map<string, [Slot, Resource][]>()
  for (const entry of records) {
    const name = fold(entry[1].name)
    names.set(name, [...(names.get(name) ?? []), entry])
  }
  return names
}

/** Whether a record in this place is ours alone. */
export function isUnique(slot: Slot): boolean {
  return slot !== 'type' && slot !== 'sub' && slot !== 'meta'
}

/** Whether this is a "there is no such record" (RFC 6762 section 6.1). */
export function isDenial(slot: Slot): boolean {
  return slot === 'none' || slot === 'no-address'
}

/** RFC 6762 section 8.2: the sorted records one by one, by class, type and raw data; who has more is greater. */
function compare(ours: readonly Resource[], theirs: readonly Resource[]): number {
  const sorted = (records: readonly Resource[]): Buffer[] => records.map(rawData).sort(Buffer.compare)
  const [left, right] = [sorted(ours), sorted(theirs)]
  for (const [i, mine] of left.entries()) {
    const other = right[i]
    if (other === undefined) return 1
    const order = Buffer.compare(mine, other)
    if (order !== 0) return order
  }
  return left.length - right.length
}
