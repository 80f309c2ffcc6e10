/** From records to sightings: what the cache says of an instance. */
import type { Sighting } from '../../mesh/discovery.js'
import type { Address } from '../../wire/connection.js'
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
