/** Changes of one row that know what a row is: fields of other types, ids of others, paths to anywhere, giants. */
import { LIMITS } from '../../lib/base/options.js'
import type { Chance } from './chance.js'

type Fields = Record<string, unknown>

/** Values that are where they should not be. */
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 53,
  -1e308,
  '',
  '0',
  '__proto__',
  'then',
  'length',
  '[Function]',
  [],
  {},
  [null],
  { then: 1 },
  { length: 4_294_967_295 },
  { toJSON: 1, toString: null, valueOf: [] },
  ['0', 'a'],
  { '0': ['0'] },
]

/** Keys that reach for what is not data, or that mean something elsewhere. */
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'then',
  'toJSON',
  'length',
  'hasOwnProperty',
  '0',
  '',
  'method',
  'arguments',
  'callbacks',
  'links',
  'id',
  'answer',
  'error',
  'cancel',
  'changed',
  'ping',
  'pong',
  'timeout',
  'traceparent',
  'dservice',
  'from',
  'to',
]

const METHODS = [
  'methods',
  'cull',
  '$describe',
  '$nope',
  'echo',
  'users.find',
  'users',
  'echo.call',
  'toString',
]

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

/** A row after one change: of its values, or of what makes it a message. */
export function mutateRow(row: unknown, chance: Chance): unknown {
  if (!Array.isArray(row)) return mutateMessage(row, chance)
  if (chance.once(6)) return mutateBatch(row, chance)
  return replaceAt(row, chance.below(row.length), (message) => mutateMessage(message, chance))
}

function mutateBatch(row: readonly unknown[], chance: Chance): unknown {
  switch (chance.below(4)) {
    case 0:
      return chance.shuffled(row)
    case 1:
      return row.flatMap((message) => (chance.once(3) ? [] : [message]))
    case 2:
      return Array.from({ length: chance.about(2, 300) }, () => chance.of(row))
    default:
      return [row, ...row]
  }
}

function mutateMessage(message: unknown, chance: Chance): unknown {
  if (!isContainer(message) || chance.once(2)) return mutateValue(message, chance)
  const fields = message as Fields
  switch (chance.below(8)) {
    case 0:
      return { ...fields, [chance.of(['id', 'answer', 'error', 'cancel'])]: anId(chance) }
    case 1:
      return { ...fields, method: chance.once(2) ? chance.below(14) : chance.of(METHODS) }
    case 2:
      return { ...fields, callbacks: callbacks(fields, chance) }
    case 3:
      return { ...fields, links: links(fields, chance) }
    case 4:
      return { ...fields, [chance.of(['timeout', 'traceparent'])]: chance.of(ODD) }
    case 5:
      return { ...fields, arguments: [giant(chance), ...listOf(fields['arguments'])] }
    case 6:
      return { ...fields, ...(chance.once(2) ? bomb(chance) : thenable(chance)) }
    default:
      return { ...fields, [chance.of(KEYS)]: chance.of(ODD) }
  }
}

/** Most often one that somebody waits for. */
function anId(chance: Chance): unknown {
  if (chance.once(6)) return chance.of(ODD)
  return chance.once(10) ? 2 ** 31 - 1 - chance.below(2) : chance.below(12)
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** Functions where there are values, or nowhere; with new numbers and known ones. */
function callbacks({ arguments: args, callbacks: known }: Fields, chance: Chance): unknown {
  if (chance.once(10)) return chance.of(ODD)
  const made = Array.from({ length: chance.about(1, 12) }, () => [
    chance.once(8) ? chance.of(KEYS) : String(chance.below(20)),
    aPath(args, chance),
  ])
  return Object.fromEntries([...(isContainer(known) ? Object.entries(known) : []), ...made])
}

/** Links from anywhere to anywhere; now and then so many that they stand for a giant. */
function links({ arguments: args }: Fields, chance: Chance): unknown {
  if (chance.once(10)) return chance.of(ODD)
  return Array.from({ length: chance.about(1, chance.once(10) ? 2_000 : 12) }, () => {
    if (chance.once(30)) return chance.of(ODD)
    return { from: chance.once(8) ? [] : aPath(args, chance), to: aPath(args, chance) }
  })
}

/** Links that double or close a value with each step: few bytes for a giant. */
function bomb(chance: Chance): Fields {
  const steps = chance.about(2, 60)
  const tree = Array.from({ length: steps }, () => ({ l: 0, r: 0 }))
  const to = chance.once(2) ? (i: number): number => i - 1 : (): number => chance.below(steps)
  const made = tree.slice(1).flatMap((_, i) => [
    { from: [0, to(i + 1)], to: [0, i + 1, 'l'] },
    { from: [0, to(i + 1)], to: [0, i + 1, 'r'] },
  ])
  return { arguments: [tree, '[Function]'], callbacks: { 1: [1] }, links: made }
}

/** What an `await` would call, set by a callback or by a link. */
function thenable(chance: Chance): Fields {
  const args = { arguments: [{ then: '[Function]', f: '[Function]' }] }
  if (chance.once(2)) return { ...args, callbacks: { 5: [0, 'then'] } }
  return { ...args, callbacks: { 5: [0, 'f'] }, links: [{ from: [0, 'f'], to: [0, 'then'] }] }
}

/** A way into a value, most often one that is there; the last step may be new. */
function aPath(args: unknown, chance: Chance): unknown {
  if (chance.once(40)) return chance.of(ODD)
  const path: unknown[] = []
  let value = args
  while (isContainer(value) && Object.keys(value).length > 0 && (path.length === 0 || !chance.once(3))) {
    const key = chance.of(Object.keys(value))
    path.push(Array.isArray(value) && chance.once(2) ? Number(key) : key)
    value = (value as Fields)[key]
  }
  if (chance.once(3)) path.push(chance.once(2) ? chance.of(KEYS) : chance.below(5))
  return chance.once(60) ? Array.from({ length: chance.about(10, 400) }, () => path[0] ?? 'a') : path
}

/** Changes one place of a value. */
function mutateValue(value: unknown, chance: Chance): unknown {
  if (!isContainer(value) || chance.once(6)) {
    return chance.once(25) ? giant(chance) : chance.of(ODD)
  }
  const entries = Object.entries(value)
  const [key, old] = entries[chance.below(entries.length + 1)] ?? [chance.of(KEYS), chance.of(ODD)]
  const rest = entries.filter(([name]) => name !== key)
  const changed = chance.once(8) ? [] : [[key, mutateValue(old, chance)] as const]
  const moved = chance.once(8) ? changed.map(([, item]) => [chance.of(KEYS), item] as const) : changed
  return Array.isArray(value)
    ? [...rest, ...moved].map(([, item]) => item)
    : Object.fromEntries([...rest, ...moved])
}

/** A call or an answer with something as large as a row may be, or a little larger. */
export function giantRow(chance: Chance): unknown {
  const kind = chance.of([{ method: chance.below(14) }, { method: 0, id: chance.below(12) }, { answer: 0 }])
  const message = { ...kind, arguments: [giant(chance, chance.about(100_000, LIMITS.row * 1.1))] }
  return chance.once(2) ? [message] : message
}

/** Something long, wide or deep. */
function giant(chance: Chance, bytes: number = chance.about(40, 8_000)): unknown {
  const list = (each: number, item: (i: number) => unknown): unknown[] =>
    Array.from({ length: Math.ceil(bytes / each) }, (_, i) => item(i))
  switch (chance.below(8)) {
    case 0:
      return 'x'.repeat(bytes)
    case 1:
      return list(2, () => chance.below(2))
    case 2:
      return list(3, () => (chance.once(2) ? {} : []))
    case 3:
      return Object.fromEntries(list(11, (i) => [`k${i}`, i]) as [string, number][])
    case 4:
      return list(13, (i) => ({ [`k${i}`]: 1 }))
    case 5:
      return list(20, () => nested(9, chance))
    case 6:
      return list(1_900, () => nested(900, chance))
    default:
      return nested(Math.min(bytes, 1_500), chance)
  }
}

function nested(depth: number, chance: Chance): unknown {
  let value: unknown = 1
  const isList = chance.once(2)
  for (let i = 0; i < depth; i++) value = isList ? [value] : { a: value }
  return value
}

function replaceAt(list: readonly unknown[], at: number, by: (item: unknown) => unknown): unknown[] {
  return list.map((item, index) => (index === at ? by(item) : item))
}
