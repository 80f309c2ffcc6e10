/** What stays where it is while others use it: functions, streams and signals of two whole sessions, and how each ends. */
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import type { Stub } from '../../lib/dnode/refs/stub.js'
import { closeBoth, two, valueOf, type Two } from './pair.js'
import { collectGarbage, turns } from './streams/pair.js'

const WAIT = { timeout: 30_000 }

type Method = (...args: unknown[]) => Promise<unknown>
type Failed = Error & { code?: string; ran?: string }

async function call<T>({ client }: Two, method: string, ...args: unknown[]): Promise<T> {
  return valueOf(await client.call(method, args, WAIT)) as T
}

async function failed(promise: PromiseLike<unknown>): Promise<Failed> {
  try {
    await promise
  } catch (error) {
    return error as Failed
  }
  throw new Error('it succeeded')
}

/** Both sides are held by nobody any more, the methods of their apis apart; in the end not by these either. */
async function expectEmpty(pair: Two, methods: number): Promise<void> {
  const { client, server } = pair
  await collectGarbage()
  await pair.clock.settle()
  const counts = [client, server].map(({ references, streams, pending, running }) => ({
    ...references,
    streams,
    pending,
    running,
  }))
  const none = { exported: 0, imported: 0, streams: 0, pending: 0, running: 0 }
  expect(counts).toEqual([
    { ...none, imported: methods },
    { ...none, exported: methods },
  ])
  await closeBoth(pair)
}

describe('live - functions', () => {
  it('live - an awaited callback brings what it returned, resolved to, threw, or rejected with', async () => {
    const run = async (f: Method, x: unknown): Promise<unknown> => {
      try {
        return await f(x)
      } catch (error) {
        const { name, message, code, ran } = error as Failed
        return [name, message, code, ran, error instanceof Error]
      }
    }
    const pair = await two({ run })
    expect(await call(pair, 'run', (x: number) => x + 1, 1)).toBe(2)
    expect(await call(pair, 'run', async (x: Set<number>) => [...x], new Set([1]))).toEqual([1])
    expect(await call(pair, 'run', () => undefined)).toBe(undefined)
    const thrown = Object.assign(new RangeError('mine'), { code: 'E_MINE' })
    const seen = ['RangeError', 'mine', 'E_MINE', 'yes', true]
    expect(
      await call(pair, 'run', () => {
        throw thrown
      }),
    ).toEqual(seen)
    expect(await call(pair, 'run', () => Promise.reject(thrown))).toEqual(seen)
    expect(await call(pair, 'run', () => Symbol('s'))).toMatchObject({ 2: 'DS_UNSENDABLE', 3: 'yes' })
    await expectEmpty(pair, 1)
  })

  it('live - functions call functions, in either direction and in turn', async () => {
    const pair = await two({
      start: (f: Method) =>
        f(
          (x: number) => x * 2,
          (g: Method) => g(5),
        ),
    })
    const back = async (double: Method, apply: Method): Promise<unknown> => [
      await double(4),
      await apply((n: number) => n + 1),
    ]
    expect(await call(pair, 'start', back)).toEqual([8, 6])
    await expectEmpty(pair, 1)
  })

  it('live - who awaits its callback goes no faster than that', async () => {
    let sent = 0
    const pair = await two({
      feed: async (f: Method) => {
        for (; sent < 100; sent++) await f(sent)
      },
    })
    const waiting: (() => void)[] = []
    const feeding = call(pair, 'feed', () => new Promise<void>((resolve) => waiting.push(resolve)))
    for (let i = 0; i < 5; i++) {
      await pair.clock.settle()
      expect([waiting.length, sent]).toEqual([1, i])
      waiting.shift()?.()
    }
    void (async () => {
      while (sent < 100) {
        await pair.clock.settle()
        waiting.shift()?.()
      }
    })()
    await feeding
    expect(sent).toBe(100)
    await expectEmpty(pair, 1)
  })

  it('live - a function is the same each time it comes, and itself when it comes home', async () => {
    const kept: unknown[] = []
    const pair = await two({
      keep: (f: unknown, { g }: { g: unknown }) => (kept.push(f, g), [f === g, f]),
      own: () => own,
      isOwn: (f: unknown) => f === own,
    })
    const own = (): string => 'own'
    const mine = (): number => 1
    const [isSame, home] = await call<unknown[]>(pair, 'keep', mine, { g: mine })
    expect([isSame, home === mine]).toEqual([true, true])
    await call(pair, 'keep', mine, { g: null })
    expect(kept[2]).toBe(kept[0])
    const theirs = await call(pair, 'own')
    expect(await call(pair, 'own')).toBe(theirs)
    expect(await call(pair, 'isOwn', theirs)).toBe(true)
    kept.length = 0
    await call(pair, 'isOwn', null)
    await closeBoth(pair)
  })

  it('live - what is disposed of is forgotten at once, and says so', async () => {
    let kept: Stub | null = null
    const pair = await two({ keep: (f: Stub) => void (kept = f), again: () => kept })
    const mine = (): number => 1
    await call(pair, 'keep', mine)
    expect(pair.client.references.exported).toBe(1)
    const stub = kept as unknown as Stub
    stub[Symbol.dispose]()
    stub[Symbol.dispose]()
    await pair.clock.settle()
    expect(pair.client.references.exported).toBe(0)
    expect(await failed(stub(1))).toMatchObject({ code: 'DS_REF_GONE', ran: 'no' })
    // sent again it is another one, which works
    await call(pair, 'keep', mine)
    expect(await (kept as unknown as Stub)()).toBe(1)
    kept = null
    await expectEmpty(pair, 2)
  })

  it('live - thousands that nobody keeps are gone on both sides when garbage was collected', async () => {
    let sum = 0
    const pair = await two({
      each: async (fs: Method[]) => {
        for (const f of fs) await f(1)
        return fs
      },
    })
    for (let i = 0; i < 5; i++) {
      const sent = Array.from({ length: 1_000 }, () => (n: number) => void (sum += n))
      expect(await call(pair, 'each', sent)).toEqual(sent)
    }
    expect(sum).toBe(5_000)
    await expectEmpty(pair, 1)
  })

  it('live - the end of the session fails the calls that wait, and those that come', async () => {
    let kept: Method = () => Promise.resolve()
    const pair = await two({ keep: (f: Method) => void (kept = f) })
    await call(pair, 'keep', () => new Promise(() => undefined))
    const waits = failed(kept(1))
    await pair.clock.settle()
    const unsent = failed(kept(2))
    pair.client.destroy(new Error('cut'))
    expect(await waits).toMatchObject({ code: 'DS_DISCONNECTED', ran: 'maybe' })
    expect(await unsent).toMatchObject({ code: 'DS_DISCONNECTED' })
    await pair.clock.settle()
    expect(await failed(kept(3))).toMatchObject({ code: 'DS_REF_GONE', ran: 'no' })
    await closeBoth(pair)
  })

  it('live - a callback has the deadline and the end of the call that it is made in', async () => {
    const pair = await two({ ask: (f: Method) => f() })
    const asking = pair.client.call('ask', [() => new Promise(() => undefined)], { timeout: 100 })
    await pair.clock.settle()
    await pair.clock.advance(100)
    expect(await asking).toMatchObject({ ok: false, error: { code: 'DS_TIMEOUT' } })
    await pair.clock.settle()
    expect([pair.server.pending, pair.server.running]).toEqual([0, 0])
    await closeBoth(pair)
  })
})

async function* count(from: number, to: number, ended?: () => void): AsyncGenerator<number> {
  try {
    for (let i = from; i < to; i++) yield i
  } finally {
    ended?.()
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

const FORMS: Record<string, () => AsyncIterable<number>> = {
  'an async generator': () => count(0, 3),
  'a Readable': () => Readable.from([0, 1, 2]),
  'a ReadableStream': () =>
    new ReadableStream({
      start(controller) {
        for (const n of [0, 1, 2]) controller.enqueue(n)
        controller.close()
      },
    }) as AsyncIterable<number>,
}

describe('live - streams', () => {
  it.each(Object.entries(FORMS))('live - %s deep in an argument and in a result', async (_name, make) => {
    const pair = await two({
      mirror: async ({ deep: [stream] }: { deep: AsyncIterable<number>[] }) => {
        const items = stream ? await all(stream) : []
        return { items, again: new Map([['stream', make()]]) }
      },
    })
    const { items, again } = await call<{ items: number[]; again: Map<string, AsyncIterable<number>> }>(
      pair,
      'mirror',
      { deep: [make()] },
    )
    expect(items).toEqual([0, 1, 2])
    const back = again.get('stream') as AsyncIterable<number>
    expect(back.constructor.name).toContain(make().constructor.name.replace('AsyncGenerator', ''))
    expect(await all(back)).toEqual([0, 1, 2])
    again.clear()
    await expectEmpty(pair, 1)
  })

  it('live - a reader that stops early lets the producer end, whichever side it is on', async () => {
    const ended: string[] = []
    const pair = await two({
      endless: () => count(0, 1e9, () => ended.push('server')),
      some: async (stream: AsyncIterable<number>) => {
        for await (const n of stream) if (n === 3) return n
        return -1
      },
    })
    for await (const n of await call<AsyncIterable<number>>(pair, 'endless')) if (n === 1_000) break
    expect(
      await call(
        pair,
        'some',
        count(0, 1e9, () => ended.push('client')),
      ),
    ).toBe(3)
    await turns()
    expect(ended.toSorted()).toEqual(['client', 'server'])
    await expectEmpty(pair, 2)
  })

  it('live - one that nobody reads is stopped when it was dropped', async () => {
    let ended = 0
    const pair = await two({
      dropped: () => {
        const source = count(0, 10, () => ended++)
        void source.next()
        return { source }
      },
    })
    await call(pair, 'dropped')
    await collectGarbage()
    await turns()
    expect(ended).toBe(1)
    await expectEmpty(pair, 1)
  })

  it('live - bytes through a stream, slowly read: calls go on, and little is sent ahead', async () => {
    let made = 0
    const pair = await two({
      bytes: async function* () {
        for (; made < 200; made++) yield Buffer.alloc(64 * 1024, made)
      },
      echo: (x: unknown) => x,
    })
    let n = 0
    for await (const piece of await call<AsyncIterable<Buffer>>(pair, 'bytes')) {
      expect([piece.length, piece[0]]).toEqual([64 * 1024, n++])
      if (n % 20 === 0) expect(await call(pair, 'echo', n)).toBe(n)
      expect(made - n).toBeLessThanOrEqual((2 * LIMITS.window) / (64 * 1024) + 2)
    }
    expect(n).toBe(200)
    await expectEmpty(pair, 2)
  })

  it('live - the end of the session in the middle ends both sides of a stream', async () => {
    const ended: string[] = []
    const pair = await two({
      both: (stream: AsyncIterable<number>) => {
        const reading = all(stream).catch(
          (error: unknown) => void ended.push(`read ${(error as Failed).code}`),
        )
        void reading
        return count(0, 1e9, () => ended.push('server'))
      },
    })
    const back = await call<AsyncIterableIterator<number>>(
      pair,
      'both',
      (async function* () {
        try {
          yield 1
          await new Promise(() => undefined)
        } finally {
          ended.push('client')
        }
      })(),
    )
    await back.next()
    await turns()
    pair.client.destroy(new Error('cut'))
    expect(await failed(all(back))).toMatchObject({ code: 'DS_DISCONNECTED' })
    await turns()
    // the client's source waits for ever, and is no affair of the session's any more
    expect(ended.toSorted()).toEqual(['read DS_DISCONNECTED', 'server'])
    await closeBoth(pair)
  })
})

describe('live - signals', () => {
  const untilAborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

  it('live - an argument that aborts ends the method, with its reason', async () => {
    const pair = await two({ wait: ({ signal }: { signal: AbortSignal }) => untilAborted(signal) })
    const controller = new AbortController()
    const waits = failed(call(pair, 'wait', { signal: controller.signal }))
    await pair.clock.settle()
    controller.abort(new RangeError('enough'))
    expect(await waits).toMatchObject({ name: 'RangeError', message: 'enough', ran: 'yes' })
    await expectEmpty(pair, 1)
  })

  it('live - one of a method aborts at its caller; a reason that cannot travel is left out', async () => {
    const controller = new AbortController()
    const pair = await two({ watch: () => controller.signal })
    const signal = await call<AbortSignal>(pair, 'watch')
    const same = await call<AbortSignal>(pair, 'watch')
    expect([same === signal, signal.aborted]).toEqual([true, false])
    controller.abort({ no: Symbol('s') })
    await pair.clock.settle()
    expect([signal.aborted, (signal.reason as Error).name]).toEqual([true, 'AbortError'])
    await closeBoth(pair)
  })

  it('live - it aborts when the session ends in the middle', async () => {
    let seen: AbortSignal | null = null
    const pair = await two({ keep: (signal: AbortSignal) => void (seen = signal) })
    await call(pair, 'keep', new AbortController().signal)
    pair.client.destroy(new Error('cut'))
    await pair.clock.settle()
    expect((seen as unknown as AbortSignal).reason).toMatchObject({ code: 'DS_DISCONNECTED' })
    await closeBoth(pair)
  })

  it('live - one that nobody listens to is forgotten on both sides', async () => {
    const pair = await two({ ignore: (_signal: AbortSignal) => 1 })
    const { signal } = new AbortController()
    for (let i = 0; i < 3; i++) expect(await call(pair, 'ignore', signal)).toBe(1)
    await expectEmpty(pair, 1)
  })
})

describe('live - sessions that are over', () => {
  /** Both sessions, after one was cut; the api of the other keeps what it was given. */
  async function ended(): Promise<WeakRef<object>[]> {
    const kept: unknown[] = []
    const pair = await two({ kept, keep: (...args: unknown[]) => new Promise(() => kept.push(args)) })
    const args = [() => 1, new AbortController().signal, count(0, 9)]
    void pair.client.call('keep', args, WAIT)
    await pair.clock.settle()
    expect(pair.server.running).toBe(1)
    pair.client.connection.destroy(new Error('cut'))
    await pair.clock.settle()
    return [new WeakRef(pair.client), new WeakRef(pair.server)]
  }

  it('live - are collected, though what they serve holds functions, signals and streams of the peer', async () => {
    const sessions = await ended()
    for (let i = 0; i < 5; i++) await collectGarbage()
    expect(sessions.map((session) => session.deref())).toEqual([undefined, undefined])
  })
})
