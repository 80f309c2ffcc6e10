import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { context, RunningCall, runIn, type CallContext } from '../../lib/dnode/context.js'

const clock = new VirtualClock()
const callee = {
  clock,
  caller: null,
  timeout: 30_000,
  nameOf: String,
  fault: () => undefined,
  get came() {
    return clock.monotonic()
  },
}
const call = (timeout: number | null = null): RunningCall =>
  new RunningCall(callee, 'users.find', { id: 0, timeout })
const inside = <T>(of: RunningCall, run: () => T): T => runIn(of, { run, self: null }, []) as T

describe('context - what a method knows of its call', () => {
  it('is there in the method and after its awaits, and nowhere else', async () => {
    const of = call()
    expect(context()).toBeUndefined()
    const seen = inside(of, async () => {
      const before = context()
      await Promise.resolve()
      return [before, context()]
    })
    expect(context()).toBeUndefined()
    expect((await seen).map((view) => view === of.view)).toEqual([true, true])
  })

  it('prints and spreads as plain data does, and says what is so at the look', async () => {
    const of = call(1_000)
    const view = inside(of, () => context() as CallContext)
    expect(Object.keys(view)).toEqual(['method', 'caller', 'remaining', 'signal', 'traceparent'])
    expect({ ...view }).toEqual({
      method: 'users.find',
      caller: null,
      remaining: 1_000,
      signal: expect.any(AbortSignal) as AbortSignal,
      traceparent: null,
    })
    expect(inspect(view)).toMatch(
      /^\{\s+method: 'users\.find',\s+caller: null,\s+remaining: 1000,\s+signal: AbortSignal/,
    )
    expect(JSON.parse(JSON.stringify(view))).toMatchObject({ method: 'users.find', remaining: 1_000 })
    await clock.advance(400)
    expect(view.remaining).toBe(600)
    of.end()
  })

  it('`this` and the arguments arrive', () => {
    const api = {
      sum(this: { base: number }, a: number, b: number): number {
        return this.base + a + b
      },
      base: 1,
    }
    const run = api.sum as (...args: unknown[]) => unknown
    expect(runIn(call(), { run, self: api }, [2, 3])).toBe(6)
  })

  it('a call that says nothing of its deadline - has what the hello said, a one-way call none', () => {
    const remaining = (id: number | null, timeout?: number): number =>
      new RunningCall(callee, 'm', { id, timeout }).remaining
    expect([remaining(0), remaining(null), remaining(0, 5), remaining(null, 5)]).toEqual([
      30_000,
      Infinity,
      5,
      5,
    ])
  })

  it('the remaining time runs out', async () => {
    const of = call(1_000)
    expect([of.remaining, call().remaining]).toEqual([1_000, Infinity])
    await clock.advance(400)
    expect(of.remaining).toBe(600)
    await clock.advance(1_000)
    expect(of.remaining).toBe(0)
  })

  it('the signal aborts at the deadline, and costs no timer before it is looked at', async () => {
    const before = clock.waiting
    const of = call(1_000)
    expect(clock.waiting).toBe(before)
    const { signal } = of
    expect(clock.waiting).toBe(before + 1)
    await clock.advance(999)
    expect(signal.aborted).toBe(false)
    await clock.advance(1)
    expect(signal.reason).toMatchObject({ code: 'DS_TIMEOUT' })
    expect(of.signal).toBe(signal)
  })

  it('an abort reaches the signal, early or late, and whoever listens, once', () => {
    const [early, late] = [call(), call()]
    const heard: unknown[] = []
    const { signal } = early
    early.onAbort((reason) => heard.push(reason))
    early.onAbort((reason) => heard.push(['disposed', reason]))?.[Symbol.dispose]()
    const reason = new Error('gone')
    for (const of of [early, late]) of.abort(reason)
    early.abort(new Error('again'))
    late.onAbort((why) => heard.push(why))
    expect([signal.reason, late.signal.reason]).toEqual([reason, reason])
    expect(heard).toEqual([reason, reason])
  })

  it('the end of the call takes its timer along', () => {
    const of = call(1_000)
    expect(of.signal.aborted).toBe(false)
    of.end()
    expect(clock.waiting).toBe(0)
  })

  it('a signal that is first looked at after the end of the call sets no timer', () => {
    const of = call(1_000)
    of.end()
    expect([of.signal.aborted, clock.waiting]).toEqual([false, 0])
  })
})

describe('context - what inherits from a call', () => {
  it.each([[[]], [[0]], [[1]], [[2]], [[2, 1]], [[0, 2]], [[1, 1, 0, 2]]])(
    'hears of its abort once, but for those that have left: %j',
    (leaving) => {
      const of = call()
      const heard: number[] = []
      const listeners = [0, 1, 2].map((i) => of.onAbort(() => heard.push(i)))
      for (const i of leaving) listeners[i]?.[Symbol.dispose]()
      of.abort(new Error('over'))
      of.abort(new Error('again'))
      for (const listener of listeners) listener?.[Symbol.dispose]()
      expect(heard.toSorted((a, b) => a - b)).toEqual([0, 1, 2].filter((i) => !leaving.includes(i)))
    },
  )

  it('one that leaves while others hear of it hears nothing', () => {
    const of = call()
    const heard: string[] = []
    const first = of.onAbort(() => heard.push('first'))
    of.onAbort(() => {
      heard.push('second')
      first?.[Symbol.dispose]()
    })
    of.abort(new Error('over'))
    expect([heard, of.onAbort(() => heard.push('late'))]).toEqual([['second', 'late'], null])
  })
})
