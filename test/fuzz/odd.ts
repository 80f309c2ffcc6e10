/** What stands where it should not: values of other types, keys that mean something elsewhere, and giants. */
import type { Chance } from './chance.js'

export type Fields = Record<string, unknown>

/** Values that are where they should not be. */
export const ODD: readonly unknown[] = [
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
export const KEYS: readonly string[] = [
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
  'error',
  'name',
  'message',
  'code',
  'ran',
  'properties',
  'cause',
  'stack',
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

/** Numbers at the edges of what is an id, on either side. */
const EDGES = [-1, 0.5, 2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53]

export const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null

/** A reference or a name, of what is there most often. */
export function aMethod(chance: Chance): unknown {
  return chance.once(2) ? chance.below(14) : chance.of(METHODS)
}

/** Most often one that somebody waits for. */
export function anId(chance: Chance): unknown {
  if (chance.once(8)) return chance.of(ODD)
  return chance.once(6) ? chance.of(EDGES) : chance.below(12)
}

/** Changes one place of a value; in a list the others stay where they are, most often. */
export function mutateValue(value: unknown, chance: Chance): unknown {
  if (!isContainer(value) || chance.once(6)) {
    return chance.once(25) ? giant(chance) : chance.of(ODD)
  }
  const entries = Object.entries(value)
  const at = chance.below(entries.length + 1)
  const [key, old] = entries[at] ?? [chance.of(KEYS), chance.of(ODD)]
  const changed: [string, unknown][] = chance.once(8) ? [] : [[key, mutateValue(old, chance)]]
  entries.splice(at, 1)
  if (!chance.once(8)) entries.splice(at, 0, ...changed)
  else entries.push(...changed.map(([, item]): [string, unknown] => [chance.of(KEYS), item]))
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries)
}

/** Something long, wide or deep. */
export function giant(chance: Chance, bytes: number = chance.about(40, 8_000)): unknown {
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
