/** How functions and signals are forgotten: by counts, that beat every crossing of a release and a new sending. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/base/options.js'
import { Exports } from '../../../lib/dnode/refs/exports.js'
import type { Stub } from '../../../lib/dnode/refs/stub.js'
import { ended, ends, type End, type Ends } from './ends.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const GONE = ['DS_REF_GONE', 'no']

/** Collects until the tables of `end` hold as many references as they should, or no longer changes. */
async function collected(end: End, size = 0): Promise<number> {
  for (let i = 0; i < 20 && end.stubs.size + end.signals.size > size; i++) {
    await end.clock.settle()
    collectGarbage()
    await end.clock.settle()
  }
  return end.stubs.size + end.signals.size
}

/** Sends values that nobody holds on the other side: not even the frame of a test, as it holds what it awaited. */
async function drop({ sent }: Ends, ...values: unknown[]): Promise<void> {
  await sent(...values)
}

/** Hands over what one side has said so far, and nothing that comes of it. */
function pass(from: End, to: End): void {
  for (const message of from.said.splice(0)) to.handle(message)
}

const tick = (): Promise<void> => new Promise(process.nextTick)
const sizes = ({ a, b }: Ends): number[] => [a.exports.size, b.stubs.size]

describe('references - identity', () => {
  it('references - the same function is one reference, however often it is sent', async () => {
    const { sent, a, b } = ends()
    const f = (): number => 1
    const [one, two] = await sent(f, f)
    const [three] = await sent(f)
    expect([one === two, one === three, a.exports.size, b.stubs.size]).toEqual([true, true, 1, 1])
    expect(a.exports.get(0)?.count).toBe(3)
  })

  it('references - a function goes home as itself, and to another session as any function', async () => {
    const first = ends()
    const second = ends()
    const f = (): string => 'f'
    const stub = await first.stub(f)
    first.b.tell('tell', stub)
    await first.deliver()
    expect(first.a.heard.pop()).toEqual([f])
    const far = await second.stub(stub as (...args: unknown[]) => unknown)
    const reply = far()
    await second.deliver()
    await first.deliver()
    await second.deliver()
    expect([await reply, first.b.exports.size, second.a.exports.size]).toEqual(['f', 0, 1])
  })

  it('references - one that was disposed of, or whose session is over, does not go home', async () => {
    const { stub, b } = ends()
    const f = await stub(() => 1)
    const g = await stub(() => 2)
    f[Symbol.dispose]()
    expect([b.stubs.idOf(f), b.stubs.idOf(g), b.stubs.idOf(() => 1)]).toEqual([undefined, 1, undefined])
    b.end()
    expect(b.stubs.idOf(g)).toBe(undefined)
  })
})

describe('references - release', () => {
  it('references - disposing tells the owner, once a turn, and later calls are gone', async () => {
    const both = ends()
    const { a, b, deliver } = both
    const stubs = (await both.sent(
      () => 1,
      () => 2,
      () => 3,
    )) as Stub[]
    for (const stub of stubs) stub[Symbol.dispose]()
    stubs[0]?.[Symbol.dispose]()
    await tick()
    expect(b.said).toEqual([['release', 0, 1, 1, 1, 2, 1]])
    await deliver()
    expect([sizes(both), await ended(stubs[0]!())]).toEqual([[0, 0], GONE])
    expect(a.said).toEqual([])
  })

  it('references - what nobody holds is collected, and released with the count it had come with', async () => {
    const both = ends()
    const f = (): number => 1
    await drop(both, f, f, f)
    expect(await collected(both.b)).toBe(0)
    expect(both.b.said).toEqual([['release', 0, 3]])
    await both.deliver()
    expect(sizes(both)).toEqual([0, 0])
  })

  it('references - a release that crosses a new sending leaves the function that is needed', async () => {
    const both = ends()
    const { a, b, deliver } = both
    const f = (): string => 'still here'
    const [old] = (await both.sent(f)) as [Stub]
    old[Symbol.dispose]()
    await tick()
    a.tell('tell', f)
    pass(b, a)
    expect(a.exports.size).toBe(1)
    await deliver()
    const [again] = b.heard.pop() as [Stub]
    const reply = again()
    await deliver()
    expect([again === old, await reply, a.exports.get(0)?.count]).toEqual([false, 'still here', 1])
    again[Symbol.dispose]()
    await deliver()
    expect(sizes(both)).toEqual([0, 0])
  })

  it('references - one that comes again before its collection was noticed is a new one with its own count', async () => {
    const both = ends()
    const { a, b, deliver } = both
    const f = (): string => 'still here'
    await drop(both, f, f)
    // collected, but not told of: that takes a turn of the event loop
    await b.clock.settle()
    collectGarbage()
    a.tell('tell', f)
    pass(a, b)
    const [again] = b.heard.pop() as [Stub]
    await b.clock.settle()
    expect(b.said).toEqual([['release', 0, 2]])
    await deliver()
    const reply = again()
    await deliver()
    expect([await reply, sizes(both)]).toEqual(['still here', [1, 1]])
  })

  it('references - a function that a message brought in vain is not counted', async () => {
    const both = ends()
    const f = (): number => 1
    const [stub] = (await both.sent(f)) as [Stub]
    expect(() => both.a.tell('tell', f, () => 2, new AbortController().signal, 1n)).toThrow('a bigint')
    both.a.sending.undo()
    expect([both.a.exports.size, both.a.exports.get(0)?.count]).toEqual([1, 1])
    stub[Symbol.dispose]()
    await both.deliver()
    expect(sizes(both)).toEqual([0, 0])
  })

  it('references - a message that is sent while another is being made does not harm it', async () => {
    const both = ends()
    const { a } = both
    const [f, g] = [(): number => 1, (): number => 2]
    a.sending.begin()
    a.sending.function(f)
    a.tell('tell', g)
    a.sending.undo()
    await both.deliver()
    expect([a.exports.get(0), a.exports.get(1)?.count]).toEqual([undefined, 1])
    a.sending.begin()
    a.sending.function(f)
    expect(() => a.tell('tell', () => 3, 1n)).toThrow('a bigint')
    a.sending.done(null)
    expect([a.exports.get(2)?.run, a.exports.get(2)?.count, a.exports.size]).toEqual([f, 1, 2])
  })
})

/** What either side does, and how much of what was said arrives. */
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('send', 'fail', 'dispose'), n: fc.nat(2) }),
  fc.record({ kind: fc.constantFrom('to b', 'to a'), n: fc.integer({ min: 1, max: 3 }) }),
)

describe('references - in any order', () => {
  it('references - what is held can be called, and what nobody holds is forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { a, b } = ends()
        const functions = [(): number => 0, (): number => 1, (): number => 2]
        const held = new Map<number, Stub>()
        const hear = (from: End, to: End, most = Infinity): void => {
          from.releases.flush()
          for (const message of from.said.splice(0, most)) to.handle(message)
          for (const [n, stub] of b.heard.splice(0) as [number, Stub][]) held.set(n, stub)
        }
        for (const { kind, n } of steps) {
          if (kind === 'send') a.tell('tell', n, functions[n])
          if (kind === 'fail') expect(() => a.tell('tell', functions[n], 1n)).toThrow('a bigint')
          if (kind === 'dispose') held.get(n)?.[Symbol.dispose]()
          if (kind === 'dispose') held.delete(n)
          if (kind === 'to b') hear(a, b, n)
          if (kind === 'to a') hear(b, a, n)
          for (const [at, stub] of held) expect(a.exports.own(b.stubs.idOf(stub)!)).toBe(functions[at])
        }
        hear(a, b)
        for (const stub of held.values()) stub[Symbol.dispose]()
        hear(b, a)
        expect([a.exports.size, b.stubs.size]).toEqual([0, 0])
      }),
    )
  })
})

describe('references - views', () => {
  it('references - the end of a view forgets what was sent through it alone, released or not', async () => {
    const { a, deliver } = ends()
    const [through, both, released] = [(): number => 1, (): number => 2, (): number => 3]
    const view = new Set<number>()
    const send = (to: Set<number> | null, ...functions: (() => number)[]): void => {
      a.sending.begin()
      for (const f of functions) a.sending.function(f)
      a.sending.done(to)
    }
    send(view, through, both, released)
    send(null, both)
    a.exports.release(2, 1)
    expect([a.exports.ids(), [...view]]).toEqual([
      [0, 1],
      [0, 1, 2],
    ])
    a.exports.letGo(view)
    expect(a.exports.ids()).toEqual([1])
    a.exports.release(1, 2)
    await deliver()
    expect(a.exports.size).toBe(0)
  })
})

describe('references - hostile peers', () => {
  it.each([
    ['a negative number', -1, 1],
    ['an unknown number', 77, 1],
    ['a fraction', 0.5, 1],
    ['NaN', Number.NaN, 1],
    ['no times', 2, 0],
    ['less than no times', 2, -5],
    ['a count that is none', 2, Number.NaN],
    ['a method of the api', 0, 1_000],
  ])('references - a release of %s is ignored', (_what, id, count) => {
    const exports = new Exports()
    const method = (): number => 1
    exports.holders = new Map([[method, {}]])
    exports.add(method)
    exports.holders = null
    expect([exports.send(method), exports.send(() => 1), exports.send(() => 2)]).toEqual([0, 1, 2])
    exports.release(id, count)
    expect([exports.size, exports.get(2)?.count]).toEqual([3, 1])
  })

  it('references - a count that is too high forgets, and no more', () => {
    const exports = new Exports()
    exports.send(() => 1)
    exports.send(() => 2)
    exports.release(0, 10 ** 300)
    exports.release(0, 1)
    expect(exports.ids()).toEqual([1])
  })

  it('references - a method that a message brought in vain stays', () => {
    const exports = new Exports()
    const method = (): number => 1
    exports.holders = new Map([[method, {}]])
    exports.add(method)
    exports.holders = null
    exports.send(method)
    exports.unsend(0)
    exports.unsend(0)
    expect(exports.get(0)?.run).toBe(method)
  })

  it('references - a signal cannot be called, and a forgotten function does not come home', () => {
    const exports = new Exports()
    const id = exports.sendSignal(new AbortController().signal)
    expect([exports.get(id), exports.forCall(id), exports.size]).toEqual([undefined, undefined, 1])
    expect(() => exports.own(id)).toThrow(expect.objectContaining({ code: 'DS_REF_GONE' }))
  })

  it('references - more than one session may hold are refused on either side, with what to do', async () => {
    const { a, b, stub } = ends(3)
    for (let i = 0; i < 3; i++) await stub(() => i)
    const refused = expect.objectContaining({
      code: 'DS_LIMIT',
      hint: expect.stringContaining('same function'),
    })
    expect(() => a.tell('tell', () => 4)).toThrow(refused)
    expect(() => a.tell('tell', new AbortController().signal)).toThrow(refused)
    expect(a.exports.size).toBe(3)
    a.exports.release(0, 1)
    expect(a.exports.send(() => 4)).toBe(3)
    for (let id = 0; id < 3; id++) a.stubs.take(id)
    expect(() => a.stubs.take(3)).toThrow(refused)
    expect(a.stubs.take(2)).toBeTypeOf('function')
    for (let id = 0; id < 3; id++) a.signals.take(id)
    expect(() => a.signals.take(3)).toThrow(refused)
    expect([LIMITS.references, b.stubs.size]).toEqual([1_000_000, 3])
  })

  it('references - numbers begin again after the last, past those that are held', () => {
    const exports = new Exports({ end: 3 })
    const add = (): number => exports.send(() => 1)
    expect([add(), exports.sendSignal(new AbortController().signal), add()]).toEqual([0, 1, 2])
    exports.release(2, 1)
    expect(add()).toBe(2)
    exports.release(0, 1)
    expect(add()).toBe(0)
    exports.release(1, 1)
    expect(exports.sendSignal(new AbortController().signal)).toBe(1)
  })
})

describe('references - signals', () => {
  it('references - a signal aborts on the other side with its reason, once, and both forget it', async () => {
    const { a, b, sent, deliver } = ends()
    const controller = new AbortController()
    const [one, two] = (await sent(controller.signal, controller.signal)) as AbortSignal[]
    const seen: unknown[] = []
    one?.addEventListener('abort', () => seen.push(one.reason))
    expect([one === two, one?.aborted, a.exports.size, b.signals.size]).toEqual([true, false, 1, 1])
    controller.abort('enough')
    controller.abort('again')
    await deliver()
    expect([seen, one?.aborted, a.exports.size, b.signals.size]).toEqual([['enough'], true, 0, 0])
    a.handle(['release', 0, 2])
    b.handle(['abort', 0, 'again'])
    expect([seen, a.said, b.said]).toEqual([['enough'], [], []])
  })

  it('references - a signal that aborts while its message is made is told of after it', async () => {
    const { a } = ends()
    const controller = new AbortController()
    a.sending.begin()
    const id = a.sending.signal(controller.signal)
    controller.abort('enough')
    a.say('tell', id)
    a.sending.done(null)
    await tick()
    expect(a.said).toEqual([
      ['tell', 0],
      ['abort', 0, 'enough'],
    ])
  })

  it('references - a signal that nobody holds is released; one that somebody listens to is kept', async () => {
    const both = ends()
    const { a, b, sent, deliver } = both
    const controller = new AbortController()
    await drop(both, new AbortController().signal)
    const seen: unknown[] = []
    ;((await sent(controller.signal))[0] as AbortSignal).addEventListener('abort', () => seen.push('aborted'))
    expect(await collected(b, 1)).toBe(1)
    await deliver()
    expect(a.exports.size).toBe(1)
    controller.abort()
    await deliver()
    expect([seen, b.signals.size, a.exports.size]).toEqual([['aborted'], 0, 0])
  })

  it('references - a signal that was released is listened to no longer, and one that aborted is not released', async () => {
    const both = ends()
    const { a, b, deliver } = both
    const [released, aborted] = [new AbortController(), new AbortController()]
    a.exports.sendSignal(released.signal)
    a.exports.release(0, 1)
    released.abort()
    await tick()
    expect(a.said).toEqual([])
    await drop(both, aborted.signal)
    aborted.abort()
    await deliver()
    for (let i = 0; i < 5; i++) {
      collectGarbage()
      await b.clock.settle()
    }
    expect(b.said).toEqual([])
  })

  it('references - the end of the session aborts the signals of the peer, and listens to ours no longer', async () => {
    const { a, b, sent } = ends()
    const controller = new AbortController()
    const [signal] = (await sent(controller.signal)) as [AbortSignal]
    b.end()
    a.end()
    controller.abort()
    await tick()
    expect([signal.aborted, signal.reason, a.said]).toMatchObject([true, { code: 'DS_DISCONNECTED' }, []])
    expect(b.signals.take(5).aborted).toBe(true)
  })
})
