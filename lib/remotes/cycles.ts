/** Ways from a package along required edges back to itself. Pure. */
import satisfies from 'semver/functions/satisfies.js'
import type { RemoteDeclaration } from './types.js'

/** A service and what it cannot be without: name -> range. */
export interface Relying {
  readonly name: string
  readonly version: string
  readonly rely: Readonly<Record<string, string>>
}

/** What is looked at. */
export interface Around {
  /** The services of the package; null: their version is not known, and every range has them in it. */
  readonly own: readonly { readonly name: string; readonly version: string | null }[]
  readonly declared: readonly RemoteDeclaration[]
  /** Everybody else of whom something is known; there may be more than one version of a name. */
  readonly others: readonly Relying[]
}

type Step = readonly [name: string, range: string]

/**
 * For each required remote of the package the shortest way from it back to a service of the package, as `name@version`; that service
 * stands first and last. A package's own services are no remotes of it.
 */
export function cyclesThrough({ own, declared, others }: Around): string[][] {
  const steps = declared.filter(
    ({ name, optional, lazy }) => !optional && !lazy && !own.some((service) => service.name === name),
  )
  return steps.flatMap(({ name, range }) => wayBack([name, range], own, others) ?? [])
}

/** Breadth first, so that the first way that is found is a shortest; answers a list of one, or nothing. */
function wayBack(first: Step, own: Around['own'], others: Around['others']): string[][] | null {
  const seen = new Set<Relying>()
  let level = reached(first, others).map((node) => ({ node, path: [nodeOf(node)] }))
  while (level.length > 0) {
    const next: typeof level = []
    for (const { node, path } of level) {
      if (seen.has(node)) continue
      seen.add(node)
      for (const edge of Object.entries(node.rely)) {
        const back = own.find(({ name, version }) => name === edge[0] && fits(version, edge[1]))
        if (back) return [[nodeOf(back), ...path, nodeOf(back)]]
        next.push(...reached(edge, others).map((to) => ({ node: to, path: [...path, nodeOf(to)] })))
      }
    }
    level = next
  }
  return null
}

function reached([name, range]: Step, others: Around['others']): Relying[] {
  return others.filter((node) => node.name === name && fits(node.version, range))
}

function fits(version: string | null, range: string): boolean {
  return version === null || satisfies(version, range)
}

function nodeOf({ name, version }: { readonly name: string; readonly version: string | null }): string {
  return version === null ? name : `${name}@${version}`
}
