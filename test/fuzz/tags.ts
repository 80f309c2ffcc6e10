/** Tags as a hostile peer writes them: what stands for values that JSON has not, most of it right, and what only looks like it. */
import type { Chance } from './chance.js'
import { anId, giant, isContainer, KEYS, ODD, type Fields } from './odd.js'

const TYPES = ['Buffer', 'Uint8Array', 'Float64Array', 'BigInt64Array', 'ArrayBuffer', 'DataView']
const FORMS = ['iterable', 'node', 'bytes', 'web']
const NO_KINDS = ['', 'Map', 'constructor', '__proto__', 'toString', 'then', 'symbol']
const ERRORS = ['Error', 'TypeError', 'AggregateError', 'DServiceError', '__proto__', '']

/** Kind -> what belongs to it: as a peer of ours could have written it, or nearly. */
const MADE: Readonly<Record<string, (chance: Chance) => readonly unknown[]>> = {
  undefined: () => [],
  number: (chance) => [chance.of(['NaN', 'Infinity', '-Infinity', '-0', '0', 'x'])],
  bigint: (chance) => [
    chance.of(['0', '-1', '18446744073709551616', '9'.repeat(chance.about(1, 30_000)), '01']),
  ],
  date: (chance) => [chance.of([0, null, 8.64e15, 8.64e15 + 1, 0.5])],
  regexp: (chance) => [
    chance.of(['a+', '(a+)+$', '(', 'x'.repeat(chance.about(1, 12_000))]),
    chance.of(['', 'gi', 'v', 'gg']),
  ],
  url: (chance) => [
    chance.of(['http://a/b', 'file:///etc', 'javascript:1', 'a', `http://${'x'.repeat(3_000)}/`]),
  ],
  map: (chance) => [some(chance, () => [inner(chance), inner(chance)])],
  set: (chance) => [some(chance, () => inner(chance))],
  error: (chance) => [anError(chance)],
  function: (chance) => [anId(chance)],
  yours: (chance) => [anId(chance)],
  stream: (chance) => [anId(chance), chance.of(FORMS)],
  signal: (chance) => (chance.once(3) ? [null, inner(chance)] : [anId(chance)]),
  ref: (chance) => [chance.once(8) ? chance.of(ODD) : chance.below(10)],
  object: (chance) => [{ $: inner(chance), [chance.of(KEYS)]: inner(chance) }],
  bytes: (chance) => [chance.once(8) ? chance.of(ODD) : chance.below(3), chance.of(TYPES)],
  custom: (chance) => [chance.of(['money', 'constructor']), inner(chance)],
}

/** Every kind that there is. */
export const TAGS: readonly string[] = Object.keys(MADE)

/** A tag of any kind. */
export function aTag(chance: Chance): Fields {
  const kind = chance.of(TAGS)
  const parts: unknown[] = [kind, ...(MADE[kind]?.(chance) ?? [])]
  switch (chance.below(16)) {
    case 0:
      return { $: chance.of(ODD) }
    case 1:
      return { $: [chance.of(NO_KINDS), ...parts.slice(1)] }
    case 2:
      return { $: parts.slice(0, -1) }
    case 3:
      return { $: [...parts, chance.of(ODD)] }
    case 4:
      return { $: parts, [chance.of(KEYS)]: chance.of(ODD) }
    case 5:
      return { [chance.of(KEYS)]: 1, $: parts }
    default:
      return { $: parts }
  }
}

/** What is in a tag: other tags as well, and seldom deep. */
function inner(chance: Chance): unknown {
  if (chance.once(4)) return aTag(chance)
  return chance.once(20) ? giant(chance, chance.about(40, 500)) : chance.of(ODD)
}

function some(chance: Chance, item: () => unknown): unknown[] {
  return Array.from({ length: chance.below(5) }, item)
}

function anError(chance: Chance): unknown {
  const error = { name: chance.of(ERRORS), message: 'said by a hostile peer' }
  switch (chance.below(6)) {
    case 0:
      return { ...error, cause: inner(chance), errors: some(chance, () => inner(chance)) }
    case 1:
      return { ...error, properties: { [chance.of(KEYS)]: inner(chance) } }
    case 2:
      return { ...error, [chance.of(KEYS)]: chance.of(ODD) }
    case 3: {
      let chain: Fields = { ...error, cause: inner(chance) }
      for (let depth = chance.about(1, 90); depth > 0; depth--) {
        chain = { ...error, cause: { $: ['error', chain] } }
      }
      return chain
    }
    default:
      return error
  }
}

/** A value with a tag in one of its places; in few the whole of it. */
export function tagged(value: unknown, chance: Chance): unknown {
  if (!isContainer(value) || chance.once(4)) return aTag(chance)
  const entries = Object.entries(value)
  if (entries.length === 0) return Array.isArray(value) ? [aTag(chance)] : { a: aTag(chance) }
  const at = chance.below(entries.length)
  const changed = entries.map(([key, item], i): [string, unknown] => [
    key,
    i === at ? tagged(item, chance) : item,
  ])
  return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed)
}

/** Values that are not what they look like: a few bytes for a giant, what an `await` would call, or a key that reaches for a prototype. */
export function tagTrap(chance: Chance): readonly unknown[] {
  return chance.of([laughs, deep, thenable, reserved])(chance)
}

/** Each list holds the one before so often: few bytes for a giant, or for a cycle. */
function laughs(chance: Chance): unknown[] {
  const steps = chance.about(2, 60)
  const times = chance.about(1, 20)
  const to = chance.once(4) ? (): number => chance.below(steps + 2) : (i: number): number => i + 1
  const again = (i: number): unknown[] => Array.from({ length: times }, () => ({ $: ['ref', to(i)] }))
  const first = chance.once(8) ? 'x'.repeat(chance.about(1, 20_000)) : 1
  return [[[first], ...Array.from({ length: steps }, (_, i) => again(i))], { $: ['function', 1] }]
}

/** Tags in tags. */
function deep(chance: Chance): unknown[] {
  let value: unknown = 1
  const wrap = chance.of([
    (it: unknown): unknown => ({ $: ['set', [it]] }),
    (it: unknown): unknown => ({ $: ['map', [[it, it === 1 ? 2 : 1]]] }),
    (it: unknown): unknown => ({ $: ['object', { $: it }] }),
    (it: unknown): unknown => ({ $: ['signal', null, it] }),
    (it: unknown): unknown => ({ $: ['error', { name: 'E', message: 'm', cause: it }] }),
  ])
  for (let depth = chance.about(1, 150); depth > 0; depth--) value = wrap(value)
  return [value]
}

/** What an `await` would call, in an object, a tag or an error. */
function thenable(chance: Chance): unknown[] {
  const then = { then: { $: [chance.of(['function', 'yours']), chance.below(5)] } }
  const error = { name: 'E', message: 'm', properties: then }
  return [chance.of<unknown>([then, { $: ['object', { $: 1, ...then }] }, { $: ['error', error] }, [then]])]
}

/** `fromEntries`, since an object literal would set the prototype. */
function reserved(chance: Chance): unknown[] {
  const key = chance.of(['__proto__', 'constructor', 'prototype'])
  const value = Object.fromEntries([['$', 1] as const, [key, { isAdmin: true }] as const])
  const properties = Object.fromEntries([[key, { isAdmin: true }] as const])
  const error = { name: 'E', message: 'm', properties }
  return [
    chance.of<unknown>([{ $: ['object', value] }, { $: ['error', error] }, { $: ['set', [properties]] }]),
  ]
}
