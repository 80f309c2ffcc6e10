/** What must be true of those who call all instances, and of those who monitor them. */
import satisfies from 'semver/functions/satisfies.js'
import type { InstanceOutcome } from '../../../lib/index.js'
import { codeOf, type Made } from './ledger.js'
import type { Played } from './play.js'
import type { Watcher } from './watchers.js'

/** A call of all has one outcome for each instance that it asked, and each ran it as its outcome says. */
export function eachOnce({ ledger }: Played): string[] {
  return ledger.made.flatMap((made) => {
    if (!made.isOfAll || !made.end?.ok) return []
    const outcomes = made.end.value as readonly InstanceOutcome<unknown>[]
    const runs = ledger.ran.filter(({ id }) => id === made.id).map(({ instance }) => instance)
    const asked = outcomes.map(({ instance }) => instance.id)
    const wrong: string[] = []
    if (asked.length === 0) wrong.push('asked nobody')
    if (new Set(asked).size < asked.length) wrong.push(`asked one twice: ${asked.join(', ')}`)
    const strangers = runs.filter((id) => !asked.includes(id))
    if (strangers.length > 0) wrong.push(`ran on ${strangers.join(', ')}, of which it has no outcome`)
    for (const outcome of outcomes) {
      const count = runs.filter((id) => id === outcome.instance.id).length
      wrong.push(...outcomeOf(made, outcome, count))
    }
    return wrong.map((what) => `call ${made.id} of all (${made.what}) ${what}`)
  })
}

function outcomeOf(made: Made, outcome: InstanceOutcome<unknown>, count: number): string[] {
  const { id } = outcome.instance
  const wrong: string[] = []
  if (count > 1 && !made.isIdempotent) wrong.push(`ran ${count} times on ${id}`)
  if (outcome.status === 'fulfilled') {
    if (count === 0) wrong.push(`ended well on ${id}, and never ran there`)
    if (outcome.value !== made.id) wrong.push(`was answered ${String(outcome.value)} by ${id}`)
    return wrong
  }
  const { ran } = outcome.reason as { ran?: string }
  if (ran !== 'no' && ran !== 'maybe' && ran !== 'yes')
    wrong.push(`failed on ${id} with ${codeOf(outcome.reason)}`)
  if (ran === 'no' && count > 0) wrong.push(`ran on ${id}, and said no: ${codeOf(outcome.reason)}`)
  if (ran === 'yes' && count === 0) wrong.push(`never ran on ${id}, and said yes: ${codeOf(outcome.reason)}`)
  return wrong
}

/** When all is whole a call of all reaches all that are ready, and where none is, all that wait. */
export function reachedAll({ allProbes, states }: Played): string[] {
  return allProbes.flatMap(({ client, name, end }) => {
    const there = [...states].filter(([{ plan }]) => plan.name === name).map(([, state]) => state)
    const inState = (wanted: string): string[] =>
      there.filter(({ state }) => state === wanted).map(({ id }) => id)
    const due = inState('ready').length > 0 ? inState('ready') : inState('waiting')
    if (due.length === 0) return []
    const outcomes = Array.isArray(end) ? (end as readonly InstanceOutcome<unknown>[]) : []
    const well = outcomes.filter(({ status }) => status === 'fulfilled').map(({ instance }) => instance.id)
    if (well.toSorted().join() === due.toSorted().join()) return []
    const how = Array.isArray(end) ? `${well.length} of ${outcomes.length} asked` : codeOf(end)
    return [`${client} calls all of ${name}: ${how}, and there are ${due.length}`]
  })
}

/** Each `up` has exactly one `down` where its instance went, and none where it lives. */
export function monitored(played: Played): string[] {
  return played.watchers.flatMap((watcher) => {
    const { client, name, range } = watcher.plan
    const isDead = played.cast.deaths.some(({ node, at }) => node === client && at >= watcher.at)
    const wrong = [...inTurn(played, watcher), ...(isDead ? [] : [...inTheEnd(played, watcher)])]
    return wrong.map((what) => `the monitor of ${name} ${range} by ${client} ${what}`)
  })
}

/** `up`, then what changes, then one `down`; of instances that there were, for reasons that there were. */
function inTurn({ cast }: Played, { events, plan }: Watcher): string[] {
  const wrong: string[] = []
  const up = new Set<string>()
  for (const event of events) {
    const { type, instance } = event
    const { id } = instance
    if (type === 'up' ? up.has(id) : !up.has(id)) wrong.push(`told ${type} of ${id} out of turn`)
    if (type === 'up') up.add(id)
    if (type === 'down') up.delete(id)
    const member = cast.members.find(({ lives }) => lives.has(id))
    if (member?.plan.name !== plan.name || !satisfies(member.plan.version, plan.range))
      wrong.push(`told of ${id}, which is no instance in range`)
    if (event.type === 'down' && event.reason === 'stopped' && member?.lives.get(id) === false)
      wrong.push(`told that ${id} was stopped, which it was not`)
  }
  return wrong
}

/** Whoever is up when all is whole is who is there, in the state that it is in; and the monitor ends when its client does. */
function* inTheEnd({ states }: Played, { events, seen, plan, end }: Watcher): Generator<string> {
  const known = new Map<string, string>()
  for (const { type, instance } of events.slice(0, seen)) {
    if (type === 'down') known.delete(instance.id)
    else known.set(instance.id, instance.state)
  }
  for (const [{ plan: of }, { id, state }] of states) {
    if (of.name !== plan.name || !satisfies(of.version, plan.range) || state === 'stopped') continue
    if (known.get(id) !== state) yield `has ${id} as ${known.get(id) ?? 'down'}, which is ${state}`
    known.delete(id)
  }
  for (const [id, state] of known) yield `has ${id} as ${state}, which is gone`
  if (end !== 'done') yield end === null ? 'never ended' : `ended by ${end}`
}
