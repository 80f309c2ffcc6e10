/** Pipelined calls: methods one after the other, each of what the one before returned, in one flight. */
import { Readable } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { refused } from '../../lib/base/errors.js'
import type { PipeStep } from '../../lib/dnode/asking.js'
import { context } from '../../lib/dnode/context.js'
import type { Outcome } from '../../lib/dnode/messages.js'
import type { Api, SessionOptions } from '../../lib/dnode/session.js'
import { byReference, keepHome } from '../../lib/dnode/values/by-reference.js'
import { CustomTypes } from '../../lib/dnode/values/custom.js'
import type { CustomType } from '../../lib/dnode/values/port.js'
import { closeBoth, methodsRow, two, valueOf, withRaw, type Two } from './pair.js'

const WAIT = { timeout: 30_000 }

class User {
  readonly #name: string
  constructor(name: string) {
    this.#name = name
  }
  name(): string {
    return this.#name
  }
  async greet(other: string): Promise<string> {
    return `${this.#name} greets ${other}`
  }
}

/** Whoever calls it has reached what it should not. */
const leak = vi.fn<() => void>()

/** Says itself what travels of it. */
class Hidden {
  f = leak
  toJSON(): object {
    return { name: 'hidden' }
  }
}

class Money {
  f = leak
}

const MONEY: CustomType = {
  name: 'money',
  is: (value): value is unknown => value instanceof Money,
  write: () => 1,
  read: () => new Money(),
}

function keptAtHome(): object {
  const object = new (class Home {
    f = leak
  })()
  keepHome(object, { what: 'is at home', hint: 'leave it there' })
  return object
}

const api = {
  login: async (key: string) => ({
    key,
    profile: async () => ({ name: () => `name of ${key}`, tags: ['a'] }),
    add: (a: number) => (b: number) => a + b,
    fail: () => {
      throw Object.assign(new RangeError('in a step'), { code: 'E_STEP' })
    },
    hang: () => new Promise(() => undefined),
    none: () => undefined,
    then: undefined,
  }),
  user: (name: string) => byReference(new User(name)),
  count: async function* (to: number) {
    for (let i = 0; i < to; i++) yield i
  },
  nothing: () => null,
}

/** A step of a chain. */
const step = (path: string, ...args: unknown[]): PipeStep => ({ path, args })

function pipe({ client }: Two, ...steps: PipeStep[]): Promise<Outcome> {
  return client.pipe(steps, WAIT)
}

function sessions(served: Api = api, server: Partial<SessionOptions> = {}): Promise<Two> {
  return two(served, { server })
}

describe('chain - what it answers', () => {
  it.each<[string, readonly PipeStep[], unknown]>([
    ['one call', [step('nothing')], null],
    ['two', [step('login', 'k'), step('none')], undefined],
    ['of promises', [step('login', 'k'), step('profile'), step('name')], 'name of k'],
    ['of a function that was returned', [step('login', 'k'), step('add', 1), step('', 2)], 3],
    ['of an object by reference', [step('user', 'ann'), step('greet', 'bob')], 'ann greets bob'],
  ])('chain - %s', async (_name, steps, value) => {
    const pair = await sessions()
    expect(valueOf(await pipe(pair, ...steps))).toEqual(value)
    await closeBoth(pair)
  })

  it('chain - goes out in one message, behind and before others of its turn', async () => {
    const { session, rows, send } = await withRaw({})
    await send({ ...methodsRow(), arguments: [{ f: '' }], callbacks: { 5: [0, 'f'] } })
    void session.call('f', [1], WAIT)
    void session.pipe([step('f', 'k'), step('a.b', undefined), step('')], { timeout: 1_000 })
    void session.pipe([step('$describe')], WAIT)
    await send()
    expect(rows.slice(1)).toEqual([
      [
        ['call', 0, 5, 1],
        [{ timeout: 1_000 }, 'pipe', 1, [5, 'a.b', ''], ['k'], [{ $: ['undefined'] }], []],
        ['pipe', 2, ['$describe'], []],
      ],
    ])
    session.destroy(new Error('done'))
  })

  it('chain - arguments of every step carry what arguments can', async () => {
    const pair = await sessions({
      ...api,
      make: (f: (x: unknown) => Promise<unknown>) => ({
        deep: {
          run: async (x: unknown, bytes: Buffer) => [await f(x), bytes.toString()],
        },
      }),
    })
    const shared = new Map([[1, new Set([2n])]])
    const seen = valueOf(
      await pipe(
        pair,
        step('make', (x: unknown) => x),
        step('deep.run', shared, Buffer.from('ab')),
      ),
    )
    expect(seen).toEqual([shared, 'ab'])
    await closeBoth(pair)
  })

  it('chain - its results need not travel, and the last may be what any result may', async () => {
    const pair = await sessions({
      ...api,
      odd: () => ({ secret: Symbol('s'), list: () => new Set([1]), count: () => api.count(3) }),
    })
    expect(valueOf(await pipe(pair, step('odd'), step('list')))).toEqual(new Set([1]))
    const items: number[] = []
    const stream = valueOf(await pipe(pair, step('odd'), step('count'))) as AsyncIterable<number>
    for await (const item of stream) items.push(item)
    expect(items).toEqual([0, 1, 2])
    await closeBoth(pair)
  })
})

describe('chain - what it reaches', () => {
  it.each([
    'nope',
    'key',
    'constructor',
    '__proto__',
    'toString',
    'profile.call',
    'profile.constructor',
    'tags.push',
    '',
    '.',
    'profile.',
  ])(
    'chain - %j of a plain result is nothing that can be called, and the steps before have run',
    async (path) => {
      const pair = await sessions()
      const outcome = await pipe(pair, step('login', 'k'), step(path))
      expect(outcome).toMatchObject({ ok: false, error: { code: 'DS_NO_METHOD', ran: 'yes' } })
      await closeBoth(pair)
    },
  )

  it.each(['constructor', 'toString', '#name', 'isPrototypeOf', '__defineGetter__', 'greet.call'])(
    'chain - %j of an object by reference neither',
    async (path) => {
      const pair = await sessions()
      expect(await pipe(pair, step('user', 'ann'), step(path))).toMatchObject({
        error: { code: 'DS_NO_METHOD' },
      })
      await closeBoth(pair)
    },
  )

  it.each<[string, unknown, string]>([
    ['what is not enumerable', Object.defineProperty({}, 'f', { value: leak }), 'f'],
    ['an error', Object.assign(new Error('x'), { f: leak }), 'f'],
    ['what an object of a class travels as something else for', new Hidden(), 'f'],
    ['a stream', Object.assign(Readable.from([]), { f: leak }), 'f'],
    ['listeners of a stream', Readable.from([]).on('end', leak), '_events.end'],
    ['a map', Object.assign(new Map(), { f: leak }), 'f'],
    ['a name that somebody gave to an array', Object.assign([], { f: leak }), 'f'],
    ['an iterable', { f: leak, [Symbol.asyncIterator]: () => null }, 'f'],
    ['what never travels', keptAtHome(), 'f'],
    ['a function that would make a promise', { a: { then: leak } }, 'a.then'],
    ['a custom type', new Money(), 'f'],
  ])('chain - nothing that would not arrive: %s', async (_what, value, path) => {
    leak.mockClear()
    const types = new CustomTypes([MONEY])
    const pair = await sessions({ get: () => Promise.resolve([value]) }, { types })
    expect(await pipe(pair, step('get'), step(`0.${path}`))).toMatchObject({
      error: { code: 'DS_NO_METHOD', ran: 'yes' },
    })
    expect(leak).not.toHaveBeenCalled()
    await closeBoth(pair)
  })

  it('chain - what would arrive: functions of arrays, and of plain objects of classes', async () => {
    const value = [{ a: [() => 'in an array'] }, Object.assign(new User('ann'), { own: () => 'own' })]
    const pair = await sessions({ get: () => value })
    expect(await pipe(pair, step('get'), step('0.a.0'))).toEqual({ ok: true, value: 'in an array' })
    expect(await pipe(pair, step('get'), step('1.own'))).toEqual({ ok: true, value: 'own' })
    await closeBoth(pair)
  })

  it.each(['nothing', 'login'])('chain - a result that is none, or that is no object: %s', async (method) => {
    const pair = await sessions({ nothing: () => null, login: () => 'a text' })
    expect(await pipe(pair, step(method), step('length'))).toMatchObject({ error: { code: 'DS_NO_METHOD' } })
    await closeBoth(pair)
  })

  it('chain - an unknown method fails at once, with near names', async () => {
    const pair = await sessions()
    expect(await pipe(pair, step('logn', 'k'), step('profile'))).toMatchObject({
      error: { code: 'DS_NO_METHOD', ran: 'no', details: { near: ['login'] } },
    })
    await closeBoth(pair)
  })
})

describe('chain - ends', () => {
  it('chain - a step that throws ends it with its error', async () => {
    const pair = await sessions()
    expect(await pipe(pair, step('login', 'k'), step('fail'), step('more'))).toMatchObject({
      error: { name: 'RangeError', code: 'E_STEP', ran: 'yes' },
    })
    await closeBoth(pair)
  })

  it('chain - what cannot travel fails it before it is sent', async () => {
    const pair = await sessions()
    expect(
      await pipe(
        pair,
        step('login', () => 1),
        step('add', Symbol('s')),
      ),
    ).toMatchObject({
      error: { code: 'DS_UNSENDABLE', ran: 'no' },
    })
    expect([pair.client.pending, pair.client.references.exported]).toEqual([0, 0])
    await closeBoth(pair)
  })

  it('chain - one that is refused has not run', async () => {
    let isDraining = true
    const pair = await sessions(api, { admit: () => (isDraining ? refused({ summary: 'draining' }) : null) })
    const steps = [step('login', 'k'), step('none')]
    expect(await pipe(pair, ...steps)).toMatchObject({ error: { code: 'DS_REFUSED', ran: 'no' } })
    isDraining = false
    expect(await pipe(pair, ...steps)).toEqual({ ok: true, value: undefined })
    await closeBoth(pair)
  })

  it('chain - every step sees the context of the call, and its end', async () => {
    const seen: unknown[] = []
    const note = (): void => void seen.push([context()?.remaining, context()?.signal.aborted])
    const pair = await sessions({
      one: async () => {
        note()
        await pair.clock.sleep(40)
        return {
          two: async () => {
            note()
            await pair.clock.sleep(100)
            note()
          },
        }
      },
    })
    const calling = pair.client.pipe([step('one'), step('two')], { timeout: 100 })
    await pair.clock.settle()
    await pair.clock.advance(40)
    await pair.clock.advance(60)
    expect(await calling).toMatchObject({ error: { code: 'DS_TIMEOUT' } })
    await pair.clock.advance(60)
    expect(seen).toEqual([
      [100, false],
      [60, false],
      [expect.any(Number), true],
    ])
    await closeBoth(pair)
  })

  it('chain - the end of the session in the middle fails it, and leaves nothing', async () => {
    const pair = await sessions()
    const hanging = pipe(pair, step('login', 'k'), step('hang'))
    await pair.clock.settle()
    expect(pair.server.running).toBe(1)
    pair.server.destroy(new Error('cut'))
    expect(await hanging).toMatchObject({ error: { code: 'DS_DISCONNECTED', ran: 'maybe' } })
    expect(await pipe(pair, step('login', 'k'))).toMatchObject({
      error: { code: 'DS_DISCONNECTED', ran: 'no' },
    })
    await closeBoth(pair)
  })

  it('chain - more steps than a peer takes', async () => {
    const pair = await sessions({ next: () => self })
    const self: object = { next: () => self }
    const most = Array.from({ length: 32 }, () => step('next'))
    expect(await pipe(pair, ...most)).toMatchObject({ ok: true })
    expect(await pipe(pair, ...most, step('next'))).toMatchObject({ error: { ran: 'no' } })
    await closeBoth(pair)
  })

  it('chain - a serve hook is around it as around any call', async () => {
    const seen: unknown[] = []
    const pair = await sessions(api, {
      serve: [
        (call, next) => {
          seen.push(call.method, call.args)
          return next()
        },
      ],
    })
    expect(valueOf(await pipe(pair, step('login', 'k'), step('add', 1), step('', 2)))).toBe(3)
    expect(seen).toEqual(['login', ['k']])
    await closeBoth(pair)
  })
})
