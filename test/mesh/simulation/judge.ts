/** What must be true of every run, whatever happened in it. */
import satisfies from 'semver/functions/satisfies.js'
import { isDServiceError } from '../../../lib/base/errors.js'
import type { MeshView } from '../../../lib/index.js'
import type { Member } from './cast.js'
import { codeOf, type Made } from './ledger.js'
import { eachOnce, monitored, reachedAll } from './judge-patterns.js'
import { refusedRightly, ringsAreBroken } from './judge-rings.js'
import type { Played } from './play.js'

/** Milliseconds that a thawed process has for what came late. */
const SLACK = 100

/** All that is wrong with a run; nothing, where it went well. */
export function judge(played: Played): string[] {
  return [
    ...settled(played),
    ...atMostOnce(played),
    ...converged(played),
    ...agreed(played),
    ...reached(played),
    ...refusedRightly(played),
    ...ringsAreBroken(played),
    ...eachOnce(played),
    ...reachedAll(played),
    ...monitored(played),
    ...orderly(played),
    ...leftNothing(played),
  ]
}

/** Every call of whoever lived on has ended, in its time. */
function settled({ ledger, frozen, cast }: Played): string[] {
  const wrong: string[] = []
  for (const made of ledger.made) {
    if (!made.end) {
      const isDead = cast.deaths.some(({ node, at }) => node === made.by && at >= made.at)
      if (!isDead) wrong.push(`${nameOf(made)} never ended`)
      continue
    }
    const asleep = frozen.filter((each) => each.node === made.by && each.until >= made.at)
    const latest = Math.max(made.latest, ...asleep.map(({ until }) => until + SLACK))
    if (made.end.at > latest) wrong.push(`${nameOf(made)} ended ${made.end.at - made.latest} ms too late`)
  }
  return wrong
}

/** None ran twice that must not, none that said `no` ran, and what ended well ran. */
function atMostOnce({ ledger }: Played): string[] {
  const wrong: string[] = []
  const counts = new Map<string, number>()
  for (const { id } of ledger.ran) counts.set(id, (counts.get(id) ?? 0) + 1)
  for (const made of ledger.made) {
    if (made.isPlain) continue
    const count = counts.get(made.id) ?? 0
    const isTwice = count > 1 && !made.isIdempotent && !made.isOfAll
    if (isTwice) wrong.push(`${nameOf(made)} ran ${count} times`)
    if (!made.end) continue
    if (made.end.ok) {
      if (count === 0 && !made.isOfAll) wrong.push(`${nameOf(made)} ended well and never ran`)
      if (!made.isOfAll && made.end.value !== made.expects)
        wrong.push(`${nameOf(made)} was answered ${String(made.end.value)}`)
      continue
    }
    const { error } = made.end
    const { ran } = error as { ran?: string }
    if (ran !== 'no' && ran !== 'maybe' && ran !== 'yes') wrong.push(`${nameOf(made)}: ${codeOf(error)}`)
    if (ran === 'no' && count > 0)
      wrong.push(`${nameOf(made)} ran ${count} times, and said no: ${codeOf(error)}`)
    if (ran === 'yes' && count === 0) wrong.push(`${nameOf(made)} never ran, and said yes: ${codeOf(error)}`)
    if (!isDServiceError(error) && !(error as Error).message.startsWith(`failed ${made.id}`))
      wrong.push(`${nameOf(made)} failed with ${String(error)}`)
  }
  return wrong
}

/**
 * What each must be by now: the least graph in which all that can be ready is. Where a resolution has changed, a ring may have come about
 * whose members were ready before: they hold each other up, and are where the graph begins. Without rings there are none of those.
 */
function shouldBeReady(played: Played): Set<Member> {
  const members = running(played)
  const ready = holdingEachOther(members.filter((member) => played.states.get(member)?.state === 'ready'))
  for (let grown = true; grown;) {
    grown = false
    for (const member of members) {
      if (ready.has(member) || !isHeldBy(member, ready)) continue
      ready.add(member)
      grown = true
    }
  }
  return ready
}

/** The largest part of these in which each has what it requires. */
function holdingEachOther(members: readonly Member[]): Set<Member> {
  const held = new Set(members)
  for (let shrunk = true; shrunk;) {
    shrunk = false
    for (const member of held) if (!isHeldBy(member, held)) shrunk = held.delete(member)
  }
  return held
}

function isHeldBy({ uses }: Member, ready: ReadonlySet<Member>): boolean {
  const required = uses.filter(({ rely }) => !rely.optional && !rely.lazy)
  return required.every(({ rely }) =>
    [...ready].some(({ plan }) => plan.name === rely.name && satisfies(plan.version, rely.range)),
  )
}

function running({ states }: Played): Member[] {
  return [...states].filter(([, { state }]) => state !== 'stopped').map(([member]) => member)
}

const NOT_THERE = { state: '', missing: 0, isStarting: false }

/** When all is whole, everybody is what the graph says, and says what is missing. */
function converged(played: Played): string[] {
  const members = running(played)
  const ready = shouldBeReady(played)
  const wrong: string[] = []
  for (const member of members) {
    const { state, missing, isStarting } = played.states.get(member) ?? NOT_THERE
    const due = ready.has(member) ? 'ready' : 'waiting'
    if (state !== due) wrong.push(`${placeOf(member)} is ${state}, not ${due}`)
    if (missing > 0 !== (due === 'waiting'))
      wrong.push(`${placeOf(member)} misses ${missing}, and is to be ${due}`)
    const last = member.states.find((_, i) => member.states.lastIndexOf(state) === i)
    if (last === undefined) wrong.push(`${placeOf(member)} never told of ${state}`)
    if (due === 'ready' && isStarting) wrong.push(`${placeOf(member)} is ready, and its start goes on`)
  }
  return wrong
}

/** Whoever looks sees the same, and it is what is there. */
function agreed(played: Played): string[] {
  const members = running(played)
  const ready = shouldBeReady(played)
  const met = (name: string, range: string): boolean =>
    [...ready].some(({ plan }) => plan.name === name && satisfies(plan.version, range))
  const due = members
    .map((member) => {
      const { name, version } = member.plan
      const edges = member.uses.map(
        ({ rely }) => `${rely.name} ${rely.range} ${rely.lazy || met(rely.name, rely.range)}`,
      )
      return `${name}@${version} ${ready.has(member) ? 'ready' : 'waiting'} ${edges.sort().join(', ')}`
    })
    .sort()
  return played.views.flatMap((view, i) => {
    const wrong: string[] = []
    const seen = seenBy(view)
    if (seen.join('\n') !== due.join('\n'))
      wrong.push(`looker ${i} sees\n  ${seen.join('\n  ')}\ninstead of\n  ${due.join('\n  ')}`)
    if (view.unreachable.length > 0)
      wrong.push(`looker ${i} cannot reach ${JSON.stringify(view.unreachable)}`)
    return wrong
  })
}

/** A lazy edge that was never called says that it is not met: nobody looked. */
function seenBy(view: MeshView): string[] {
  return view.instances
    .map(({ name, version, state, edges }) => {
      const told = edges.map((edge) => `${edge.name} ${edge.range} ${edge.lazy || edge.met}`)
      // of two that a service declares late, either may be looked at first
      return `${name}@${version} ${state} ${told.sort().join(', ')}`
    })
    .sort()
}

/** When all is whole, a call of whatever is ready goes well. */
function reached(played: Played): string[] {
  const ready = shouldBeReady(played)
  const names = new Set([...ready].map(({ plan }) => plan.name))
  return played.probes.flatMap(({ client, name, end }) => {
    if (!names.has(name) || end === `probe ${client} ${name}`) return []
    return [`${client} cannot call ${name}: ${codeOf(end)}`]
  })
}

const AFTER: Readonly<Record<string, readonly string[]>> = {
  '': ['starting'],
  starting: ['waiting', 'draining', 'stopped'],
  waiting: ['ready', 'draining', 'stopped'],
  ready: ['waiting', 'draining'],
  draining: ['stopped'],
  stopped: ['starting'],
}

/** What `on('state')` told is a way that a service may go. */
function orderly({ cast, told }: Played): string[] {
  const wrong = told.map((line) => `the log has an error: ${line}`)
  for (const member of cast.members) {
    let last = ''
    for (const state of member.states) {
      if (!AFTER[last]?.includes(state)) wrong.push(`${placeOf(member)} went from ${last} to ${state}`)
      last = state
    }
    if (!member.isDead && last !== '' && last !== 'stopped') wrong.push(`${placeOf(member)} ended as ${last}`)
  }
  return wrong
}

function leftNothing({ left, ledger, listeners, cast }: Played): string[] {
  const wrong = Object.entries(left).flatMap(([what, count]) =>
    count === 0 ? [] : [`${count} ${what} are left`],
  )
  if (listeners > 0) wrong.push(`${listeners} listeners of signals are left`)
  const isWhole = cast.members.every(({ isDead }) => !isDead)
  if (isWhole && ledger.open > 0) wrong.push(`${ledger.open} streams are still open`)
  return wrong
}

function nameOf({ id, by, what, at }: Made): string {
  return `call ${id} of ${by} (${what}, at ${at.toFixed(0)})`
}

function placeOf({ plan }: Member): string {
  return `${plan.name}@${plan.version} on ${plan.node}`
}
