/** Which of an instance's records go into an answer, an announcement or a probe. */
import { fold } from '../dnssd/names.js'
import type { Group } from '../dnssd/pack.js'
import { answersTo, type Question, type Resource } from '../dnssd/records.js'
import { isDenial, isUnique, type Claim, type Slot } from './claim.js'
import type { Send } from './machine.js'

/** A record of a claim that is to be sent. */
export interface Wanted {
  readonly claim: Claim
  readonly slot: Slot
}

/** The records of a claim that answer a question, or the denial that does (RFC 6762 section 6.1). */
export function pick(claim: Claim, question: Question): readonly [Slot, Resource][] {
  const there = claim.under(fold(question.name))
  if (there.length === 0) return there
  const isOurs = claim.isOurName(question.name)
  const found = there.filter(
    ([slot, record]) => isUnique(slot) === isOurs && !isDenial(slot) && answersTo(record, question),
  )
  if (found.length > 0 || !isOurs) return found
  return there.filter(([slot]) => isDenial(slot))
}

/** RFC 6763 section 12: a pointer comes with what it points to, a service with its host's addresses. */
export function groupsOf(wanted: readonly Wanted[]): Group[] {
  const byClaim = new Map<Claim, Set<Slot>>()
  for (const { claim, slot } of wanted) byClaim.set(claim, (byClaim.get(claim) ?? new Set()).add(slot))
  return [...byClaim].map(([claim, slots]) => {
    const useful = new Set<Slot>()
    if (slots.has('type') || slots.has('sub'))
      for (const slot of ['srv', 'txt', 'a', 'aaaa'] as const) useful.add(slot)
    if (slots.has('srv')) for (const slot of ['a', 'aaaa'] as const) useful.add(slot)
    const take = (wantedSlots: Set<Slot>): Resource[] =>
      [...claim.records].filter(([slot]) => wantedSlots.has(slot)).map(([, record]) => record)
    for (const slot of slots) useful.delete(slot)
    return { answers: take(slots), additionals: take(useful) }
  })
}

/** RFC 6762 section 8.1: ask for all under our names, and say what we would put there. Not QU: the port is shared. */
export function probeOf(claim: Claim): Send {
  const authorities = claim.unique.map((record) => ({ ...record, flush: false }))
  const names = new Map(authorities.map((record) => [fold(record.name), record.name]))
  const questions = [...names.values()].map((name): Question => ({ name, type: 'ANY' }))
  return { do: 'send', to: null, message: { kind: 'query', id: 0, questions, authorities, groups: [] } }
}
