/** The options of a handle that say which instance takes a call, as the user gave them. */
import { invalid } from '../../base/errors.js'
import { shown } from '../../base/names.js'
import { Choices, type Choosing } from '../choosing/choices.js'
import type { Spread } from '../choosing/resolve.js'
import { hashOf } from '../peers/hash.js'
import type { Balance, HandleOptions } from '../types.js'
import type { Caller, Shared } from './tries.js'

const SPREADS: readonly unknown[] = ['highest', 'range'] satisfies Spread[]
const BALANCES: readonly unknown[] = ['ewma', 'round-robin', 'key'] satisfies Balance[]

/** As a hello says it. */
const ID = /^[a-z0-9]{1,64}$/

/** What a handle chooses by that has these options besides; those that are not given are as they were. Errors: DS_INVALID. */
export function chosenBy({ shared, choosing: before }: Caller, options: HandleOptions): Choosing {
  const { spread, balance, key, instance } = options
  if ([spread, balance, key, instance].every((option) => option === undefined)) return before
  const choosing = balancedBy(before, options)
  if (instance === undefined && before.pin !== null) return choosing
  if (instance === undefined || instance === null) return unpinned(shared, choosing)
  if (typeof instance !== 'string' || !ID.test(instance)) throw notAnId(instance)
  return pinnedTo({ shared, choosing }, instance)
}

/** Only this instance may be called; whatever else was chosen means nothing while that is so. */
export function pinnedTo({ shared, choosing }: Pick<Caller, 'shared' | 'choosing'>, pin: string): Choosing {
  const { node, target } = shared
  const { pool, clock } = node
  const choices = new Choices({ pool, clock, name: target.name, range: target.range, spread: 'range', pin })
  return { ...choosing, choices, pin, asked: target.every }
}

/** By a key all callers have to choose from the same instances: from all of them. */
function unpinned(shared: Shared, choosing: Choosing): Choosing {
  const { target } = shared
  const asked = choosing.balance === 'key' ? target.every : target
  return { ...choosing, choices: choicesOf(shared, choosing.spread), pin: null, asked }
}

function balancedBy(before: Choosing, { spread = before.spread, balance, key }: HandleOptions): Choosing {
  if (!SPREADS.includes(spread)) throw notOneOf('spread', spread, SPREADS)
  if (balance !== undefined && !BALANCES.includes(balance)) throw notOneOf('balance', balance, BALANCES)
  if (key !== undefined && typeof key !== 'string') throw noKey(`key is ${typeof key}`)
  if (key !== undefined) {
    if (balance !== undefined && balance !== 'key') throw twoBalances(balance)
    return { ...before, spread, balance: 'key', key: hashOf(key) }
  }
  if (balance === 'key' && before.balance !== 'key') throw noKey('balance key needs a key')
  return { ...before, spread, balance: balance ?? before.balance }
}

/** Shared by all handles of one look-up. */
export function choicesOf(
  { node, target, choices }: Omit<Shared, 'inFlight' | 'broken'>,
  spread: Spread,
): Choices {
  const known = choices.get(spread)
  if (known) return known
  const { pool, clock } = node
  const made = new Choices({ pool, clock, name: target.name, range: target.range, spread, pin: null })
  choices.set(spread, made)
  return made
}

function notOneOf(name: string, value: unknown, all: readonly unknown[]): Error {
  return invalid({
    summary: `${shown(value)} is no ${name}`,
    hint: `give ${all.map((one) => JSON.stringify(one)).join(' or ')}`,
  })
}

function notAnId(value: unknown): Error {
  return invalid({
    summary: `${shown(value)} is no id of an instance`,
    hint: 'give the `id` of one of instances(handle), or null for any',
  })
}

function twoBalances(balance: string): Error {
  return invalid({
    summary: `balance ${balance} knows no key`,
    hint: 'leave out one of them: with a key the balance is by key',
  })
}

function noKey(summary: string): Error {
  return invalid({ summary, hint: "give the key as text, { key: 'user-7' }: with it the balance is by key" })
}
