/** One that does nothing but change must not keep a node busy: at most so many changes a second, and one telling for each turn. */
import { expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { Changes, type Change } from '../../lib/mesh/peers/changes.js'
import { Listeners } from '../../lib/mesh/peers/listeners.js'

function changes() {
  const clock = new VirtualClock()
  const passed: { at: number; revision: number }[] = []
  const pass = ({ revision }: Change): void => void passed.push({ at: clock.monotonic(), revision })
  const changing = new Changes(clock, pass)
  let revision = 0
  const come = (count: number): void => {
    for (let i = 0; i < count; i++) changing.come({ state: 'ready', revision: revision++ })
  }
  return { clock, passed, changing, come, revisions: () => passed.map((each) => each.revision) }
}

it('changes - twenty in a second are passed on at once, then only the last one, when the second is over', async () => {
  const { clock, passed, come, revisions } = changes()
  come(1_000)
  expect(revisions()).toEqual(Array.from({ length: 20 }, (_, i) => i))
  await clock.advance(999)
  come(1)
  expect(passed).toHaveLength(20)
  await clock.advance(1)
  expect(passed.at(-1)).toEqual({ at: 1_000, revision: 1_000 })
  expect(passed).toHaveLength(21)
  expect(clock.waiting).toBe(0)
})

it('changes - one that goes on for ever costs twenty-one a second at most, and its end is told', async () => {
  const { clock, passed, come } = changes()
  for (let ms = 0; ms < 10_000; ms += 10) {
    come(3)
    await clock.advance(10)
  }
  expect(passed.length).toBeLessThanOrEqual(10 * 21)
  await clock.advance(1_000)
  expect(passed.at(-1)?.revision).toBe(2_999)
})

it('changes - that one leaves is not held, and leaving again and again is', async () => {
  const { clock, passed, changing, come } = changes()
  come(1_000)
  changing.come({ state: 'draining', revision: 5_000 })
  expect(passed.at(-1)).toEqual({ at: 0, revision: 5_000 })
  expect(passed).toHaveLength(21)
  for (let i = 0; i < 1_000; i++) {
    come(1)
    changing.come({ state: 'draining', revision: 6_000 + i })
  }
  expect(passed).toHaveLength(21)
  await clock.advance(1_000)
  expect(passed.at(-1)).toEqual({ at: 1_000, revision: 6_999 })
  expect([passed.length, clock.waiting]).toEqual([22, 0])
})

it('listeners - one that another has ended in the same turn is not told', async () => {
  const listeners = new Listeners()
  const told: string[] = []
  listeners.add(() => {
    told.push('first')
    second[Symbol.dispose]()
  })
  const second = listeners.add(() => told.push('second'))
  listeners.tell()
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toEqual(['first'])
})

it('changes - those of a calm peer are all passed on at once', async () => {
  const { clock, passed, come } = changes()
  for (let i = 0; i < 50; i++) {
    come(1)
    await clock.advance(100)
  }
  expect(passed.map(({ at }) => at)).toEqual(Array.from({ length: 50 }, (_, i) => i * 100))
})

it('changes - what a session said last is not of the next one', async () => {
  const { clock, changing, come, passed } = changes()
  come(30)
  changing.clear()
  await clock.advance(5_000)
  expect(passed).toHaveLength(20)
  expect(clock.waiting).toBe(0)
  come(1)
  expect(passed.at(-1)).toEqual({ at: 5_000, revision: 30 })
})

it('listeners - hear once of all the changes of a turn, and again of one that came while they heard', async () => {
  const listeners = new Listeners()
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  let heard = 0
  const listener = listeners.add(() => {
    if (++heard === 1) listeners.tell()
  })
  for (let i = 0; i < 100; i++) listeners.tell()
  expect(heard).toBe(0)
  await turn()
  expect(heard).toBe(2)
  listeners.tell()
  listener[Symbol.dispose]()
  await turn()
  expect(heard).toBe(2)
})
