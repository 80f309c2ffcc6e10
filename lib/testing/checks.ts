/** What a test gives is checked where it is given: a world that did nothing would prove nothing. */
import { closestMatch } from 'leven'
import { invalid } from '../base/errors.js'
import { checkKeys, shown } from '../base/names.js'
import type { SightingsOptions } from './sightings.js'

/** Names that an error lists. */
const LISTED = 20

/** Errors: DS_INVALID, naming the nearest and the others. */
export function checkOneOf<T extends string>(value: unknown, known: readonly T[], what: string): T {
  const found = known.find((one) => one === value)
  if (found !== undefined) return found
  const near = typeof value === 'string' ? closestMatch(value, known, { maxDistance: 3 }) : undefined
  if (known.length === 0)
    throw invalid({ summary: `${shown(value)} is no ${what}`, hint: 'there is none yet' })
  const listed = known.slice(0, LISTED).join(', ') + (known.length > LISTED ? ', …' : '')
  throw invalid({
    summary: `${shown(value)} is no ${what}`,
    hint: near === undefined ? `give one of ${listed}` : `did you mean ${near}? There are ${listed}`,
    details: { known },
  })
}

/** A time that is none would stop the clock for ever, or make it run back. Errors: DS_INVALID. */
export function checkMilliseconds(ms: unknown, what: string): void {
  if (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0) return
  throw invalid({
    summary: `${what} takes milliseconds, not ${shown(ms)}`,
    hint: 'give a number of them from 0 on: 2_000',
  })
}

/** Errors: DS_INVALID. */
export function checkSpan(span: unknown, what: string): void {
  if (!Array.isArray(span)) return checkMilliseconds(span, what)
  for (const end of span) checkMilliseconds(end, what)
  if (span.length === 2 && span[0] <= span[1]) return
  throw invalid({ summary: `[${span.join(', ')}] is no span`, hint: 'give the least and the most: [5, 50]' })
}

/** Errors: DS_INVALID. */
export function checkSightings(options: SightingsOptions): void {
  checkKeys(options, ['late', 'lost', 'again', 'twice'], 'sightings()')
  const { late = 0, again = 0, lost = 0, twice = 0 } = options
  checkSpan(late, 'late of sightings()')
  checkSpan(again, 'again of sightings()')
  checkShare(lost, 'lost')
  checkShare(twice, 'twice')
}

function checkShare(share: unknown, name: string): void {
  if (typeof share === 'number' && share >= 0 && share <= 1) return
  throw invalid({
    summary: `${name} of sightings() is ${shown(share)}`,
    hint: 'give a share of them, from 0 to 1: 0.1 is one in ten',
  })
}

/** Errors: DS_INVALID. */
export function checkGroups(groups: unknown): void {
  if (Array.isArray(groups) && groups.every((group) => Array.isArray(group))) return
  throw invalid({
    summary: `partition() takes groups, not ${shown(groups)}`,
    hint: 'give lists of nodes: [[a, b], [c]]',
  })
}

/** Errors: DS_INVALID. */
export function checkSeed(seed: unknown): void {
  if (typeof seed === 'number' && Number.isFinite(seed)) return
  throw invalid({ summary: `${shown(seed)} is no seed`, hint: 'give a number: { seed: 7 }' })
}
