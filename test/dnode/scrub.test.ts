/** Values on their way out and in: what travels, what is refused, and that both ways together change nothing. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { readClassic } from '../../lib/dnode/classic.js'
import { Exports } from '../../lib/dnode/refs/exports.js'
import { Imports } from '../../lib/dnode/refs/imports.js'
import { scrub, type ScrubFor } from '../../lib/dnode/scrub.js'
import { unscrub } from '../../lib/dnode/unscrub.js'

function to(exports: Exports | null = new Exports(), limits: ScrubFor['limits'] = LIMITS): ScrubFor {
  return { exports, limits, root: 'arguments' }
}

/** There over the wire and back: functions become stubs, which are mapped to the functions that they stand for. */
function travel(values: readonly unknown[]): { args: unknown[]; original: (stub: unknown) => unknown } {
  const exports = new Exports()
  const imports = new Imports()
  const scrubbed = scrub(values, to(exports))
  const args = unscrub(JSON.parse(JSON.stringify(scrubbed)) as typeof scrubbed, imports)
  const original = (stub: unknown): unknown => {
    for (let id = 0; id < exports.size; id++) if (imports.get(id)?.run === stub) return exports.get(id)?.run
    return undefined
  }
  return { args, original }
}

/** The same shape, cycles and functions included. */
function same(
  a: unknown,
  b: unknown,
  original: (stub: unknown) => unknown,
  pairs: Map<unknown, unknown> = new Map(),
): boolean {
  if (typeof a === 'function') return original(b) === a
  if (typeof a !== 'object' || a === null) return Object.is(a, b) || (a === 0 && b === 0)
  if (typeof b !== 'object' || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  if (pairs.get(a) === b) return true
  pairs.set(a, b)
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(
      (key) =>
        Object.hasOwn(b, key) &&
        same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], original, pairs),
    )
  )
}

describe('scrub - what travels', () => {
  it('scrub - values that JSON has arrive as they are', () => {
    const values = ['text', 1.5, -0, true, null, { a: [{}] }, [], '\u0000\ud800 ☔']
    expect(travel(values).args).toEqual(JSON.parse(JSON.stringify(values)))
  })

  it('scrub - what JSON changes is changed as JSON does', () => {
    const date = new Date(0)
    class Money {
      toJSON(key: string): unknown {
        return { euros: 5, key }
      }
    }
    class Point {
      x = 1
      get y(): number {
        return 2
      }
    }
    const values = [
      undefined,
      { a: undefined, b: [undefined, NaN, Infinity] },
      date,
      new Date(NaN),
      new Money(),
      new Point(),
      Object(5) as unknown,
      Object('s') as unknown,
      Object.assign([], { length: 2 }),
    ]
    expect(travel(values).args).toEqual(JSON.parse(JSON.stringify(values)))
  })

  it('scrub - an Error keeps name, message, code and its own properties', () => {
    const error = Object.assign(new TypeError('no'), { code: 'E_NO', more: [1] })
    expect(travel([error]).args).toEqual([{ name: 'TypeError', message: 'no', code: 'E_NO', more: [1] }])
  })

  it('scrub - what toJSON answers is not asked again, and an own toJSON is a function like any other', () => {
    class Self {
      n = 1
      toJSON(): this {
        return this
      }
    }
    expect(travel([new Self()]).args).toEqual([{ n: 1 }])
    class Own {
      toJSON = same
    }
    for (const value of [{ toJSON: same }, new Own()]) {
      const { args, original } = travel([value])
      expect(original((args[0] as { toJSON: unknown }).toJSON)).toBe(same)
    }
  })

  it('scrub - later changes of a value do not change what is sent', () => {
    const value = { list: [1] }
    const scrubbed = scrub([value], to())
    value.list.push(2)
    expect(scrubbed.arguments).toEqual([{ list: [1] }])
  })

  it('scrub - a value found twice is written twice, a cycle is linked', () => {
    const shared = { n: 1 }
    const cyclic: Record<string, unknown> = { shared, list: [shared] }
    cyclic['me'] = cyclic
    cyclic['up'] = { again: [cyclic] }
    const scrubbed = scrub([cyclic], to())
    expect(scrubbed.arguments).toEqual([
      { shared, list: [shared], me: '[Circular]', up: { again: ['[Circular]'] } },
    ])
    expect(scrubbed.links).toEqual([
      { from: ['0'], to: ['0', 'me'] },
      { from: ['0'], to: ['0', 'up', 'again', '0'] },
    ])
  })

  it('scrub - the estimate of the size is near the bytes that are written', () => {
    for (const values of [
      ['beep', 1],
      [{ a: 'x'.repeat(1_000), list: Array.from({ length: 100 }, (_, i) => i) }],
      [() => 1, { f: () => 2 }],
    ]) {
      const { size, ...scrubbed } = scrub(values, to())
      const bytes = JSON.stringify(scrubbed).length
      expect(size).toBeGreaterThan(bytes / 6)
      expect(size).toBeLessThan(bytes * 4)
    }
  })
})

describe('scrub - what is refused', () => {
  class Throws {
    get user(): unknown {
      throw new Error('no user')
    }
    toJSON(): unknown {
      throw new Error('no JSON')
    }
  }
  const cases: [string, unknown, string][] = [
    ['a BigInt', { a: [1n] }, 'arguments[0].a[0]'],
    ['a symbol', Symbol('s'), 'arguments[0]'],
    ['a Map', { user: { socket: new Map() } }, 'arguments[0].user.socket'],
    ['a Set', new Set(), 'arguments[0]'],
    ['a Buffer', { 'first name': Buffer.from('x') }, 'arguments[0]["first name"]'],
    ['a typed array', new Uint16Array(2), 'arguments[0]'],
    ['a DataView', new DataView(new ArrayBuffer(2)), 'arguments[0]'],
    ['an ArrayBuffer', new ArrayBuffer(2), 'arguments[0]'],
    ['a promise', { later: Promise.resolve(1) }, 'arguments[0].later'],
    ['a RegExp', /x/, 'arguments[0]'],
    ['a toJSON that throws', [new Throws()], 'arguments[0][0]'],
    [
      'a getter that throws',
      {
        a: {
          get b(): number {
            throw new Error('no b')
          },
        },
      },
      'arguments[0].a.b',
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no keys')
          },
        },
      ),
      'arguments[0]',
    ],
    ['an own __proto__', JSON.parse('{"a":{"__proto__":1}}'), 'arguments[0].a.__proto__'],
    ['an own constructor', { constructor: 1 }, 'arguments[0].constructor'],
    ['a thenable', { then: () => 1 }, 'arguments[0].then'],
  ]
  for (const [name, value, path] of cases) {
    it(`scrub - ${name} is DS_UNSENDABLE with its path, and nothing stays exported`, () => {
      const exports = new Exports()
      const refuse = (): unknown => scrub([value], to(exports))
      expect(refuse).toThrow(
        expect.objectContaining({ code: 'DS_UNSENDABLE', ran: 'no', details: { path } }) as Error,
      )
      expect(() => scrub([() => 1, value], to(exports))).toThrow('cannot travel')
      expect(exports.size).toBe(0)
    })
  }

  it('scrub - functions are refused where only plain data may go', () => {
    expect(() => scrub([{ f: () => 1 }], to(null))).toThrow('arguments[0].f cannot travel: it is a function')
  })

  it('scrub - what the peer would refuse is refused first: depth, number, path', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })
    const args = travel([nested(LIMITS.depth)]).args
    expect(args).toHaveLength(1)
    const limited = { code: 'DS_LIMIT', ran: 'no' }
    expect(() => scrub([nested(LIMITS.depth + 1)], to())).toThrow(expect.objectContaining(limited) as Error)
    const many = (n: number): unknown[] => Array.from({ length: n }, () => 0)
    expect(travel([many(LIMITS.nodes - 1)]).args).toHaveLength(1)
    expect(() => scrub([many(LIMITS.nodes)], to())).toThrow(expect.objectContaining(limited) as Error)
    expect(() => scrub([many(10)], to(null, { depth: 5, nodes: 10, row: LIMITS.row }))).toThrow(
      expect.objectContaining(limited) as Error,
    )
    const far = (depth: number): unknown => (depth === 0 ? same : { a: far(depth - 1) })
    expect(travel([far(LIMITS.path - 1)]).args).toHaveLength(1)
    expect(() => scrub([far(LIMITS.path)], to())).toThrow(expect.objectContaining(limited) as Error)
    expect(() => scrub([Object.assign([], { length: 2 ** 32 - 1 })], to())).toThrow(
      expect.objectContaining(limited) as Error,
    )
  })
})

describe('scrub - cycles', () => {
  it('scrub - what a few bytes can link would come back as megabytes, and is refused', () => {
    const cycles = (depth: number, ends: number): unknown => {
      const top: Record<string, unknown> = {}
      let inner = top
      for (let i = 0; i < depth; i++) inner = inner['a'] = {} as Record<string, unknown>
      inner['ends'] = Array.from({ length: ends }, () => inner)
      return top
    }
    // each end is a value, 53 steps down, and leads 51 steps down
    const fitting = Math.floor(LIMITS.nodes / 105) - 1
    expect(scrub([cycles(50, fitting)], to()).links).toHaveLength(fitting)
    expect(() => scrub([cycles(50, fitting + 2)], to())).toThrow('ends one cycle too many')
  })
})

describe('scrub - there and back', () => {
  const key = fc
    .string({ maxLength: 5 })
    .filter((k) => !['__proto__', 'constructor', 'prototype', 'then', 'toJSON'].includes(k))
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 5, withCrossShrink: true }, tie('leaf'), tie('list'), tie('object')),
    list: fc.array(tie('tree'), { maxLength: 5 }),
    object: fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
    leaf: fc.oneof(
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.func(fc.integer()),
    ),
  }))

  it('scrub - any tree of values and functions arrives the same', () => {
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), (values) => {
        const { args, original } = travel(values)
        return same(values, args, original)
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  it('scrub - any graph with cycles arrives the same', () => {
    const edge = fc.tuple(fc.nat(7), fc.nat(3), fc.nat(7))
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 12 }), (edges) => {
        const nodes = Array.from({ length: 8 }, (_, id): Record<string, unknown> => ({ id }))
        // back to itself or an ancestor only: shared values are duplicated, by design
        for (let i = 0; i < 7; i++) nodes[i]!['next'] = nodes[i + 1]
        for (const [from, name, by] of edges) nodes[from]![`up${name}`] = nodes[Math.max(0, from - by)]
        const { args, original } = travel([nodes[0]])
        return same([nodes[0]], args, original)
      }),
      { numRuns: 300, seed: 7 },
    )
  })

  it('scrub - any JSON as callbacks and links gives values or an error of ours, never anything else', () => {
    const path = fc.array(
      fc.oneof(fc.constantFrom('0', '1', 'a', 'length', '__proto__', 'then'), fc.nat(2)),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(
        fc.array(tree, { maxLength: 3 }),
        fc.array(path),
        fc.array(fc.record({ from: path, to: path })),
        (values, paths, links) => {
          const args = JSON.parse(JSON.stringify(scrub(values, to()).arguments)) as unknown[]
          const callbacks = Object.fromEntries(paths.map((p, i) => [i, p]))
          try {
            const message = readClassic({ method: 0, arguments: args, callbacks, links })
            if (message.type === 'call') unscrub(message.values, new Imports())
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^DS_(PROTOCOL|LIMIT)$/) as string })
          }
          expect(Object.keys(Object.prototype)).toEqual([])
          expect(([] as unknown[]).length).toBe(0)
        },
      ),
      { numRuns: 500, seed: 7 },
    )
  })
})
