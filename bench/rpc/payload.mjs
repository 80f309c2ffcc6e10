/** What is called, everywhere the same: a small call that does a little work, and a large value that comes back. */

/** A small call, and its answer. */
export const SMALL = { s: 'beep' }
export const SMALL_ANSWER = 'BOOP'

/** About 100 kB of JSON: rows as they come out of a database. */
export const BIG = {
  rows: Array.from({ length: 685 }, (_, id) => ({
    id,
    name: `customer number ${id}`,
    email: `customer.${id}@example.org`,
    tags: ['a tag', 'another "tag"', `tag-${id % 7}`],
    score: id * 1.25,
    active: id % 3 === 0,
  })),
}
export const BIG_BYTES = JSON.stringify(BIG).length

/** The one method that every peer serves. */
export function answer(value) {
  return value.s === undefined ? value : value.s.replace('ee', 'oo').toUpperCase()
}

/** 1 MiB of which no text would keep anything. */
export const BYTES = Buffer.alloc(1024 * 1024).map((_zero, i) => i * 31)
