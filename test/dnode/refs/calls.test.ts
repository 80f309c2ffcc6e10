/** Functions of the peer, called: what comes back, and what does not. */
import { describe, expect, it, vi } from 'vitest'
import { reasonOf, unsendable } from '../../../lib/base/errors.js'
import { DEFAULTS } from '../../../lib/base/options.js'
import { RunningCall } from '../../../lib/dnode/context.js'
import { oneShot } from '../../../lib/dnode/refs/one-shot.js'
import { refOf, type Stub } from '../../../lib/dnode/refs/stub.js'
import { ended, ends } from './ends.js'

/** A machine that is busy takes its time for a hundred thousand of anything. */
const PATIENCE = 60_000

const GONE = ['DS_REF_GONE', 'no']

describe('references - a call', () => {
  it('references - brings the result, or the error, of a function, at once or late', async () => {
    const { stub, deliver } = ends()
    const up = await stub((text) => String(text).toUpperCase())
    const late = await stub(async (n) => (n as number) + 1)
    const nothing = await stub(() => undefined)
    const throws = await stub(() => {
      throw new Error('thrown')
    })
    const rejects = await stub(() => Promise.reject(new TypeError('rejected')))
    const all = [up('beep'), late(1), nothing(), throws(), rejects()].map(ended)
    await deliver()
    expect(await Promise.all(all)).toEqual([
      'BEEP',
      2,
      undefined,
      ['thrown', undefined],
      ['rejected', undefined],
    ])
  })

  it('references - is a promise: then, catch, finally, and its name', async () => {
    const { stub, deliver } = ends()
    const id = await stub((x) => x)
    const fails = await stub(() => Promise.reject(new Error('no')))
    const seen: unknown[] = []
    const replies = [
      id(1).then((x) => seen.push(x)),
      fails().catch((error: unknown) => seen.push(reasonOf(error))),
      id(2).finally(() => seen.push('finally')),
      Promise.all([id(3), id(4)]).then((both) => seen.push(both)),
    ]
    expect(Object.prototype.toString.call(id(5))).toBe('[object Promise]')
    await deliver()
    await Promise.all(replies)
    expect(seen).toHaveLength(4)
    expect(seen).toEqual(expect.arrayContaining([1, 'no', 'finally', [3, 4]]))
  })

  it('references - may be awaited long after its answer, and as often as one likes', async () => {
    const { stub, deliver } = ends()
    const reply = (await stub(() => 7))()
    await deliver()
    expect([await reply, await reply, await ended(reply)]).toEqual([7, 7, 7])
  })

  it('references - of a function that calls back brings both answers', async () => {
    const { stub, deliver } = ends()
    const ask = await stub(async (question) => `you said ${String(await (question as Stub)('what?'))}`)
    const reply = ask((text: string) => `${text} nothing`)
    await deliver()
    expect(await reply).toBe('you said what? nothing')
  })

  it('references - an error shows the line that awaited the call', async () => {
    const { stub, deliver } = ends()
    const fails = await stub(() => Promise.reject(new Error('far away')))
    async function thisFunctionAwaits(reply: PromiseLike<unknown>): Promise<string> {
      try {
        return String(await reply)
      } catch (error) {
        return (error as Error).stack ?? ''
      }
    }
    const early = thisFunctionAwaits(fails())
    const late = fails()
    await deliver()
    expect(await early).toContain('thisFunctionAwaits')
    expect(await thisFunctionAwaits(late)).toContain('thisFunctionAwaits')
  })

  it(
    'references - a hundred thousand at once are all answered, in few messages',
    async () => {
      const { stub, deliver, a, b } = ends()
      let sum = 0
      const add = await stub((n) => void (sum += n as number))
      const replies = Array.from({ length: 100_000 }, (_, i) => add(i))
      b.turn++
      for (const message of b.said.splice(0)) a.handle(message)
      await new Promise(process.nextTick)
      expect([
        a.said.length,
        a.said.every(([kind, ...ids]) => kind === 'done' && ids.length <= 1_000),
      ]).toEqual([100, true])
      await deliver()
      expect([await replies[99_999], sum, b.pending.size]).toEqual([undefined, 4_999_950_000, 0])
    },
    PATIENCE,
  )
})

describe('references - a failed call', () => {
  it('references - nobody awaits it: its error is told once, and is no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const listener = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', listener)
    const { stub, deliver, b } = ends()
    const fails = await stub((n) => Promise.reject(new Error(`no ${String(n)}`)))
    void fails(1)
    void fails(1n)
    const caught = ended(fails(2))
    await deliver()
    expect(await caught).toEqual(['no 2', undefined])
    expect(b.failures.map(reasonOf).toSorted()).toEqual(['a bigint', 'no 1'])
    await deliver()
    expect([b.failures.length, unhandled]).toEqual([2, []])
    process.off('unhandledRejection', listener)
  })

  it('references - what cannot be sent rejects, and is not thrown', async () => {
    const { stub, b, clock } = ends()
    const f = await stub(() => 1)
    b.sending.begin = () => {
      throw unsendable({ summary: 'arguments[0] cannot travel' })
    }
    expect(await ended(f({}))).toEqual(['DS_UNSENDABLE', 'no'])
    await clock.settle()
    expect([b.pending.size, b.failures]).toEqual([0, []])
  })

  it('references - what cannot be sent to a function in last place of a one-way call is told to it', async () => {
    const { stub, b } = ends()
    const [f, last] = [await stub(() => 1), await stub(() => 2)]
    refOf(last)!.isLast = true
    expect([await ended(f(1n)), await ended(last(1n))]).toEqual(Array(2).fill(['a bigint', undefined]))
    expect([b.said, refOf(last)?.calls, refOf(() => 1)]).toEqual([[['unsent', 1, 'a bigint']], 1, undefined])
  })

  it('references - many unheard ones are told as a hundred and a number', async () => {
    const { stub, deliver, b } = ends()
    const fails = await stub(() => Promise.reject(new Error('no')))
    for (let i = 0; i < 250; i++) void fails()
    await deliver()
    expect([b.failures.length, b.left]).toEqual([100, 150])
  })

  it('references - a function that its owner has forgotten is gone, and one that throws as much is not', async () => {
    const { stub, deliver, a } = ends()
    const f = await stub(() => 1)
    const g = await stub(() => Promise.reject(Object.assign(new Error('inside'), { code: 'DS_NO_METHOD' })))
    a.exports.remove(0)
    const both = [ended(f()), ended(g())]
    await deliver()
    expect(await Promise.all(both)).toEqual([GONE, ['DS_NO_METHOD', undefined]])
  })
})

describe('references - the end of a call', () => {
  it('references - a call ends after the usual time, and its late answer is dropped', async () => {
    const { stub, deliver, clock, b } = ends()
    let answer: (value: unknown) => void = () => undefined
    const slow = await stub(() => new Promise((resolve) => (answer = resolve)))
    const heard = ended(slow())
    void slow()
    await deliver()
    expect(b.held).toBe(1)
    await clock.advance(DEFAULTS.timeout)
    expect(await heard).toEqual(['DS_TIMEOUT', 'maybe'])
    expect([b.failures.map((e) => (e as { code?: string }).code), b.held, b.pending.size]).toEqual([
      ['DS_TIMEOUT'],
      0,
      0,
    ])
    answer(1)
    await deliver()
    expect(clock.waiting).toBe(0)
  })

  it('references - a call within a call inherits its deadline, and its cancellation', async () => {
    const { stub, deliver, clock, a, b } = ends()
    const never = await stub(() => new Promise(() => undefined))
    let within: Promise<unknown> = Promise.resolve()
    let early = 0
    b.tell('tell', async (wait: number) => {
      if (wait) await clock.sleep(wait)
      within = ended(never())
      early = b.calls.at(-1)?.timeout ?? 0
      return within
    })
    await deliver()
    const outer = (a.heard.pop() as Stub[])[0] as Stub
    void outer(0)
    await deliver()
    expect(early).toBe(DEFAULTS.timeout)
    b.running.cancel(0)
    expect(b.said).toEqual([['cancel', b.calls.at(-1)?.id]])
    expect(await within).toEqual(['DS_CANCELLED', 'maybe'])
    await deliver()
    void outer(10_000)
    await deliver()
    await clock.advance(10_000)
    expect(early).toBe(20_000)
    await clock.advance(20_000)
    expect(await within).toEqual(['DS_TIMEOUT', 'maybe'])
  })

  it('references - what a method leaves behind does not inherit from it', async () => {
    const { stub, deliver, clock, a, b } = ends()
    const seen: unknown[] = []
    const tick = await stub((n) => void seen.push(n))
    const later = async (): Promise<void> => {
      await clock.sleep(DEFAULTS.timeout * 2)
      await tick('late')
    }
    b.tell('tell', () => void later())
    await deliver()
    void (a.heard.pop() as Stub[])[0]?.()
    await deliver()
    await clock.advance(DEFAULTS.timeout * 2)
    await deliver()
    expect([seen, b.calls.at(-1)?.timeout, b.failures]).toEqual([['late'], DEFAULTS.timeout, []])
  })

  it('references - a call within a call is no part of it any more once it has its answer', async () => {
    const leave = vi.spyOn(RunningCall.prototype, 'leave')
    const { stub, deliver, a, b } = ends()
    const f = await stub(() => 1)
    b.tell('tell', async () => [await f(), await f()].length)
    await deliver()
    const reply = (a.heard.pop() as Stub[])[0]?.()
    await deliver()
    expect([await reply, leave.mock.calls.length]).toEqual([2, 2])
    leave.mockRestore()
  })

  it('references - the session ends: a call within a call fails as any', async () => {
    const { stub, deliver, a, b } = ends()
    const never = await stub(() => new Promise(() => undefined))
    let within: Promise<unknown> = Promise.resolve()
    b.tell('tell', () => (within = ended(never())))
    await deliver()
    void (a.heard.pop() as Stub[])[0]?.()
    await deliver()
    b.turn++
    b.end()
    expect(await within).toEqual(['DS_DISCONNECTED', 'maybe'])
  })

  it('references - the session ends: calls that wait fail as calls do, later ones are gone, and nobody is told of unheard ones', async () => {
    const { stub, deliver, clock, a, b } = ends()
    const never = await stub(() => new Promise(() => undefined))
    const heard = ended(never())
    void never()
    await deliver()
    expect(b.held).toBe(1)
    b.turn++
    b.end()
    a.end(true)
    expect(await heard).toEqual(['DS_DISCONNECTED', 'maybe'])
    expect(await ended(never())).toEqual(GONE)
    never[Symbol.dispose]()
    await clock.settle()
    expect([b.held, b.pending.size, b.failures, clock.waiting, b.stubs.size, a.exports.size]).toEqual([
      0,
      0,
      [],
      0,
      0,
      0,
    ])
  })
})

describe('references - one-shot functions', () => {
  it('references - are forgotten at their first call, and with their call', async () => {
    const { stub, deliver, sent, a } = ends()
    const seen: unknown[] = []
    const once = await stub(oneShot((n) => void seen.push(n)))
    const both = [ended(once(1)), ended(once(2))]
    await deliver()
    expect([await Promise.all(both), seen, a.exports.size]).toEqual([[undefined, GONE], [1], 0])
    const other = oneShot(() => 1)
    await sent(other)
    expect(a.exports.size).toBe(1)
    a.exports.forget(other)
    a.exports.forget(other)
    expect(a.exports.size).toBe(0)
  })
})
