/** What somebody may have meant who named a service that is not there: told by what is. */
import leven from 'leven'
import type { DService } from '../../index.js'
import type { Failed } from './failure.js'
import type { ServiceTarget } from './target.js'

/** What was named: a service, and the method where there was one. */
export interface Named extends ServiceTarget {
  readonly path?: readonly string[]
}

/** Near names that are offered at most. */
const OFFERED = 3

/** Adds to "no instance" what was probably meant, and which services there are. Looks at the mesh for that. */
export async function withMeant(failed: Failed, mesh: DService, named: Named): Promise<Failed> {
  // where versions are known the name was right
  if (failed.code !== 'DS_NO_INSTANCE' || failed.known) return failed
  const { instances } = await mesh.inspect()
  const names = [...new Set(instances.map(({ name }) => name))]
  const own = instances.filter(({ name }) => name === named.name)
  if (own.length > 0) {
    const known = [...new Set(own.map(({ name, version }) => `${name}@${version}`))]
    return { ...failed, hint: 'widen the range, or start an instance in range', known }
  }
  const meant = meantBy(named, names)
  return {
    ...failed,
    ...(meant.length > 0 ? { hint: `did you mean ${meant.join(' or ')}?` } : {}),
    ...(names.length > 0 ? { known: names } : {}),
  }
}

/** `math:nested.f` for `math.nested.f` where there is a math; else the names that are nearly the same. */
export function meantBy(named: Named, names: readonly string[]): string[] {
  const nested = nestedIn(named, names)
  return nested === null ? nearNames(named.name, names) : [nested]
}

/** Nested methods follow a colon; whoever wrote a dot has named a service that is not there. */
function nestedIn({ name, range, path }: Named, names: readonly string[]): string | null {
  if (!path) return null
  const parts = name.split('.')
  for (let length = parts.length - 1; length > 0; length--) {
    const service = parts.slice(0, length).join('.')
    if (!names.includes(service)) continue
    const at = range === undefined ? '' : `@${range}`
    return `${service}${at}:${[...parts.slice(length), ...path].join('.')}`
  }
  return null
}

/** The names that one typing error in three letters may have come from, the nearest first. */
export function nearNames(name: string, names: readonly string[]): string[] {
  const most = Math.max(1, Math.floor(name.length / 3))
  return names
    .map((other) => ({ other, distance: leven(other, name, { maxDistance: most + 1 }) }))
    .filter(({ distance }) => distance <= most)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, OFFERED)
    .map(({ other }) => other)
}
