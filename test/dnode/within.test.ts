/** Messages that are sent while another is being made: a getter or a `toJSON` may do anything. */
import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { closeBoth, two, type Two } from './pair.js'

const WAIT = { timeout: 30_000 }

async function all(stream: unknown): Promise<unknown[]> {
  const items: unknown[] = []
  for await (const item of stream as AsyncIterable<unknown>) items.push(item)
  return items
}

async function* count(to: number): AsyncGenerator<number> {
  for (let i = 0; i < to; i++) yield i
}

type Callback = (x: unknown) => unknown

/** A server that keeps what it was given, with what it read of streams. */
async function setUp(): Promise<Two & { kept: unknown[] }> {
  const kept: unknown[] = []
  const api = {
    read: async (stream: unknown, f: Callback) => f(await all(stream)),
    call: async (f: Callback) => f('called'),
    keep: (...args: unknown[]) => void kept.push(...args),
  }
  return { ...(await two(api)), kept }
}

describe('within - a message that is sent while another is made', () => {
  it('within - keeps its functions and streams where the outer one fails, which keeps none', async () => {
    const both = await setUp()
    const { client } = both
    let inner: unknown
    const [outer, mine] = [count(2), count(3)]
    const value = {
      a: () => 'outer',
      b: outer,
      get c(): never {
        // one that throws is read twice
        inner ??= client.call('read', [mine, (x: unknown) => ['inner', x]], WAIT)
        throw new Error('the getter fails')
      },
    }
    const before = client.references.exported
    expect(await client.call('keep', [value], WAIT)).toMatchObject({
      ok: false,
      error: { code: 'DS_UNSENDABLE' },
    })
    expect([client.references.exported - before, client.streams]).toEqual([1, 1])
    expect(await inner).toEqual({ ok: true, value: ['inner', [0, 1, 2]] })
    // it was not offered, and can be sent
    expect(await client.call('read', [outer, (x: unknown) => x], WAIT)).toEqual({ ok: true, value: [0, 1] })
    await closeBoth(both)
  })

  it('within - takes nothing from the outer one where it fails itself', async () => {
    const both = await setUp()
    const { client } = both
    let inner: unknown
    const value = {
      get first() {
        inner = client.call('keep', [() => 1, count(1), Symbol('none')], WAIT)
        return 1
      },
    }
    const outcome = client.call('read', [count(2), (x: unknown) => ['outer', x], value], WAIT)
    expect(await outcome).toEqual({ ok: true, value: ['outer', [0, 1]] })
    expect(await inner).toMatchObject({ ok: false, error: { code: 'DS_UNSENDABLE' } })
    expect(client.references.exported).toBe(1)
    await closeBoth(both)
  })

  it('within - may be nested further, each with its own', async () => {
    const both = await setUp()
    const { client } = both
    const answers: unknown[] = []
    const nested = (depth: number): object => ({
      get value() {
        if (depth === 0) throw new Error('enough')
        answers.push(
          client.call('call', [(x: unknown) => [depth, x], depth % 2 ? nested(depth - 1) : 1], WAIT),
        )
        answers.push(client.call('call', [(x: unknown) => [-depth, x]], WAIT))
        return depth > 2 ? nested(depth - 1) : 1
      },
    })
    await client.call('keep', [nested(4), Symbol('none')], WAIT)
    const outcomes = await Promise.all(answers)
    const values = outcomes.flatMap((outcome) => ((outcome as { ok: boolean }).ok ? [outcome] : []))
    expect(values.length).toBeGreaterThan(4)
    for (const { value } of values as { value: [number, string] }[]) expect(value[1]).toBe('called')
    expect(client.references.exported).toBe(values.length)
    await closeBoth(both)
  })

  it.each(['first', 'last'])(
    'within - where the session is ended meanwhile nothing is held: %s',
    async (where) => {
      const both = await setUp()
      const { client, server } = both
      const { signal } = new AbortController()
      const end = {
        get now() {
          client.destroy(new Error('enough'))
          return 1
        },
      }
      const held = [() => 1, signal, { f: () => 2 }]
      const outcome = client.call('keep', where === 'first' ? [end, ...held] : [...held, end], WAIT)
      expect(await outcome).toMatchObject({ ok: false })
      expect([client.references, client.streams]).toEqual([{ exported: 0, imported: 0 }, 0])
      expect(getEventListeners(signal, 'abort')).toEqual([])
      await server.closed
    },
  )
})
