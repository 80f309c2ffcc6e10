/** Who must not start, and who must not be kept from it: rings of required dependencies. */
import compare from 'semver/functions/compare.js'
import satisfies from 'semver/functions/satisfies.js'
import { isDServiceError } from '../../../lib/base/errors.js'
import type { Member } from './cast.js'
import type { RelyPlan } from './plan.js'
import type { Played, Standing } from './play.js'

type Present = readonly (readonly [Member, Standing])[]

/** A start is refused for a ring that can be, and for nothing else. */
export function refusedRightly({ cast }: Played): string[] {
  return cast.members.flatMap(({ plan, starts }) =>
    starts.flatMap(({ error }) => {
      if (error === null) return []
      const place = `${plan.name}@${plan.version} on ${plan.node}`
      if (!isDServiceError(error) || error.code !== 'DS_CYCLE')
        return [`${place} failed to start: ${String(error)}`]
      const path = error.details['path'] as readonly string[]
      const isOwn = path[0] === nodeOf(plan) && path.at(-1) === path[0]
      const isRing = path.every((to, i) => i === 0 || hasEdge(cast.members, path[i - 1] ?? '', to))
      return isOwn && isRing && path.length > 1 ? [] : [`${place} was refused for ${path.join(' -> ')}`]
    }),
  )
}

/** Whether any service of a node was ever to rely on one of another node. */
function hasEdge(members: readonly Member[], from: string, to: string): boolean {
  const targets = members.filter(({ plan }) => nodeOf(plan) === to)
  return members
    .filter(({ plan }) => nodeOf(plan) === from)
    .some(({ uses }) =>
      uses.some(({ rely }) => isRequired(rely) && targets.some(({ plan }) => isMeant(rely, plan))),
    )
}

/** When all is whole nobody goes on starting who closes a ring and is the youngest of it. */
export function ringsAreBroken({ states }: Played): string[] {
  const present = [...states].filter(([, { state }]) => state !== 'stopped')
  const ages = agesOf(present)
  return present.flatMap(([{ plan }, { isStarting }]) => {
    const own = nodeOf(plan)
    if (!isStarting) return []
    const older = present.filter(
      ([{ plan: other }]) => (ages.get(nodeOf(other)) ?? 0) <= (ages.get(own) ?? 0),
    )
    const reached = new Set<string>()
    const queue = [own]
    // grows while it is walked
    for (const at of queue) {
      for (const to of meantBy(at, present)) {
        if (reached.has(to) || !older.some(([{ plan: of }]) => nodeOf(of) === to)) continue
        reached.add(to)
        queue.push(to)
      }
    }
    return reached.has(own) ? [`${own} on ${plan.node} is the youngest of a ring, and goes on starting`] : []
  })
}

/** The place of each node in the order of its oldest instances. */
function agesOf(present: Present): Map<string, number> {
  const inOrder = present.toSorted(
    ([, a], [, b]) => (a.started ?? 0) - (b.started ?? 0) || (a.id < b.id ? -1 : 1),
  )
  const nodes = [...new Set(inOrder.map(([{ plan }]) => nodeOf(plan)))]
  return new Map(nodes.map((node, i) => [node, i]))
}

/** The nodes that the required edges of one mean now: the highest version in range that is ready, else of those that wait. */
function meantBy(node: string, present: Present): Set<string> {
  const relies = present.filter(([{ plan }]) => nodeOf(plan) === node).flatMap(([{ uses }]) => uses)
  const meant = relies.flatMap(({ rely }) => {
    if (!isRequired(rely)) return []
    const inRange = present.filter(([{ plan }]) => isMeant(rely, plan))
    const ready = inRange.filter(([, { state }]) => state === 'ready')
    const versions = (ready.length > 0 ? ready : inRange).map(([{ plan }]) => plan.version)
    const [highest] = versions.toSorted((a, b) => compare(b, a))
    return highest === undefined ? [] : [`${rely.name}@${highest}`]
  })
  return new Set(meant)
}

function isRequired({ optional, lazy }: RelyPlan): boolean {
  return !optional && !lazy
}

function isMeant(
  { name, range }: RelyPlan,
  plan: { readonly name: string; readonly version: string },
): boolean {
  return plan.name === name && satisfies(plan.version, range)
}

function nodeOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${name}@${version}`
}
