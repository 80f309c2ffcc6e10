/** Which instances a name and a range mean now, and why the others do not. Pure. */
import compare from 'semver/functions/compare.js'
import valid from 'semver/functions/valid.js'
import satisfies from 'semver/functions/satisfies.js'
import type { Identity } from '../../base/identity.js'

/** Whether the highest version in range is used, or every one that is in range. */
export type Spread = 'highest' | 'range'

/** Anything with a proved or hinted identity. */
export interface Candidate {
  readonly identity: Pick<Identity, 'version' | 'state'>
  readonly standing?: { readonly isEjected: boolean }
}

/** A live instance that was not chosen, and the reason in words. */
export interface PassedOver<C> {
  readonly candidate: C
  readonly why: string
}

export interface Resolution<C> {
  /** The instances to choose from. Empty: nothing fits. */
  readonly chosen: readonly C[]
  readonly passed: readonly PassedOver<C>[]
  /** The ejected ones that would be chosen if they were well. */
  readonly ejected: readonly C[]
}

/**
 * Among ready instances in range the highest version is used; waiting ones serve only while no ready one does.
 * Prereleases count as npm counts them.
 *
 * Ejected ones are left out, so that the next version takes over; but where that would be more than half of the instances, all
 * in range are used, of every version: then it is rather we, or something that they all need, that is ill, and the few that are
 * left would be buried under the calls of the others. A balancer prefers those that are well even then.
 */
export function resolve<C extends Candidate>(
  candidates: readonly C[],
  range: string,
  spread: Spread = 'highest',
): Resolution<C> {
  const { usable, passed } = inRange(candidates, range)
  const ejected = usable.filter(isEjected)
  if (ejected.length * 2 > usable.length) return { chosen: usable, passed, ejected }
  const well = ejected.length === 0 ? usable : usable.filter((candidate) => !isEjected(candidate))
  const chosen = spread === 'range' ? well : highest(well)
  for (const candidate of usable) {
    if (isEjected(candidate)) passed.push({ candidate, why: 'left alone for a while: its calls failed' })
    else if (!chosen.includes(candidate)) passed.push({ candidate, why: 'a higher version is there' })
  }
  const least = spread === 'range' ? undefined : chosen[0]?.identity.version
  const wanted = ejected.filter(({ identity: { version } }) => !least || compare(version, least) >= 0)
  return { chosen, passed, ejected: wanted }
}

/** Whether this is a version at all: what a peer announces may be anything. */
export function isVersion(version: string): boolean {
  return valid(version) !== null
}

/** The ready ones; where there are none, the waiting ones. */
function inRange<C extends Candidate>(
  candidates: readonly C[],
  range: string,
): { usable: readonly C[]; passed: PassedOver<C>[] } {
  const passed: PassedOver<C>[] = []
  const ready: C[] = []
  const waiting: C[] = []
  for (const candidate of candidates) {
    const { version, state } = candidate.identity
    if (!satisfies(version, range)) {
      passed.push({ candidate, why: isVersion(version) ? `out of range ${range}` : 'its version is invalid' })
    } else if (state === 'ready') ready.push(candidate)
    else if (state === 'waiting') waiting.push(candidate)
    else passed.push({ candidate, why: state })
  }
  if (ready.length === 0) return { usable: waiting, passed }
  for (const candidate of waiting) passed.push({ candidate, why: 'waiting' })
  return { usable: ready, passed }
}

function isEjected({ standing }: Candidate): boolean {
  return standing?.isEjected === true
}

function highest<C extends Candidate>(candidates: readonly C[]): C[] {
  let best: C[] = []
  for (const candidate of candidates) {
    const order = best[0] ? compare(candidate.identity.version, best[0].identity.version) : 1
    if (order > 0) best = [candidate]
    else if (order === 0) best.push(candidate)
  }
  return best
}
