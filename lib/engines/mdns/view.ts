/** What is seen through one question, and the news of it. */
import type { Sighting } from '../../mesh/discovery.js'
import { formatAddress } from '../../wire/connection.js'
import { fold } from '../dnssd/names.js'
import type { Found } from './sightings.js'

/** An instance under a label, and by what it is found again. Written once: a flood changes thousands. */
interface Seen {
  readonly found: Found
  readonly identity: string
  readonly keys: readonly string[]
}

/**
 * An instance that comes by two labels (it was renamed, and the old label lives on in the cache) is seen once.
 *
 * Invariant: `#byKey` has, for each label in `#seen`, all keys of what is seen there, and no others.
 */
export class View {
  readonly #seen = new Map<string, Seen>()
  readonly #byKey = new Map<string, Set<string>>()

  get isEmpty(): boolean {
    return this.#seen.size === 0
  }

  get all(): Found[] {
    const once = new Map([...this.#seen.values()].map(({ identity, found }) => [identity, found]))
    return [...once.values()]
  }

  /** The labels under which there is something with this id; by the address where one of the two has no id. */
  labelsOf({ address, hint: { id } }: Pick<Sighting, 'address' | 'hint'>): string[] {
    const at = formatAddress(address)
    const keys = id === undefined ? [atKey(at)] : [idKey(id), namelessKey(at)]
    return keys.flatMap((key) => [...(this.#byKey.get(key) ?? [])])
  }

  /** Takes the present look of an instance, null for gone; answers what a watcher is told. */
  set(instance: string, found: Found | null): Sighting[] {
    const label = fold(instance)
    const before = this.#seen.get(label)
    if (!before && !found) return []
    const after = found && seenAs(label, found)
    if (before && after && before.identity === after.identity) {
      this.#seen.set(label, after)
      return isSameHint(before.found.hint, after.found.hint) ? [] : [{ type: 'changed', ...after.found }]
    }
    const news: Sighting[] = []
    if (before) this.#remove(label, before)
    if (before && !this.#byKey.has(before.identity)) news.push({ type: 'down', ...before.found })
    if (after && !this.#byKey.has(after.identity)) news.push({ type: 'up', ...after.found })
    if (after) this.#add(label, after)
    return news
  }

  #add(label: string, seen: Seen): void {
    this.#seen.set(label, seen)
    for (const key of seen.keys) this.#byKey.set(key, (this.#byKey.get(key) ?? new Set()).add(label))
  }

  #remove(label: string, seen: Seen): void {
    this.#seen.delete(label)
    for (const key of seen.keys) {
      const labels = this.#byKey.get(key)
      labels?.delete(label)
      if (labels?.size === 0) this.#byKey.delete(key)
    }
  }
}

function seenAs(label: string, found: Found): Seen {
  const { id, name = '' } = found.hint
  const at = formatAddress(found.address)
  const identity = `is ${id ?? label} ${name} ${at}`
  return { found, identity, keys: [identity, atKey(at), id === undefined ? namelessKey(at) : idKey(id)] }
}

const atKey = (address: string): string => `at ${address}`
const idKey = (id: string): string => `id ${id}`
const namelessKey = (address: string): string => `nameless ${address}`

function isSameHint(left: Found['hint'], right: Found['hint']): boolean {
  return (['version', 'state', 'started', 'contract'] as const).every((key) => left[key] === right[key])
}
