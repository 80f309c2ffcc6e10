/** Which instances a name and a range mean now, and why the others do not. Pure. */
import compare from 'semver/functions/compare.js'
import satisfies from 'semver/functions/satisfies.js'
import type { Identity } from '../base/identity.js'

/** Anything with a proved or hinted identity. */
export interface Candidate {
  readonly identity: Pick<Identity, 'version' | 'state'>
}

/** A live instance that was not chosen, and the reason in words. */
export interface PassedOver<C> {
  readonly candidate: C
  readonly why: string
}

export interface Resolution<C> {
  /** The instances to choose from: all of the highest version in range. Empty: nothing fits. */
  readonly chosen: readonly C[]
  readonly passed: readonly PassedOver<C>[]
}

/**
 * Among ready instances in range the highest version is used; waiting ones serve only while no ready one does.
 * Prereleases count as npm counts them.
 */
export function resolve<C extends Candidate>(candidates: readonly C[], range: string): Resolution<C> {
  const passed: PassedOver<C>[] = []
  const ready: C[] = []
  const waiting: C[] = []
  for (const candidate of candidates) {
    const { version, state } = candidate.identity
    if (!satisfies(version, range)) passed.push({ candidate, why: `out of range ${range}` })
    else if (state === 'ready') ready.push(candidate)
    else if (state === 'waiting') waiting.push(candidate)
    else passed.push({ candidate, why: state })
  }
  const usable = ready.length > 0 ? ready : waiting
  for (const candidate of ready.length > 0 ? waiting : []) passed.push({ candidate, why: 'waiting' })
  const chosen = highest(usable)
  for (const candidate of usable) {
    if (!chosen.includes(candidate)) passed.push({ candidate, why: 'a higher version is there' })
  }
  return { chosen, passed }
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
