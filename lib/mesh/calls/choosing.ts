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
export function chosenBy(caller: Caller, options: HandleOptions): Choosing {
  const { instance } = options
  const choosing = balancedBy(caller, options)
  if (instance === undefined) return choosing
  if (typeof instance !== 'string' || !ID.test(instance)) throw notAnId(instance)
  return pinnedTo(caller, instance)
}

/** Only this instance may be called; whatever else was chosen means nothing. */
export function pinnedTo({ shared, choosing }: Caller, pin: string): Choosing {
  const { node, target } = shared
  const { pool, clock } = node
  const choices = new Choices({ pool, clock, name: target.name, range: target.range, spread: 'range', pin })
  return { ...choosing, choices, pin, asked: target.every }
}

function balancedBy({ shared, choosing }: Caller, options: HandleOptions): Choosing {
  const { spread, balance, key } = options
  if (spread === undefined && balance === undefined && key === undefined) return choosing
  if (spread !== undefined && !SPREADS.includes(spread)) throw notOneOf('spread', spread, SPREADS)
  if (balance !== undefined && !BALANCES.includes(balance)) throw notOneOf('balance', balance, BALANCES)
  if (key !== undefined && typeof key !== 'string') throw noKey(`key is ${typeof key}`)
  const { pin } = choosing
  const choices = spread === undefined || pin !== null ? choosing.choices : choicesOf(shared, spread)
  if (key !== undefined) {
    if (balance !== undefined && balance !== 'key') throw twoBalances(balance)
    // all callers have to choose from the same instances: from all of them
    return { ...choosing, choices, balance: 'key', key: hashOf(key), asked: shared.target.every }
  }
  if (balance === 'key' && choosing.balance !== 'key') throw noKey('balance key needs a key')
  return { ...choosing, choices, balance: balance ?? choosing.balance }
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
    hint: 'give the `id` of one of instances(handle)',
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
