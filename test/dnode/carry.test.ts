/** What values carry between two whole sessions: data of every type, bytes, and what is left of it in the end. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import type { Hello, Outcome } from '../../lib/dnode/messages.js'
import { byReference } from '../../lib/dnode/values/by-reference.js'
import { CustomTypes } from '../../lib/dnode/values/custom.js'
import type { CustomType } from '../../lib/dnode/values/port.js'
import { closeBoth, hello, IDENTITY, methodsRow, two, valueOf, withRaw, type Two } from './pair.js'

const WAIT = { timeout: 30_000 }

type Method = (...args: unknown[]) => unknown

const api = {
  echo: (x: unknown) => x,
  kinds: (...args: unknown[]) => args.map((arg) => Object.prototype.toString.call(arg)),
  size: (x: { length: number }) => x.length,
  through: async (f: Method, x: unknown) => await f(x),
}

async function call<T>({ client }: Two, method: string, ...args: unknown[]): Promise<T> {
  return valueOf(await client.call(method, args, WAIT)) as T
}

function errorOf(outcome: Outcome): unknown {
  return outcome.ok ? outcome.value : outcome.error
}

class Point {
  #secret = 1
  x = 1
  y = { z: [2] }
  get length(): number {
    return this.#secret
  }
}

function cyclic(): object {
  const shared = { n: [1] }
  const root: Record<string, unknown> = { a: shared, b: [shared, shared], map: new Map([[shared, 1]]) }
  root['me'] = root
  root['set'] = new Set([root, shared])
  return root
}

const big = Buffer.from('of a pool: only this')

/** Each arrives as what stands beside it, or as itself. */
const VALUES: Record<string, readonly [value: unknown, arrives?: unknown]> = {
  'plain data': [{ a: [1, -0.5, 'x', null, true, { b: {} }], '': 'é ☃ \u2028' }],
  undefined: [{ a: undefined, b: [undefined] }],
  'numbers that JSON has not': [[NaN, Infinity, -Infinity, -0, 0]],
  bigints: [[0n, -1n, 2n ** 64n]],
  dates: [[new Date(0), new Date(NaN), new Date(8.64e15)]],
  'regular expressions': [[/a(?<b>c)/giu, /\//]],
  urls: [new URL('https://user@example.org:8080/a?b#c')],
  maps: [
    new Map<unknown, unknown>([
      [{ key: 1 }, new Map([[1n, undefined]])],
      [null, 1],
      [NaN, 2],
    ]),
  ],
  sets: [new Set<unknown>([1, 'a', new Set([new Date(1)]), undefined])],
  errors: [
    [new TypeError('t', { cause: new RangeError('c') }), new AggregateError([new Error('in')], 'all')],
  ],
  'an error with properties': [Object.assign(new Error('e'), { code: 'E_X', position: { row: 3 } })],
  buffers: [[big, big.subarray(3, 7), Buffer.alloc(0)]],
  'typed arrays': [
    [
      new Int8Array([-1]),
      new Uint8Array([1, 2]),
      new Uint8ClampedArray([255]),
      new Int16Array([-300]),
      new Uint16Array([300]),
      new Int32Array([-70_000]),
      new Uint32Array([70_000]),
      new Float32Array([0.5]),
      new Float64Array([Math.PI, NaN]),
      new BigInt64Array([-1n]),
      new BigUint64Array([2n ** 63n]),
    ],
  ],
  'raw memory': [[new Uint8Array([1, 2, 3]).buffer, new DataView(new Uint8Array([0, 4, 5]).buffer, 1)]],
  'shared and cyclic values': [cyclic()],
  'objects that look like tags': [{ $: ['undefined'], a: { $: 1, b: new Set([{ $: null }]) } }],
  'class instances': [new Point(), { x: 1, y: { z: [2] } }],
  'boxed primitives': [
    [Object('s'), Object(1), Object(2n)],
    ['s', 1, 2n],
  ],
  'what toJSON says': [{ toJSON: 'no function', a: 1 }],
  'a signal that has aborted': [AbortSignal.abort('why')],
}

describe('carry - values there and back', () => {
  it.each(Object.entries(VALUES))('carry - %s', async (_name, [value, arrives = value]) => {
    const pair = await two(api)
    expect(await call(pair, 'echo', value)).toStrictEqual(arrives)
    const heard: unknown[] = []
    const again = await call(pair, 'through', (x: unknown) => (heard.push(x), x), [value])
    expect([heard, again]).toStrictEqual([[[arrives]], [arrives]])
    await closeBoth(pair)
  })

  it('carry - values arrive as what they are on the other side too', async () => {
    const pair = await two(api)
    const [map, date, bytes, text] = [new Map(), new Date(), new Float32Array(1), 'x']
    expect(await call(pair, 'kinds', map, date, bytes, undefined, 1n, text)).toEqual([
      '[object Map]',
      '[object Date]',
      '[object Float32Array]',
      '[object Undefined]',
      '[object BigInt]',
      '[object String]',
    ])
    await closeBoth(pair)
  })

  it('carry - what is the same is the same when it arrives', async () => {
    const pair = await two({ ...api, same: (a: unknown, { b }: { b: unknown }) => a === b })
    const shared = new Map()
    expect(await call(pair, 'same', shared, { b: shared })).toBe(true)
    expect(await call(pair, 'same', {}, { b: {} })).toBe(false)
    const back = await call<Record<string, unknown>>(pair, 'echo', cyclic())
    expect(back['me']).toBe(back)
    expect((back['b'] as unknown[])[1]).toBe(back['a'])
    await closeBoth(pair)
  })

  it('carry - an aborted signal is aborted there, with its reason', async () => {
    const pair = await two({ reason: (signal: AbortSignal) => [signal.aborted, signal.reason as unknown] })
    const [aborted, reason] = await call<unknown[]>(pair, 'reason', AbortSignal.abort(new RangeError('over')))
    expect(aborted).toBe(true)
    expect(reason).toStrictEqual(new RangeError('over'))
    await closeBoth(pair)
  })

  it.each<[string, unknown, string]>([
    ['a symbol', { s: [Symbol('s')] }, 'arguments[0].s[0]'],
    ['a WeakMap', new WeakMap(), 'arguments[0]'],
    ['a promise', { later: Promise.resolve(1) }, 'arguments[0].later'],
    ['a function named then', { a: { then: () => 1 } }, 'arguments[0].a.then'],
    ['a reserved key', JSON.parse('{"a":{"__proto__":1}}'), 'arguments[0].a.__proto__'],
    ['a symbol in a map', new Map([[1, Symbol('s')]]), 'arguments[0]'],
  ])('carry - %s is refused with its path, and the session goes on', async (_name, value, path) => {
    const pair = await two(api)
    const outcome = await pair.client.call('echo', [value, () => 1], WAIT)
    expect(errorOf(outcome)).toMatchObject({ code: 'DS_UNSENDABLE', ran: 'no' })
    expect((errorOf(outcome) as { details: { path: string } }).details.path).toContain(path)
    const back = await pair.client.call('through', [() => value, 1], WAIT)
    expect(errorOf(back)).toMatchObject({ code: 'DS_UNSENDABLE', ran: 'yes' })
    expect(await call(pair, 'echo', 1)).toBe(1)
    await closeBoth(pair)
  })
})

describe('carry - types of the user', () => {
  class Money {
    readonly cents: bigint
    constructor(cents: bigint) {
      this.cents = cents
    }
  }
  const money: CustomType<Money, bigint> = {
    name: 'money',
    is: (value): value is Money => value instanceof Money,
    write: ({ cents }) => cents,
    read: (cents) => {
      if (typeof cents !== 'bigint') throw new TypeError('cents are a bigint')
      return new Money(cents)
    },
  }
  const types = new CustomTypes([money as CustomType])
  const knows = (names: string[]): Hello => ({ ...hello(), types: names })

  it('carry - a type that both have arrives as it was', async () => {
    const side = { types, hello: () => knows(['money']) }
    const pair = await two(api, { client: side, server: side })
    const value = { price: new Money(5n), all: new Set([new Money(7n)]) }
    expect(await call(pair, 'echo', value)).toStrictEqual(value)
    await closeBoth(pair)
  })

  it('carry - one that the peer has not is refused, and one that its owner does not take as well', async () => {
    const pair = await two(api, { client: { types, hello: () => knows(['money']) } })
    expect(errorOf(await pair.client.call('echo', [new Money(1n)], WAIT))).toMatchObject({
      code: 'DS_UNSENDABLE',
      ran: 'no',
      message: expect.stringContaining('money') as string,
    })
    await closeBoth(pair)
    const { send, rows } = await withRaw(api, { types, hello: () => knows(['money']) })
    await send(methodsRow(), [['call', 1, 0, { $: ['custom', 'money', 'no bigint'] }]])
    expect(rows.at(-1)).toMatchObject([['error', 1, { code: 'DS_PROTOCOL', ran: 'no' }]])
    expect(JSON.stringify(rows.at(-1))).toContain('cents are a bigint')
  })

  it('carry - an object by reference is its methods, the same ones each time', async () => {
    class Counter {
      #n = 0
      add(by: number): number {
        return (this.#n += by)
      }
    }
    const counter = byReference(new Counter())
    const pair = await two({ ...api, counter: () => counter })
    const remote = await call<{ add(by: number): Promise<number> }>(pair, 'counter')
    expect(Object.keys(remote)).toEqual(['add'])
    expect([await remote.add(2), await remote.add(3)]).toEqual([2, 5])
    expect((await call<typeof remote>(pair, 'counter')).add).toBe(remote.add)
    await closeBoth(pair)
  })
})

describe('carry - bytes', () => {
  it('carry - they are copied: what is changed after the call does not change what is sent', async () => {
    const pair = await two(api)
    const bytes = Buffer.from('before')
    const echoed = call<Buffer>(pair, 'echo', bytes)
    bytes.fill('x')
    expect(String(await echoed)).toBe('before')
    await closeBoth(pair)
  })

  it.each([
    ['more than 64 kB of text', 'x'.repeat(LIMITS.batch + 1_000), Buffer.from('abc')],
    ['a megabyte', 'x', Buffer.alloc(2 ** 20, 7)],
    ['as much as there may be', '', Buffer.alloc(LIMITS.attachedRow)],
  ])('carry - %s, with calls before and behind it', async (_name, text, bytes) => {
    const pair = await two(api)
    const [before, there, behind] = await Promise.all([
      call(pair, 'echo', 1),
      call<{ text: string; bytes: Buffer }>(pair, 'echo', { text, bytes }),
      call(pair, 'echo', [Buffer.from('z')]),
    ])
    expect([before, there.text === text, there.bytes.equals(bytes)]).toEqual([1, true, true])
    expect(behind).toEqual([Buffer.from('z')])
    await closeBoth(pair)
  })

  it.each<[string, unknown]>([
    ['more bytes than a row has', [Buffer.alloc(LIMITS.attachedRow), Buffer.alloc(1)]],
    ['more pieces than a row has', Array.from({ length: LIMITS.attachments + 1 }, () => Buffer.alloc(1))],
  ])('carry - %s are refused before they are sent, and the session goes on', async (_name, value) => {
    const pair = await two({ ...api, give: () => value })
    expect(errorOf(await pair.client.call('echo', [value, () => 1], WAIT))).toMatchObject({
      code: 'DS_LIMIT',
      ran: 'no',
    })
    expect(errorOf(await pair.client.call('give', [], WAIT))).toMatchObject({ code: 'DS_LIMIT', ran: 'yes' })
    expect(pair.client.references.exported).toBe(0)
    expect(await call(pair, 'echo', 1)).toBe(1)
    await closeBoth(pair)
  })

  it('carry - a peer that takes few bytes is sent no more, and one that takes none is sent none', async () => {
    const few = await two(api, { server: { hello: () => hello(IDENTITY, { attached: 10 }) } })
    expect(await call(few, 'size', Buffer.alloc(10))).toBe(10)
    const refused = { code: 'DS_LIMIT', ran: 'no' }
    expect(errorOf(await few.client.call('size', [Buffer.alloc(11)], WAIT))).toMatchObject(refused)
    await closeBoth(few)
    const { send, session, raw } = await withRaw(api)
    const { row, pending, depth, nodes } = LIMITS
    const limits = { row, pending, depth, nodes }
    await send({ ...methodsRow(), dservice: { protocol: 1, limits } })
    expect(errorOf(await session.call('$x', [Buffer.alloc(1)], WAIT))).toMatchObject(refused)
    await send([['call', 1, 0, 'x']])
    expect(raw.isClosed).toBe(false)
  })
})
