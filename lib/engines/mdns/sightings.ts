/** From records to sightings: what the cache says of an instance, and what changed since it was last looked at. */
import type { Sighting } from '../../mesh/discovery.js'
import { formatAddress, type Address } from '../../wire/connection.js'
import { fold } from '../dnssd/names.js'
import type { Question } from '../dnssd/records.js'
import { readTxt } from '../dnssd/txt.js'
import type { Cache } from './cache.js'

/** An instance as the cache has it. */
export interface Found {
  readonly address: Address
  readonly hint: Sighting['hint']
}

/** What is still to be asked, whether it is another mesh's, or the instance. */
export type Lookup =
  { readonly missing: readonly Question[] } | { readonly foreign: true } | { readonly found: Found }

/** Puts an instance together from SRV, TXT and addresses; the newest of each counts. */
export function lookUp(
  cache: Cache,
  instance: string,
  mesh: { readonly name: string; readonly tag: string },
): Lookup {
  const text = cache.records(instance, 'TXT').at(-1)
  const service = cache.records(instance, 'SRV').at(-1)
  const missing: Question[] = []
  if (!text) missing.push({ name: instance, type: 'TXT' })
  if (!service) missing.push({ name: instance, type: 'SRV' })
  if (!text || !service) return { missing }
  const { tag, hint } = readTxt(text.data)
  if (tag !== mesh.tag) return { foreign: true }
  const host = hostOf(cache, service.target)
  if (host === undefined)
    return {
      missing: [
        { name: service.target, type: 'A' },
        { name: service.target, type: 'AAAA' },
      ],
    }
  return {
    found: {
      address: Object.freeze({ host, port: service.port }),
      hint: Object.freeze({ ...hint, mesh: mesh.name }),
    },
  }
}

function hostOf(cache: Cache, name: string): string | undefined {
  return (cache.records(name, 'A').at(-1) ?? cache.records(name, 'AAAA').at(-1))?.address
}

/**
 * What is seen through one question, and the news of it. An instance that comes by two labels (it was renamed,
 * and the old label lives on in the cache) is seen once.
 */
export class View {
  readonly #seen = new Map<string, Found>()

  get all(): Found[] {
    const once = new Map([...this.#seen].map(([label, found]) => [identityOf(label, found), found]))
    return [...once.values()]
  }

  /** The labels under which there is something at this address, or with this id. */
  labelsOf(sighting: Pick<Sighting, 'address' | 'hint'>): string[] {
    const { id } = sighting.hint
    const same = (found: Found): boolean =>
      id !== undefined && found.hint.id !== undefined
        ? found.hint.id === id
        : formatAddress(found.address) === formatAddress(sighting.address)
    return [...this.#seen].filter(([, found]) => same(found)).map(([label]) => label)
  }

  /** Takes the present look of an instance, null for gone; answers what a watcher is told. */
  set(instance: string, found: Found | null): Sighting[] {
    const label = fold(instance)
    const before = this.#seen.get(label)
    if (!before && !found) return []
    if (before && found && identityOf(label, before) === identityOf(label, found)) {
      this.#seen.set(label, found)
      return isSameHint(before.hint, found.hint) ? [] : [{ type: 'changed', ...found }]
    }
    const news: Sighting[] = []
    this.#seen.delete(label)
    if (before && !this.#has(identityOf(label, before))) news.push({ type: 'down', ...before })
    if (found && !this.#has(identityOf(label, found))) news.push({ type: 'up', ...found })
    if (found) this.#seen.set(label, found)
    return news
  }

  #has(identity: string): boolean {
    for (const [label, found] of this.#seen) if (identityOf(label, found) === identity) return true
    return false
  }
}

function identityOf(label: string, { address, hint }: Found): string {
  return `${hint.id ?? label} ${hint.name ?? ''} ${formatAddress(address)}`
}

function isSameHint(left: Found['hint'], right: Found['hint']): boolean {
  return left.version === right.version && left.state === right.state && left.started === right.started
}
