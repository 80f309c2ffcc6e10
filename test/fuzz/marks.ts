/** Marks that lie: functions and links of a list of values, from anywhere to anywhere, in either codec. */
import type { Chance } from './chance.js'
import { isContainer, KEYS, ODD, type Fields } from './odd.js'

/** A list of values with its marks. */
export interface Marked {
  readonly values: readonly unknown[]
  readonly marks: Fields
}

/** Functions where there are values, or nowhere; with new numbers and known ones. */
export function callbacks(values: unknown, known: unknown, chance: Chance): unknown {
  if (chance.once(10)) return chance.of(ODD)
  const made = Array.from({ length: chance.about(1, 12) }, () => [
    chance.once(8) ? chance.of(KEYS) : String(chance.below(20)),
    aPath(values, chance),
  ])
  return Object.fromEntries([...(isContainer(known) ? Object.entries(known) : []), ...made])
}

/** Links from anywhere to anywhere; now and then so many that they stand for a giant. */
export function links(values: unknown, chance: Chance): unknown {
  if (chance.once(10)) return chance.of(ODD)
  return Array.from({ length: chance.about(1, chance.once(10) ? 2_000 : 12) }, () => {
    if (chance.once(30)) return chance.of(ODD)
    return { from: chance.once(8) ? [] : aPath(values, chance), to: aPath(values, chance) }
  })
}

/**
 * Values that are not what they look like: links that double with each step, a function that an `await` would call, or a
 * key that reaches for a prototype; all else about the message is good.
 */
export function trap(chance: Chance): Marked {
  return chance.of([bomb, thenable, reserved])(chance)
}

/** `fromEntries`, since an object literal would set the prototype. */
function reserved(chance: Chance): Marked {
  const key = chance.of(['__proto__', 'constructor', 'prototype'])
  const value = Object.fromEntries([['a', 1] as const, [key, { isAdmin: true }] as const])
  return {
    values: [chance.once(2) ? value : { inner: [value] }, '[Function]'],
    marks: { callbacks: { 1: [1] } },
  }
}

/** Links that double or close a value with each step: few bytes for a giant. */
function bomb(chance: Chance): Marked {
  const steps = chance.about(2, 60)
  const tree = Array.from({ length: steps }, () => ({ l: 0, r: 0 }))
  const to = chance.once(2) ? (i: number): number => i - 1 : (): number => chance.below(steps)
  const made = tree.slice(1).flatMap((_, i) => [
    { from: [0, to(i + 1)], to: [0, i + 1, 'l'] },
    { from: [0, to(i + 1)], to: [0, i + 1, 'r'] },
  ])
  return { values: [tree, '[Function]'], marks: { callbacks: { 1: [1] }, links: made } }
}

/** What an `await` would call, set by a callback or by a link. */
function thenable(chance: Chance): Marked {
  const values = [{ then: '[Function]', f: '[Function]' }]
  if (chance.once(2)) return { values, marks: { callbacks: { 5: [0, 'then'] } } }
  return { values, marks: { callbacks: { 5: [0, 'f'] }, links: [{ from: [0, 'f'], to: [0, 'then'] }] } }
}

/** A way into a value, most often one that is there; the last step may be new. */
function aPath(values: unknown, chance: Chance): unknown {
  if (chance.once(40)) return chance.of(ODD)
  const path: unknown[] = []
  let value = values
  while (isContainer(value) && Object.keys(value).length > 0 && (path.length === 0 || !chance.once(3))) {
    const key = chance.of(Object.keys(value))
    path.push(Array.isArray(value) && chance.once(2) ? Number(key) : key)
    value = (value as Fields)[key]
  }
  if (chance.once(3)) path.push(chance.once(2) ? chance.of(KEYS) : chance.below(5))
  return chance.once(60) ? Array.from({ length: chance.about(10, 400) }, () => path[0] ?? 'a') : path
}
