/** `protocol()` beside npm's dnode-protocol 0.2.2: the same rows, events and tables, and no row that hurts. */
import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dnode, protocol as ours, type Proto } from '../../lib/dnode/index.js'

type Method = (...args: unknown[]) => void
type Row = Record<string, unknown>
type MakeProto = (cons?: unknown, opts?: object) => Proto

const require = createRequire(import.meta.url)
const theirs = createRequire(require.resolve('dnode'))('dnode-protocol') as MakeProto
const BOTH: readonly (readonly [string, MakeProto])[] = [
  ['the original', theirs],
  ['ours', ours as MakeProto],
]

/** What a program prints must be the same with both. */
function same(program: (make: MakeProto) => unknown): unknown {
  const [expected, actual] = BOTH.map(([, make]) => program(make))
  expect(actual).toEqual(expected)
  return actual
}

const clone = (row: unknown): Row => JSON.parse(JSON.stringify(row)) as Row

/** Two that hand each other their rows, and the rows as JSON. */
function joined(s: Proto, c: Proto): { s: Row[]; c: Row[] } {
  const rows: { s: Row[]; c: Row[] } = { s: [], c: [] }
  s.on('request', (row) => {
    rows.s.push(clone(row))
    c.handle(row)
  })
  c.on('request', (row) => {
    rows.c.push(clone(row))
    s.handle(row)
  })
  return rows
}

/** Everything that an emitter told, the constructors' events included. */
function watch(proto: EventEmitter): string[] {
  const told: string[] = []
  for (const event of ['remote', 'ready', 'fail', 'error']) {
    proto.on(event, (value?: unknown) =>
      told.push(value instanceof Error ? `${event} ${value.message}` : event),
    )
  }
  return told
}

describe('protocol - as the original', () => {
  it('protocol - everything is done when a call returns, and the rows are the same', () => {
    const rows = same((make) => {
      const answers: unknown[] = []
      const s = make({ x: (f: Method, g: Method) => (f(7, 8, 9), g(['q', 'r'])), y: 555, z: { w: () => 1 } })
      const c = make({ a: 1 })
      const rows = joined(s, c)
      const told = watch(c)
      s.start()
      answers.push(Object.keys(c.remote))
      c.start()
      c.request('x', [(...args: unknown[]) => answers.push(args), (...args: unknown[]) => answers.push(args)])
      const remote = c.remote as Record<string, Method>
      const twice = (...args: unknown[]): unknown => answers.push(args)
      remote['x']?.(twice, twice)
      remote['x']?.(twice, () => undefined)
      return { rows, answers, told, result: remote['x']?.(twice, twice) }
    }) as { rows: { c: Row[] } }
    expect(rows.rows.c[1]).toEqual({
      method: 'x',
      arguments: ['[Function]', '[Function]'],
      callbacks: { 0: ['0'], 1: ['1'] },
      links: [],
    })
  })

  it('protocol - a constructor is really constructed, with the remote and the protocol', () => {
    same((make) => {
      const seen: unknown[] = []
      function Api(this: Row, remote: Row, conn: Proto): void {
        seen.push(this instanceof Api, Object.keys(remote))
        conn.on('ready', () => seen.push(clone(remote), remote === conn.remote))
        this['n'] = 1
      }
      const s = make(Api)
      const c = make({ a: 1, b: 2 })
      joined(s, c)
      c.start()
      const own = { own: true }
      return [seen, s.instance, make(own).instance === own]
    })
  })

  it('protocol - a constructor that returns an object serves that', () => {
    same(
      (make) =>
        make(function () {
          return { a: 1 }
        }).instance,
    )
  })

  it('protocol - calls of what is not there are fails with the same words', () => {
    const told = same((make) => {
      const s = make({ f: () => 1 })
      const told = watch(s)
      s.start()
      s.handle({ method: 7 })
      s.handle({ method: 'nope', arguments: [] })
      s.handle({ method: 'toString' })
      s.handle({ method: 'f' })
      return told
    })
    expect(told).toEqual([
      'fail no such method',
      'fail request for non-enumerable method: nope',
      'fail request for non-enumerable method: toString',
    ])
  })

  it('protocol - methods are found by name as they are now, before the start and after it', () => {
    same((make) => {
      const seen: string[] = []
      const api: Record<string, Method> = { a: () => seen.push('a') }
      const s = make(api)
      s.handle({ method: 'a' })
      s.start()
      api['b'] = () => seen.push('b')
      s.handle({ method: 'b' })
      return seen
    })
  })

  it('protocol - what a function throws is the error event, and without a listener it is thrown', () => {
    for (const [, make] of BOTH) {
      const thrown = new Error('a bug')
      const s = make({
        bad: () => {
          throw thrown
        },
      })
      expect(() => s.handle({ method: 'bad' })).toThrow(thrown)
      const heard: unknown[] = []
      s.on('error', (error) => heard.push(error))
      s.handle({ method: 'bad' })
      expect(heard).toEqual([thrown])
    }
  })

  it('protocol - wrap makes what is kept, and unwrap the function of it when its number comes again', () => {
    same((make) => {
      const log: unknown[] = []
      const opts = {
        wrap(this: Proto, run: Method, id: number) {
          log.push(['wrap', id, typeof run, this === s])
          return { run, id }
        },
        unwrap(this: Proto, ref: { run: Method; id: number }, id: number) {
          log.push(['unwrap', id, ref.id === id, this === s])
          return ref.run
        },
      }
      const s: Proto = make({ x: (f: Method) => f('called') }, opts)
      const c = make()
      joined(s, c)
      s.start()
      const f = (...args: unknown[]): unknown => log.push(args)
      c.request('x', [f])
      c.request('x', [f])
      log.push((s.callbacks.remote[0] as { id: number }).id)
      return log
    })
  })

  it('protocol - without an unwrap what wrap made is used as it is', () => {
    same((make) => {
      let wrapped = 0
      const s = make({ x: (f: Method) => f() }, { wrap: (run: Method) => (wrapped++, run) })
      const c = make()
      joined(s, c)
      let called = 0
      const f = (): unknown => called++
      for (let i = 0; i < 3; i++) c.request('x', [f])
      return [wrapped, called]
    })
  })

  it('protocol - a cull forgets a function here and there, and its table shows it', () => {
    same((make) => {
      const s = make({ keep: (f: Method) => f() })
      const c = make()
      const rows = joined(s, c)
      const told = watch(c)
      s.start()
      const f = (): undefined => undefined
      c.request('keep', [f])
      const before = [c.callbacks.local[0] === f, typeof s.callbacks.remote[0], c.callbacks.local.length]
      s.cull(0)
      s.request(0, [])
      return [rows, told, before, typeof c.callbacks.local[0], typeof s.callbacks.remote[0]]
    })
  })

  it('protocol - a program may delete a function from the table', () => {
    same((make) => {
      const s = make()
      const called: number[] = []
      s.request('x', [() => called.push(0), () => called.push(1)])
      Reflect.deleteProperty(s.callbacks.local, 0)
      const told = watch(s)
      s.handle({ method: 0 })
      s.handle({ method: 1 })
      return [called, told, Object.keys(s.callbacks.local), s.callbacks.local.length, 0 in s.callbacks.local]
    })
  })

  it('protocol - a later methods row replaces the remote in place', () => {
    same((make) => {
      const s = make()
      const { remote } = s
      s.handle({ method: 'methods', arguments: [{ a: 1 }] })
      s.handle({ method: 'methods', arguments: [{ b: '[Function]' }], callbacks: { 3: ['0', 'b'] } })
      return [remote === s.remote, Object.keys(remote), typeof remote['b']]
    })
  })

  it('protocol - rows of any values are those of the original', () => {
    const f = (): undefined => undefined
    const g = (): undefined => undefined
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.double(),
        fc.boolean(),
        fc.constantFrom<unknown>(null, undefined, f, g, new Date(0)),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c d', '0', 'é'), tie('value'), {
          maxKeys: 4,
          noNullPrototype: true,
        }),
      ),
    }))
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { maxLength: 4 }), { maxLength: 4 }),
        fc.boolean(),
        (calls, isRing) => {
          same((make) => {
            const rows: string[] = []
            const s = make()
            s.on('request', (row) => rows.push(JSON.stringify(row)))
            for (const args of calls) {
              const ring: unknown[] = [...args]
              if (isRing) ring.push({ ring })
              s.request('x', [ring])
            }
            return rows
          })
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('protocol - where the original falls', () => {
  const KILLERS: Record<string, unknown> = {
    'a row that is null': null,
    'a method that is no function': { method: 'n', arguments: [] },
    'methods of null': { method: 'methods', arguments: [null] },
    'a link of null': { method: 'f', links: [null] },
    'a callback of null': { method: 'f', callbacks: { 0: null } },
    'arguments of text': { method: 'f', arguments: 'x' },
    'a path through a prototype': { method: 'f', arguments: [{}], callbacks: { 0: ['0', '__proto__', 'x'] } },
    'a bomb of links': {
      method: 'f',
      arguments: [Array.from({ length: 40 }, () => ({ l: 0, r: 0 }))],
      links: Array.from({ length: 78 }, (_, i) => ({
        from: [0, i >> 1],
        to: [0, (i >> 1) + 1, i % 2 ? 'l' : 'r'],
      })),
    },
  }

  for (const [name, row] of Object.entries(KILLERS)) {
    it(`protocol - ${name} is a fail, and the next call is made`, () => {
      let called = 0
      const s = ours({ n: 5, f: () => called++ })
      const told: unknown[] = []
      s.on('fail', (error) => told.push((error as { code: string }).code))
      s.start()
      s.handle(row)
      expect(told).toEqual([expect.stringMatching(/^DS_(PROTOCOL|LIMIT|NO_METHOD)$/)])
      expect(called).toBe(0)
      s.handle({ method: 'f', arguments: [] })
      expect(called).toBe(1)
    })
  }

  it('protocol - a method that calls the callback that it was not given is an error event', () => {
    const s = ours({ f: (cb: Method) => cb(1) })
    const heard: unknown[] = []
    s.on('error', (error) => heard.push((error as Error).name))
    s.handle({ method: 'f', arguments: [] })
    expect(heard).toEqual(['TypeError'])
  })

  it('protocol - a promise that a method returned and that rejects is an error event', async () => {
    const s = ours({ f: () => Promise.reject(new Error('later')) })
    const heard = new Promise((resolve) => s.on('error', resolve))
    s.handle({ method: 'f' })
    expect(await heard).toMatchObject({ message: 'later' })
  })

  it('protocol - what cannot travel is refused where it is sent, and nothing is kept of it', () => {
    const s = ours()
    const rows: unknown[] = []
    s.on('request', (row) => rows.push(row))
    expect(() => s.request(0, [() => 1, { big: 1n }])).toThrow('arguments[1].big cannot travel')
    expect([rows, s.callbacks.local.length, Object.keys(s.callbacks.local)]).toEqual([[], 0, []])
  })

  it('protocol - it is a property of the function that require gives', () => {
    expect(dnode.protocol).toBe(ours)
    expect(dnode.dnode).toBe(dnode)
  })
})
