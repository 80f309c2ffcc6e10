/** Arguments and answers are checked where the method is, and the contract says by what. */
import { promisify } from 'node:util'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { afterEach, beforeEach, describe as suite, expect, it } from 'vitest'
import { z } from 'zod'
import dnode from '../../lib/dnode/index.js'
import { contracts, context, dservice, method, pipeline, type Logger } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

/** A handle of a service with this api. */
async function serving<A extends object>(api: A, more: Parameters<TestMesh['service']>[3] = {}) {
  const service = mesh.service('d1@1.0.0', api, 'd1', more)
  await mesh.until(service.start())
  return mesh.until(mesh.client().dnodeFor<A>('d1'))
}

const rejected = (promise: Promise<unknown>): Promise<unknown> =>
  mesh.until(
    promise.then(
      () => null,
      (error: unknown) => error,
    ),
  )

const slow = <S extends z.ZodType>(schema: S): S => schema.refine(() => Promise.resolve(true)) as S

suite('arguments - they are checked by schemas of any library', () => {
  const order = (given: { total: number; currency: string }): string => `${given.total} ${given.currency}`
  it.each([
    [
      'zod',
      method(order, { input: z.object({ total: z.coerce.number(), currency: z.string().default('EUR') }) }),
    ],
    [
      'valibot',
      method(order, {
        input: v.object({
          total: v.pipe(v.unknown(), v.transform(Number), v.number()),
          currency: v.optional(v.string(), 'EUR'),
        }),
      }),
    ],
    [
      'arktype',
      method(order, { input: type({ total: 'number | string.numeric.parse', currency: "string = 'EUR'" }) }),
    ],
    [
      'a slow one',
      method(order, {
        input: slow(z.object({ total: z.coerce.number(), currency: z.string().default('EUR') })),
      }),
    ],
  ])('%s: the method gets what the schema gives back', async (_, place) => {
    const d1 = await serving({ deep: { place } })
    expect(await mesh.until(d1.deep.place({ total: '3' } as never))).toBe('3 EUR')
    expect(await rejected(d1.deep.place({ total: 'x' } as never))).toMatchObject({
      name: 'DServiceError',
      code: 'DS_INVALID',
      ran: 'no',
      details: { issues: [{ path: 'arguments[0].total', message: expect.any(String) }] },
    })
  })

  it('the error names the path, and nothing has run', async () => {
    let ran = 0
    const count = (): number => ++ran
    const place = method(count as (name: string, all: { 'a b': number[] }) => number, {
      input: [z.string(), z.object({ 'a b': z.array(z.number()) })],
    })
    const d1 = await serving({ place })
    const error = await rejected(d1.place(1 as never, { 'a b': [1, 'x'] } as never))
    expect(error).toMatchObject({
      summary:
        'the arguments of the method do not fit: arguments[0]: Invalid input: expected string, received number; arguments[1]["a b"][1]: Invalid input: expected number, received string',
    })
    expect(ran).toBe(0)
  })

  it('many and long issues are told in few words', async () => {
    const hostile = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${'k'.repeat(500)}${i}`, 1]))
    const d1 = await serving({ put: method((_x: object) => 1, { input: z.record(z.string(), z.string()) }) })
    const error = (await rejected(d1.put(hostile))) as Error & { details: { issues: unknown[] } }
    expect(error.message.length).toBeLessThan(2_000)
    expect(error.message).toContain('and 497 more')
    expect(error.details.issues).toHaveLength(20)
  })

  it('what is missing is undefined to its schema; what is too much is refused', async () => {
    const seen: unknown[][] = []
    const see = (...args: unknown[]): void => void seen.push(args)
    const d1 = await serving({
      note: method(see as (a: string, b?: number, c?: number) => void, {
        input: [z.string().default('x'), z.number().optional(), z.number().optional()],
      }),
      add: method((a: number, b: number) => a + b, { input: [z.number(), z.number().default(2)] }),
    })
    const note = d1.note as (...args: unknown[]) => Promise<void>
    await mesh.until(note())
    await mesh.until(note('a'))
    await mesh.until(note('a', 1))
    expect(seen).toEqual([['x'], ['a'], ['a', 1]])
    expect(await mesh.until((d1.add as (a: number) => Promise<number>)(1))).toBe(3)
    expect(await rejected(note('a', 1, 2, 3))).toMatchObject({
      code: 'DS_INVALID',
      ran: 'no',
      summary: '4 arguments came, and the method takes 3',
    })
    expect(seen).toHaveLength(3)
  })

  it('a method that is called here is checked as well, and this, name and length are those of the function', () => {
    const api = {
      by: 2,
      times: method(
        function times(this: { by: number }, n: number) {
          return n * this.by
        },
        { input: z.number() },
      ),
    }
    expect(api.times(2)).toBe(4)
    expect(() => api.times('2' as never)).toThrow(expect.objectContaining({ code: 'DS_INVALID', ran: 'no' }))
    expect([api.times.name, api.times.length]).toEqual(['times', 1])
  })

  it('what is no schema is refused at once', () => {
    for (const input of [1, {}, [null], 'string', [z.string(), undefined]]) {
      expect(() => method((_x: string) => 1, { input: input as never })).toThrow(/no Standard Schema/)
    }
  })

  it('a schema that throws is an error of the call, and nothing has run', async () => {
    const wrong = z.string().refine(() => {
      throw new RangeError('no')
    })
    const d1 = await serving({ put: method((_x: string) => 1, { input: wrong }) })
    expect(await rejected(d1.put('x'))).toMatchObject({ name: 'RangeError', ran: 'no' })
  })
})

it('arguments - a promise of another make is waited for, and is no result', async () => {
  const later: PromiseLike<{ issues: { message: string }[] }> = {
    then: (done) => Promise.resolve({ issues: [{ message: 'never fits' }] }).then(done),
  }
  const never = { '~standard': { version: 1, vendor: 'test', validate: () => later } } as never
  let ran = 0
  const handle = await serving({
    taken: method((x: unknown) => [x, ++ran], { input: never }),
    given: method(() => 1, { output: never }),
  })
  expect(await rejected(handle.taken(1))).toMatchObject({ code: 'DS_INVALID', ran: 'no' })
  expect(await rejected(handle.given())).toMatchObject({ code: 'DS_INVALID', ran: 'yes' })
  expect(ran).toBe(0)
  const [found] = await mesh.until(contracts(handle))
  expect(found?.contract?.methods['taken']).toEqual({ input: [{}] })
})

suite('arguments - whether the method ran', () => {
  const add = method((a: number, b: number) => a + b, { input: [z.number(), z.number()] })

  it('an error of a method that calls a checked one is its own, and it ran', async () => {
    const api = {
      add,
      indirect: (a: number): number => add(a, 'x' as never),
      again: method((a: number): number => (a > 0 ? api.again('x' as never) : a), { input: z.number() }),
    }
    const d1 = await serving(api)
    expect(await rejected(d1.add(1, 'x' as never))).toMatchObject({ code: 'DS_INVALID', ran: 'no' })
    expect(await rejected(d1.indirect(1))).toMatchObject({ code: 'DS_INVALID', ran: 'yes' })
    expect(await rejected(d1.again(1))).toMatchObject({ code: 'DS_INVALID', ran: 'yes' })
  })

  it('so does a hook around it say, and the step of a pipeline', async () => {
    const hooks = [{ serve: (_call: object, next: () => Promise<unknown>) => next() }]
    const d1 = await serving({ add, both: () => ({ add }) }, { hooks })
    expect(await rejected(d1.add(1, 'x' as never))).toMatchObject({ code: 'DS_INVALID', ran: 'no' })
    const piped = pipeline(d1, (r) => r.both().add(1, 'x' as never))
    expect(await rejected(piped)).toMatchObject({ code: 'DS_INVALID', ran: 'yes' })
  })

  it('the context of the call is there, also behind a schema that waits', async () => {
    const who = (_x: string): string | undefined => context()?.method
    const d1 = await serving({ who: method(who, { input: slow(z.string()) }) })
    expect(await mesh.until(d1.who('x'))).toBe('who')
  })
})

suite('callbacks - they are nobody’s argument', () => {
  const upper = (s: string, times: number | undefined, cb: (error: null, s: string) => void): void =>
    cb(null, s.toUpperCase().repeat(times ?? 1))
  const answer = (s: string, times = 1): string => s.repeat(times)
  const schemas = { input: [z.string(), z.number().optional()] } as const
  const late = { input: [slow(z.string()), z.number().optional()] } as const
  const api = {
    upper: method(upper, schemas as never),
    upperLate: method(upper, late as never),
    answer: method(answer, schemas as never),
    answerLate: method(answer, late as never),
    watch: method((on: (n: number) => void) => on(1), {
      input: z.custom<(n: number) => void>((f) => typeof f === 'function'),
    }),
  }

  it.each(['upper', 'upperLate'] as const)('%s through promisify', async (name) => {
    const d1 = (await serving(api)) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    const call = promisify(d1[name]!) as unknown as (...args: unknown[]) => Promise<unknown>
    expect(await mesh.until(call('a'))).toBe('A')
    expect(await mesh.until(call('a', 2))).toBe('AA')
    expect(await rejected(call('a', 'x'))).toMatchObject({ code: 'DS_INVALID', ran: 'no' })
    expect(await rejected(call('a', 2, 3))).toMatchObject({ code: 'DS_INVALID', ran: 'no' })
  })

  it.each(['upper', 'upperLate', 'answer', 'answerLate'] as const)('%s of a classic caller', async (name) => {
    await serving(api)
    const said: unknown[][] = []
    mesh.client().dnodeFor<Record<string, (...args: unknown[]) => void>>('d1', (_error, remote) => {
      for (const args of [['a'], ['a', 2], [1]])
        remote[name]?.(...args, (...results: unknown[]) => said.push(results))
    })
    await mesh.advance(1_000)
    const text = name.startsWith('upper') ? 'A' : 'a'
    expect(said).toHaveLength(3)
    expect(said).toContainEqual([null, text])
    expect(said).toContainEqual([null, text.repeat(2)])
    expect(said).toContainEqual([expect.objectContaining({ code: 'DS_INVALID' })])
  })

  it.each([schemas, late])('one that answers later is not answered before', async (input) => {
    const later = (s: string, _times: number | undefined, cb: (error: null, s: string) => void): void =>
      void mesh.clock.after(100, () => cb(null, s))
    await serving({ later: method(later, { ...input, output: z.string() } as never) })
    const said: unknown[][] = []
    mesh.client().dnodeFor<Record<string, (...args: unknown[]) => void>>('d1', (_error, remote) => {
      remote['later']?.('a', (...results: unknown[]) => said.push(results))
    })
    await mesh.advance(1_000)
    expect(said).toEqual([[null, 'a']])
  })

  it('a function that its schema takes is an argument', async () => {
    const d1 = await serving(api)
    const said: number[] = []
    await mesh.until(d1.watch((n) => void said.push(n)))
    await mesh.settle()
    expect(said).toEqual([1])
    expect(await rejected(d1.watch(1 as never))).toMatchObject({ code: 'DS_INVALID' })
  })
})

suite('answers - they are checked too', () => {
  it('callers get what the schema gives back', async () => {
    const User = z.object({ name: z.string() })
    const find = (): Promise<{ name: string }> =>
      Promise.resolve({ name: 'Ada', password: 'x' } as { name: string })
    const d1 = await serving({ find: method(find, { output: User }) })
    expect(await mesh.until(d1.find())).toEqual({ name: 'Ada' })
  })

  it('one that does not fit is the error of the service: it ran, and the logger is told', async () => {
    const told: unknown[] = []
    const logger = { debug() {}, info() {}, warn() {}, error: (...args: unknown[]) => void told.push(args) }
    const d1 = await serving(
      { bad: method((() => 'x') as unknown as () => number, { output: z.number() }) },
      { logger: logger as Logger },
    )
    expect(await rejected(d1.bad())).toMatchObject({
      code: 'DS_INVALID',
      ran: 'yes',
      details: { issues: [{ path: 'answer' }] },
    })
    expect(told).toEqual([[expect.objectContaining({ method: 'bad' }), 'a method broke its contract']])
  })

  it('streams go as they are', async () => {
    async function* ticks(): AsyncGenerator<number> {
      yield await Promise.resolve(1)
    }
    const d1 = await serving({ ticks: method(ticks, { output: z.string() as never }) })
    const stream = (await mesh.until(d1.ticks())) as AsyncIterable<number>
    const items: number[] = []
    await mesh.until(
      (async () => {
        for await (const item of stream) items.push(item)
      })(),
    )
    expect(items).toEqual([1])
  })
})

suite('the contract - it has the schemas as JSON Schema', () => {
  const one = (given: { total: number }): { total: number } => given
  const input = [{ type: 'object', properties: { total: { type: 'number' } }, required: ['total'] }]

  it.each([
    ['zod', z.object({ total: z.number() })],
    ['arktype', type({ total: 'number' })],
    ['valibot', toStandardJsonSchema(v.object({ total: v.number() }))],
  ])('of %s', async (_, schema) => {
    const d1 = await serving({ one: method(one, { input: schema, output: schema, description: 'One.' }) })
    const [found] = await mesh.until(contracts(d1))
    expect(found?.contract?.methods['one']).toMatchObject({ description: 'One.', input, output: input[0] })
    expect(JSON.stringify(found?.contract)).not.toContain('$schema')
  })

  it('what tells none, throws, or tells too much is anything, and the others are told', async () => {
    let deep: z.ZodType = z.string()
    for (let i = 0; i < 40; i++) deep = z.array(deep)
    const d1 = await serving({
      plain: method((_x: string) => 1, { input: v.string() }),
      date: method((_x: Date) => 1, { input: z.date() }),
      deep: method((_x: unknown) => 1, { input: deep }),
      text: method((_x: string) => 1, { input: z.string() }),
    })
    const [found] = await mesh.until(contracts(d1))
    const methods = found?.contract?.methods
    expect(methods).toEqual({
      plain: { input: [{}] },
      date: { input: [{}] },
      deep: { input: [{}] },
      text: { input: [{ type: 'string' }] },
    })
    expect(await rejected(d1.plain(1 as never))).toMatchObject({ code: 'DS_INVALID' })
  })

  it('an argument that may be left out says so, whether its schema tells of itself or not', async () => {
    const late = {
      '~standard': { version: 1, vendor: 'x', validate: () => Promise.reject(new Error('not now')) },
    } as const
    const d1 = await serving({
      zod: method((_x: string, _y?: number, _z?: number) => 1, {
        input: [z.string(), z.number().default(2), z.number().optional()],
      }),
      valibot: method((_x?: string) => 1, { input: v.optional(v.string()) }),
      any: method((_x: unknown) => 1, { input: z.unknown() }),
      careless: method((_x: string) => 1, { input: z.any().refine((x: { y: 1 }) => x.y) }),
      late: method((_x: unknown) => 1, { input: late as never }),
    })
    const [found] = await mesh.until(contracts(d1))
    const optional = true
    expect(found?.contract?.methods).toEqual({
      zod: {
        input: [{ type: 'string' }, { type: 'number', default: 2, optional }, { type: 'number', optional }],
      },
      valibot: { input: [{ optional }] },
      any: { input: [{ optional }] },
      careless: { input: [{}] },
      late: { input: [{}] },
    })
  })

  it('an argument that may be left out is optional', async () => {
    const d1 = await serving({
      a: method((a: string, b?: number, c?: number) => [a, b, c], {
        input: [z.string(), z.number().optional(), z.number().default(1)],
      }),
      b: method((a?: string) => a, { input: v.optional(v.string()) }),
      c: method((a: unknown) => a, { input: slow(z.unknown()) }),
    })
    const [found] = await mesh.until(contracts(d1))
    const number = { type: 'number', optional: true }
    expect(found?.contract?.methods).toEqual({
      a: { input: [{ type: 'string' }, number, { ...number, default: 1 }] },
      b: { input: [{ optional: true }] },
      c: { input: [{}] },
    })
  })

  it('where all schemas together are too large it has names alone, and the logger is told', async () => {
    const told: unknown[] = []
    const logger = { debug() {}, info() {}, error() {}, warn: (...args: unknown[]) => void told.push(args) }
    const large = z.enum(Array.from({ length: 5_000 }, (_, i) => `${i}`) as [string, ...string[]])
    const api = Object.fromEntries(
      Array.from({ length: 9 }, (_, i) => [`m${i}`, method((_x: string) => 1, { input: large })]),
    )
    const d1 = await serving(api, { logger: logger as Logger })
    const [found] = await mesh.until(contracts(d1))
    expect(found?.contract).toEqual({
      methods: Object.fromEntries(Object.keys(api).map((name) => [name, {}])),
    })
    expect(told).toHaveLength(1)
  })
})

it('a program that speaks plain dnode is checked as well, with its callback in last place', async () => {
  const service = dservice(
    'd1@1.0.0',
    { up: method((s: string) => s.toUpperCase(), { input: z.string() }) },
    { engine: 'memory:' },
  )
  await service.start()
  const port = Number(service.address?.split(':').at(-1))
  const said = await new Promise<unknown[]>((resolve) => {
    const all: unknown[] = []
    const d = dnode.connect(port).on('remote', (remote: Record<string, (...args: unknown[]) => void>) => {
      const note = (...results: unknown[]): void => {
        all.push(results)
        if (all.length < 2) return
        d.end()
        resolve(all)
      }
      remote['up']?.('a', note)
      remote['up']?.(1, note)
    })
  })
  expect(said).toContainEqual([null, 'A'])
  expect(said).toContainEqual([expect.objectContaining({ code: 'DS_INVALID' })])
  await service.stop()
})
