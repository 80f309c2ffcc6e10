/** The table of what waits for an answer: nothing is lost where it grows, shrinks, or its ids come round. */
import { describe, expect, it } from 'vitest'
import { ID_END } from '../../lib/dnode/ids.js'
import { Ring } from '../../lib/dnode/ring.js'

interface Call {
  readonly id: number
}

/** Adds so many more. */
const add = (ring: Ring<Call>, count: number): Call[] =>
  Array.from({ length: count }, () => {
    const call = { id: ring.nextId() }
    ring.add(call)
    return call
  })

describe('ring', () => {
  it.each([1, 17, 1_000, 5_000, 40_000])(
    'bursts of %d, one after the other - each call is found once, whatever is kept between them',
    (count) => {
      const ring = new Ring<Call>()
      for (let burst = 0; burst < 3; burst++) {
        const calls = add(ring, count)
        expect([ring.size, ring.values().length]).toEqual([count, count])
        expect(calls.every((call) => ring.get(call.id) === call && ring.take(call.id) === call)).toBe(true)
        expect([ring.size, ring.values(), ring.take(calls[0]?.id ?? 0)]).toEqual([0, [], undefined])
      }
    },
  )

  it('calls that stay while others come and go, over the end of the ids - keep their places', () => {
    const ring = new Ring<Call>(ID_END - 3_000)
    const staying = add(ring, 100)
    for (let burst = 0; burst < 20; burst++) {
      const passing = add(ring, 1_000)
      expect(new Set([...staying, ...passing].map(({ id }) => id)).size).toBe(1_100)
      for (const { id } of passing) expect(ring.take(id)?.id).toBe(id)
    }
    expect(ring.values().toSorted((a, b) => a.id - b.id)).toEqual(staying)
    expect(staying.every((call) => ring.take(call.id) === call)).toBe(true)
  })
})
