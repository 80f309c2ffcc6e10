/** What is on the wire of every type, and what is refused with which path. */
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import vm from 'node:vm'
import { describe, expect, it } from 'vitest'
import { DServiceError, limit, unsendable } from '../../../lib/base/errors.js'
import { LIMITS } from '../../../lib/base/options.js'
import { byReference, keepHome } from '../../../lib/dnode/values/by-reference.js'
import { encode } from '../../../lib/dnode/values/encode.js'
import type { EncodeTo } from '../../../lib/dnode/values/writing.js'
import { tables, to, travel } from './peer.js'

const text = (value: unknown, more: Partial<EncodeTo> = {}): string =>
  JSON.stringify(encode([value], to({ outgoing: tables().outgoing, ...more })).values[0])

/** Code and message of the refusal. */
function refusal(value: unknown, more: Partial<EncodeTo> = {}): string {
  try {
    return `sent: ${text(value, more)}`
  } catch (error) {
    if (!(error instanceof DServiceError)) throw error
    return `${error.code} ${error.message}`
  }
}

class Point {
  x = 1
  #hidden = 2
  get y(): number {
    return this.#hidden
  }
}
class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
  toJSON(key: string): unknown {
    return { cents: this.cents, key }
  }
}
class Same {
  me = 1
  toJSON(): unknown {
    return this
  }
}
function holey(): unknown[] {
  const list: unknown[] = []
  list[1] = 1
  return list
}
function roundReason(): AbortSignal {
  const reason: unknown[] = []
  const signal = AbortSignal.abort(reason)
  reason.push(signal)
  return signal
}
const self: Record<string, unknown> = { a: 1 }
self['self'] = self
const twice = { t: 1 }

const WIRE: readonly (readonly [name: string, value: unknown, wire: string])[] = [
  ['a text', 'é"', '"é\\""'],
  ['a number', 1.5, '1.5'],
  ['true', true, 'true'],
  ['null', null, 'null'],
  ['undefined', undefined, '{"$":["undefined"]}'],
  ['NaN', NaN, '{"$":["number","NaN"]}'],
  ['Infinity', [Infinity, -Infinity], '[{"$":["number","Infinity"]},{"$":["number","-Infinity"]}]'],
  ['-0', { z: -0 }, '{"z":{"$":["number","-0"]}}'],
  ['a BigInt', -123n, '{"$":["bigint","-123"]}'],
  ['a Date', new Date(1767225600000), '{"$":["date",1767225600000]}'],
  ['an invalid Date', new Date(NaN), '{"$":["date",null]}'],
  ['a RegExp', /a\/b/gi, '{"$":["regexp","a\\\\/b","gi"]}'],
  ['a URL', new URL('https://example.org'), '{"$":["url","https://example.org/"]}'],
  [
    'a Map',
    new Map<unknown, unknown>([
      [{}, 1],
      ['k', undefined],
    ]),
    '{"$":["map",[[{},1],["k",{"$":["undefined"]}]]]}',
  ],
  ['a Set', new Set([1, 'a']), '{"$":["set",[1,"a"]]}'],
  ['an empty Map', new Map(), '{"$":["map",[]]}'],
  ['a hole', holey(), '[{"$":["undefined"]},1]'],
  ['an object like a tag', { $: 1, a: 2 }, '{"$":["object",{"$":1,"a":2}]}'],
  ['an object with $ behind', { a: 2, $: 1 }, '{"a":2,"$":1}'],
  ['tags within what is like a tag', { $: [undefined] }, '{"$":["object",{"$":[{"$":["undefined"]}]}]}'],
  ['a Buffer', Buffer.from('ab'), '{"$":["bytes",0,"Buffer"]}'],
  ['an ArrayBuffer', new ArrayBuffer(2), '{"$":["bytes",0,"ArrayBuffer"]}'],
  ['a DataView', new DataView(new ArrayBuffer(2)), '{"$":["bytes",0,"DataView"]}'],
  ['a Float32Array', new Float32Array(2), '{"$":["bytes",0,"Float32Array"]}'],
  [
    'two of them',
    [new Int8Array(1), new BigUint64Array(1)],
    '[{"$":["bytes",0,"Int8Array"]},{"$":["bytes",1,"BigUint64Array"]}]',
  ],
  ['a function', () => 1, '{"$":["function",0]}'],
  ['a generator function', function* () {}, '{"$":["function",0]}'],
  ['an async generator', (async function* () {})(), '{"$":["stream",0,"iterable"]}'],
  ['a plain async iterable', { async *[Symbol.asyncIterator]() {} }, '{"$":["stream",0,"iterable"]}'],
  ['a Readable', new Readable(), '{"$":["stream",0,"bytes"]}'],
  ['a Readable of objects', new Readable({ objectMode: true }), '{"$":["stream",0,"node"]}'],
  ['a Transform', new PassThrough(), '{"$":["stream",0,"bytes"]}'],
  ['a ReadableStream', new ReadableStream(), '{"$":["stream",0,"web"]}'],
  ['a signal', new AbortController().signal, '{"$":["signal",0]}'],
  ['an aborted signal', AbortSignal.abort('no'), '{"$":["signal",null,"no"]}'],
  ['a cycle', self, '{"a":1,"self":{"$":["ref",0]}}'],
  ['the same twice', [twice, twice], '[{"t":1},{"$":["ref",1]}]'],
  ['a class instance', new Point(), '{"x":1}'],
  ['a toJSON of a class', { price: new Money(5) }, '{"price":{"cents":5,"key":"price"}}'],
  ['a toJSON that answers its object', new Same(), '{"me":1}'],
  ['an own toJSON', { toJSON: () => 1 }, '{"toJSON":{"$":["function",0]}}'],
  [
    'an own toJSON in a class',
    new (class {
      toJSON = (): number => 1
    })(),
    '{"toJSON":{"$":["function",0]}}',
  ],
  [
    'a class with a name of its own and data',
    new (class {
      [Symbol.toStringTag] = 'Named'
      a = 1
    })(),
    '{"a":1}',
  ],
  ['no prototype', Object.assign(Object.create(null) as object, { a: 1 }), '{"a":1}'],
  ['boxed primitives', [Object(1), Object('s'), Object(1n)] as unknown[], '[1,"s",{"$":["bigint","1"]}]'],
  ['a subclass of Map', new (class Table extends Map {})(), '{"$":["map",[]]}'],
  ['a Map of another realm', vm.runInNewContext('new Map([[1, 2]])'), '{"$":["map",[[1,2]]]}'],
  ['data of another realm', vm.runInNewContext('({ a: [1] })'), '{"a":[1]}'],
]

class Private {
  readonly #user = 'ada'
  get user(): string {
    return this.#user
  }
}

const GETTER = {
  get bad(): unknown {
    throw new Error('no luck')
  },
}

const REFUSED: readonly (readonly [name: string, value: unknown, message: string])[] = [
  [
    'a symbol',
    { a: [Symbol('s')] },
    'DS_UNSENDABLE arguments[0].a[0] cannot travel: it is a symbol. Send it as text',
  ],
  [
    'a Promise',
    { user: Promise.resolve() },
    'DS_UNSENDABLE arguments[0].user cannot travel: it is a Promise. Await it first',
  ],
  [
    'a thenable of a class',
    new (class Query {
      then(): void {}
    })(),
    'DS_UNSENDABLE arguments[0] cannot travel: it can be awaited',
  ],
  ['a WeakMap', new WeakMap(), 'DS_UNSENDABLE arguments[0] cannot travel: it is a WeakMap'],
  ['a WeakSet', new WeakSet(), 'is a WeakSet'],
  ['a WeakRef', new WeakRef({}), 'is a WeakRef'],
  ['a SharedArrayBuffer', new SharedArrayBuffer(1), 'is a SharedArrayBuffer'],
  [
    'a generator',
    (function* () {})(),
    'is a Generator, of which nothing would arrive. Send what is in it: [...it]',
  ],
  ['Headers', new Headers(), 'is a Headers, of which nothing would arrive'],
  ['a WritableStream', new WritableStream(), 'Send a function that takes what is written'],
  [
    'a TransformStream',
    { by: new TransformStream() },
    'arguments[0].by cannot travel: it is a TransformStream',
  ],
  ['a Blob', new Blob([]), 'is a Blob, of which nothing would arrive. Send its `stream()`'],
  ['an AbortController', new AbortController(), 'Send its `signal`'],
  [
    'an object of a class that has private fields and methods',
    { user: new Private() },
    'arguments[0].user cannot travel: it is of the class Private, of which nothing would arrive. Mark it by byReference()',
  ],
  [
    'an object of inherited methods',
    Object.create({ run() {} }),
    'is of methods alone, of which nothing would',
  ],
  ['a Writable', new Writable(), 'is a stream to write to. Send a function'],
  [
    'a Duplex',
    { socket: new Duplex() },
    'arguments[0].socket cannot travel: it is a stream to write to as well',
  ],
  ['then', { then: () => 1 }, 'arguments[0].then cannot travel: it would make a promise of what holds it'],
  [
    '__proto__',
    JSON.parse('{"a":{"__proto__":1}}'),
    'arguments[0].a.__proto__ cannot travel: it has a reserved name',
  ],
  ['constructor', { constructor: 1 }, 'arguments[0].constructor cannot travel'],
  [
    'a getter that throws',
    [{ a: GETTER }],
    'DS_UNSENDABLE arguments[0][0].a.bad cannot travel: it cannot be read: no luck',
  ],
  ['in a Map', new Map([['k', { deep: Symbol('s') }]]), 'arguments[0].<value 0>.deep cannot travel'],
  [
    'in a key of a Map',
    new Map([
      [1, 1],
      [{ deep: Symbol('s') }, 1],
    ] as [unknown, unknown][]),
    'arguments[0].<key 1>.deep cannot travel',
  ],
  ['in a Set', new Set([1, [Symbol('s')]]), 'arguments[0].<item 1>[0] cannot travel'],
  ['in a reason', AbortSignal.abort({ s: Symbol('s') }), 'arguments[0].reason.s cannot travel'],
  [
    'a signal in its own reason',
    roundReason(),
    'arguments[0].reason[0] cannot travel: it leads back into a value',
  ],
  ['an odd key', { 'first name': { [`${'x'.repeat(99)}`]: Symbol('s') } }, 'arguments[0]["first name"].xxx'],
  ['a long BigInt below 0', -(10n ** 20_000n), 'it has too many digits'],
  ['a long BigInt', 10n ** 20_000n, 'DS_LIMIT arguments[0] cannot travel: it has too many digits'],
  [
    'a long RegExp',
    new RegExp('a'.repeat(10_001)),
    'DS_LIMIT arguments[0] cannot travel: it is a RegExp of more than 10000',
  ],
  [
    'many Buffers',
    Array.from({ length: 1001 }, () => Buffer.alloc(0)),
    'DS_LIMIT arguments[0][1000] cannot travel: it is one more than the 1000',
  ],
  [
    'large Buffers',
    [Buffer.alloc(LIMITS.attachedRow), Buffer.alloc(1)],
    'DS_LIMIT arguments[0][1] cannot travel: it makes more than',
  ],
  ['a fake Map', Object.create(Map.prototype), 'DS_UNSENDABLE arguments[0] cannot travel: it cannot be read'],
  [
    'a fake Date',
    Object.create(Date.prototype),
    'DS_UNSENDABLE arguments[0] cannot travel: it cannot be read',
  ],
  ['a revoked proxy', revoked(), 'DS_UNSENDABLE arguments[0] cannot travel: it cannot be read'],
  [
    'an enormous array',
    [Object.assign([], { length: 2 ** 32 - 1 })],
    'DS_LIMIT arguments[0][0] cannot travel: it has more than',
  ],
]

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

describe('encode', () => {
  it.each(WIRE)('encode - %s is so on the wire', (_name, value, wire) => {
    expect(text(value)).toBe(wire)
  })

  it.each(REFUSED)('encode - %s is refused', (_name, value, message) => {
    expect(refusal(value)).toContain(message)
  })

  it.each<[string, unknown]>([
    ['a function', () => 1],
    ['a stream', new Readable()],
    ['an AbortSignal', new AbortController().signal],
    ['what goes by reference', byReference({})],
  ])('encode - %s is refused where only data is sent', (_name, value) => {
    expect(refusal({ x: value }, { outgoing: null })).toMatch(
      /^DS_UNSENDABLE arguments\[0\]\.x .*only plain data/i,
    )
  })

  it('encode - a list of one is called by its name', () => {
    expect(refusal([Symbol('s')], { root: 'result' })).toContain('result[0] cannot travel')
    expect(refusal(Symbol('s'), { root: 'items' })).toContain('items[0] cannot travel')
  })

  it('encode - what has no containers is counted as well', () => {
    const limits = { depth: 1, nodes: 3 }
    expect(encode([1, 'a', null], to({ limits })).values).toEqual([1, 'a', null])
    expect(() => encode([1, 'a', null, 2], to({ limits }))).toThrow('has more than the 3 values of a message')
  })

  it('encode - numbers of containers count on through all values of a message', () => {
    const payload = encode([{}, new Date(0), [twice], twice, self], to())
    expect(JSON.stringify(payload.values)).toBe(
      '[{},{"$":["date",0]},[{"t":1}],{"$":["ref",3]},{"a":1,"self":{"$":["ref",4]}}]',
    )
  })

  it('encode - of hundreds of containers each that comes again is known', () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ i }))
    const arrived = travel([many, [...many].reverse()])
    const [there, back] = arrived as [unknown[], unknown[]]
    expect(there).toEqual(many)
    expect(back.every((item, i) => item === there[299 - i])).toBe(true)
  })

  it('encode - what comes again among hundreds of new ones is known too', () => {
    const pairs = Array.from({ length: 100 }, (_, i) => ({ i })).flatMap((item) => [item, item])
    const [arrived] = travel([pairs]) as [unknown[]]
    expect(arrived).toEqual(pairs)
    expect(arrived.every((item, i) => item === arrived[i - (i % 2)])).toBe(true)
    expect(new Set(arrived).size).toBe(100)
  })

  it('encode - a getter is read once', () => {
    let reads = 0
    const object = {
      get n(): object {
        return { reads: ++reads }
      },
    }
    expect(text([object, [], undefined])).toContain('{"n":{"reads":1}}')
    expect(reads).toBe(1)
  })

  it('encode - a getter may send messages of its own', () => {
    const inner: string[] = []
    const object = {
      a: [1],
      get n(): object {
        inner.push(text([[twice], twice]))
        return twice
      },
      m: twice,
    }
    expect(text(object)).toBe('{"a":[1],"n":{"t":1},"m":{"$":["ref",2]}}')
    expect(inner).toEqual(['[[{"t":1}],{"$":["ref",2]}]'])
  })

  it('encode - a part of an ArrayBuffer is sent without the rest', () => {
    const all = new Uint16Array([1, 2, 3, 4])
    const [bytes] = encode([all.subarray(1, 3)], to()).attachments
    expect([...(bytes ?? [])]).toEqual([2, 0, 3, 0])
  })

  it('encode - what extends Object.prototype does not travel', () => {
    const polluted = Object.prototype as { extra?: unknown }
    polluted.extra = { nested: Symbol('s') }
    try {
      expect(text({ a: [{ b: 1 }] })).toBe('{"a":[{"b":1}]}')
    } finally {
      delete polluted.extra
    }
  })

  it('encode - objects of the library that look like data are refused', () => {
    const handle = Object.create(null) as object
    keepHome(handle, { what: 'is a service handle', hint: 'send its name' })
    expect(refusal({ handle })).toContain(
      'arguments[0].handle cannot travel: it is a service handle. Send its name',
    )
  })

  it('encode - the size is about that of the JSON', () => {
    for (const [name, value] of WIRE) {
      const { values, size } = encode([value, 'x'.repeat(50)], to({ outgoing: tables().outgoing }))
      const { length } = JSON.stringify(values)
      expect([name, size >= length * 0.8, size <= length * 1.5 + 60]).toEqual([name, true, true])
    }
  })
})

describe('encode - who gives numbers', () => {
  it('encode - every message begins, whatever is in it, and one that fails is undone', () => {
    const { outgoing, log, sent } = tables()
    encode(['plain'], to({ outgoing }))
    encode([{ run: () => 1 }], to({ outgoing }))
    expect(() => encode([() => 2, Symbol('s')], to({ outgoing }))).toThrow('arguments[1]')
    expect(log).toEqual(['begin', 'begin', 'begin', 'undo'])
    expect(sent).toHaveLength(1)
  })

  it('encode - a function that goes home is known as the receiver’s own', () => {
    const own = (): number => 1
    const { outgoing, own: list } = tables()
    list.push(own)
    expect(text([own], { outgoing })).toBe('[{"$":["yours",0]}]')
  })

  it.each([
    [
      limit({ summary: 'there are too many' }),
      'DS_LIMIT',
      'arguments[0].run cannot travel: there are too many',
    ],
    [
      unsendable({ summary: 'it was read', hint: 'send another' }),
      'DS_UNSENDABLE',
      'cannot travel: it was read. Send another',
    ],
    [new TypeError('broken'), 'DS_UNSENDABLE', 'arguments[0].run cannot travel: it cannot be read: broken'],
  ])('encode - an error of theirs gets the path: %s', (error, code, message) => {
    const outgoing = {
      ...tables().outgoing,
      function: () => {
        throw error
      },
    }
    expect(refusal({ run: () => 1 }, { outgoing })).toContain(`${code} `)
    expect(refusal({ run: () => 1 }, { outgoing })).toContain(message)
  })

  it('encode - an error of ours that a getter throws is none of this message', () => {
    const value = {
      get x(): unknown {
        throw limit({ summary: 'elsewhere' })
      },
    }
    expect(refusal([() => 1, value])).toMatch(
      /^DS_UNSENDABLE arguments\[0\]\[1\]\.x cannot travel: it cannot be read: elsewhere/,
    )
  })
})

describe('encode - by reference', () => {
  class Counter {
    count = 0
    secret = 'data'
    #step = 2
    add(): number {
      return (this.count += this.#step)
    }
    get trap(): never {
      throw new Error('a getter was read')
    }
  }
  class Better extends Counter {
    own = (): number => this.count
    override add(): number {
      return super.add() + 100
    }
  }

  it('encode - methods travel, own ones and those of all its classes, bound to the object', () => {
    const [arrived] = travel([byReference(new Better())]) as [Record<string, () => number>]
    expect(Object.keys(arrived).sort()).toEqual(['add', 'own'])
    const { add, own } = arrived
    expect(add?.()).toBe(102)
    expect(own?.()).toBe(2)
  })

  it('encode - the same object has the same functions each time', () => {
    const both = tables()
    const counter = byReference(new Counter())
    const [a, again] = travel([counter, counter], { tables: both }) as [Counter, Counter]
    const [b] = travel([counter], { tables: both }) as [Counter]
    expect(again).toBe(a)
    expect(b).not.toBe(a)
    expect(b.add).toBe(a.add)
    expect(both.sent).toHaveLength(1)
  })

  it('encode - plain objects may go by reference too, without their data', () => {
    expect(text([byReference({ n: 1, run: () => 2 })])).toBe('[{"run":{"$":["function",0]}}]')
  })

  it('encode - what is no object cannot be marked', () => {
    expect(() => byReference(5 as never)).toThrow('byReference was given number')
  })
})
