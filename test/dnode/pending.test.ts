/** Calls that wait: ids, and one timer for all deadlines. */
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { closed } from '../../lib/base/errors.js'
import { ID_END } from '../../lib/dnode/ids.js'
import { Pending } from '../../lib/dnode/pending.js'

const over = (method: string) => closed({ summary: `${method} is over` })

describe('pending - ids', () => {
  it('pending - ids begin again at the end, past those that still wait', async () => {
    const pending = new Pending(new VirtualClock(), ID_END - 2)
    const add = (): number => {
      const id = pending.nextId()
      void pending.add(id, { method: 'f', ms: Infinity, turn: 0 })
      return id
    }
    expect([add(), add(), add(), add()]).toEqual([ID_END - 2, ID_END - 1, 0, 1])
    const again = new Pending(new VirtualClock(), 0)
    void again.add(0, { method: 'f', ms: Infinity, turn: 0 })
    void again.add(1, { method: 'f', ms: Infinity, turn: 0 })
    expect(again.nextId()).toBe(2)
  })
})

describe('pending - deadlines', () => {
  it('pending - a thousand calls with one timeout need one timer, and none once they have ended', async () => {
    const clock = new VirtualClock()
    const pending = new Pending(clock)
    const calls = Array.from({ length: 1_000 }, (_, id) => pending.add(id, { method: 'f', ms: 100, turn: 0 }))
    expect(clock.waiting).toBe(1)
    await clock.advance(100)
    expect(new Set((await Promise.all(calls)).map((outcome) => outcome.ok))).toEqual(new Set([false]))
    expect([pending.size, clock.waiting]).toEqual([0, 0])
  })

  it('pending - each call ends at its own deadline, in whatever order they were made', async () => {
    const clock = new VirtualClock()
    const pending = new Pending(clock)
    const ends: string[] = []
    for (const ms of [50, 10, 40, 10, 30]) {
      void pending
        .add(pending.nextId(), { method: 'f', ms, turn: 0 })
        .then(() => ends.push(`${ms} at ${clock.monotonic()}`))
    }
    await clock.advance(60)
    expect(ends).toEqual(['10 at 10', '10 at 10', '30 at 30', '40 at 40', '50 at 50'])
  })

  it('pending - a call settles once, and failing all leaves nothing behind', async () => {
    const clock = new VirtualClock()
    const pending = new Pending(clock)
    const call = pending.add(0, { method: 'f', ms: 10, turn: 0 })
    const other = pending.add(1, { method: 'g', ms: 10, turn: 0 })
    expect(pending.settle(0, { ok: true, value: 1 })).toMatchObject({ id: 0, isHeard: true })
    expect(pending.settle(0, { ok: true, value: 2 })).toBeUndefined()
    pending.failAll(over)
    expect(await call).toEqual({ ok: true, value: 1 })
    expect(await other).toMatchObject({ ok: false, error: { message: 'g is over' } })
    expect([pending.size, clock.waiting]).toEqual([0, 0])
  })
})

describe('pending - calls that hold their outcome themselves', () => {
  it('pending - are settled or ended once, and their errors are made when somebody looks', async () => {
    const clock = new VirtualClock()
    const pending = new Pending(clock)
    const seen: unknown[] = []
    let made = 0
    const wait = (id: number, ms: number): void =>
      pending.wait({
        id,
        method: `m${id}`,
        ms,
        deadline: clock.monotonic() + ms,
        turn: 3,
        isHeard: false,
        settle: (outcome) => seen.push([id, outcome]),
        end: (explain) => seen.push([id, explain]),
      })
    const explain = (method: string, turn: number) => (made++, closed({ summary: `${method} ${turn}` }))
    for (let id = 0; id < 4; id++) wait(id, id === 3 ? 10 : 100)
    pending.settle(0, { ok: true, value: 'yes' })
    expect([pending.end(1, explain), pending.end(1, explain), pending.end(77, explain)]).toEqual([
      true,
      false,
      false,
    ])
    await clock.advance(10)
    pending.failAll(explain)
    expect(seen).toEqual([
      [0, { ok: true, value: 'yes' }],
      [1, explain],
      [3, expect.any(Function)],
      [2, explain],
    ])
    expect([made, pending.size, clock.waiting]).toEqual([0, 0, 0])
  })
})
