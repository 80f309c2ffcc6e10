/** Numbers that a peer chose so that a map of them is slow, as V8 hashes them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyer, keyOf } from '../../lib/dnode/keys.js'

const BUCKETS = 2 ** 12

/** The bucket of a number in a map that has so many. */
function bucketOf(number: number): number {
  let hash = number >>> 0
  hash = (~hash + (hash << 15)) >>> 0
  hash = (hash ^ (hash >>> 12)) >>> 0
  hash = (hash + (hash << 2)) >>> 0
  hash = (hash ^ (hash >>> 4)) >>> 0
  hash = Math.imul(hash, 2_057) >>> 0
  return (hash ^ (hash >>> 16)) & (BUCKETS - 1)
}

/** How many numbers there are in the fullest bucket. */
function fullest(numbers: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const number of numbers) {
    const bucket = bucketOf(number)
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }
  return Math.max(...counts.values())
}

function chosen(): number[] {
  const numbers: number[] = []
  for (let id = 0; numbers.length < BUCKETS; id++) if (bucketOf(id) === 77) numbers.push(id)
  return numbers
}

describe('keys - of what a peer has numbered', () => {
  it('keys - what falls into one bucket is spread by a key that its peer does not know', () => {
    const ids = chosen()
    expect(fullest(ids)).toBe(BUCKETS)
    const chance = fc.integer({ min: 0, max: 999_999 }).map((n) => n / 1_000_000)
    fc.assert(
      fc.property(chance, chance, (factor, offset) => {
        // who multiplies by one is as good as never chosen
        fc.pre(factor > 0.001)
        const chances = [factor, offset]
        const key = keyer(() => chances.shift() ?? 0)
        expect(fullest(ids.map(key))).toBeLessThan(BUCKETS / 32)
      }),
      { numRuns: 100 },
    )
  })

  it('keys - no two numbers have the same', () => {
    const ids = [...Array.from({ length: 50_000 }, (_, i) => i), ...chosen(), 2 ** 31 - 1]
    const each = new Set(ids)
    expect(new Set([...each].map(keyOf)).size).toBe(each.size)
  })
})
