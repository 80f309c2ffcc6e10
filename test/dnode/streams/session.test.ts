/** Streams of whole sessions: as results and arguments, beside calls, with what their items carry. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/base/options.js'
import { context, runningCall, type CallContext } from '../../../lib/dnode/context.js'
import type { Api } from '../../../lib/dnode/types.js'
import type { Hello } from '../../../lib/dnode/messages.js'
import { two, valueOf, type Two } from '../pair.js'
import { turns } from './pair.js'

const OPTIONS = { timeout: 30_000 }
const { row, pending, depth, nodes, attachedRow } = LIMITS
const HELLO: Hello = {
  protocol: 1,
  identity: null,
  timeout: null,
  limits: { row, attached: attachedRow, pending, depth, nodes },
  types: [],
  idempotent: [],
}
type Stream = AsyncIterableIterator<never>

function sessions(api: Api): Promise<Two> {
  return two(api, { client: { hello: () => HELLO }, server: { hello: () => HELLO } })
}

async function call<T>({ client }: Two, method: string, ...args: unknown[]): Promise<T> {
  return valueOf(await client.call(method, args, OPTIONS)) as T
}

async function expectEnded({ client, server }: Two): Promise<void> {
  await turns()
  expect([client.streams, server.streams, client.running, server.running]).toEqual([0, 0, 0, 0])
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

async function* count(most: number): AsyncGenerator<number> {
  for (let i = 0; i < most; i++) yield i
}

async function* fail(message: string): AsyncGenerator<number> {
  yield 1
  throw new TypeError(message)
}

describe('streams - of sessions', () => {
  it('a result, an argument, and one in an object of the other', async () => {
    const sides = await sessions({
      count: (most: number) => count(most),
      sum: async (numbers: AsyncIterable<number>) => (await all(numbers)).reduce((a, b) => a + b),
      twice: ({ numbers }: { numbers: AsyncIterable<number> }) => ({
        doubled: (async function* () {
          for await (const n of numbers) yield n * 2
        })(),
      }),
    })
    expect(await all(await call<Stream>(sides, 'count', 5))).toEqual([0, 1, 2, 3, 4])
    expect(await call(sides, 'sum', count(10_000))).toBe(49_995_000)
    const { doubled } = await call<{ doubled: Stream }>(sides, 'twice', { numbers: count(4) })
    expect(await all(doubled)).toEqual([0, 2, 4, 6])
    await expectEnded(sides)
  })

  it('one that was sent before is refused, and its call did not run', async () => {
    const sides = await sessions({
      sum: async (numbers: AsyncIterable<number>) => (await all(numbers)).length,
    })
    const numbers = count(3)
    await call(sides, 'sum', numbers)
    const { error } = (await sides.client.call('sum', [numbers], OPTIONS)) as { error: Error }
    expect(error).toMatchObject({ code: 'DS_UNSENDABLE', ran: 'no', details: { path: 'arguments[0]' } })
    await expectEnded(sides)
  })

  it('the end of the session tells a reader that the stream was not over', async () => {
    const sides = await sessions({ count: () => count(Infinity) })
    const numbers = await call<Stream>(sides, 'count')
    await numbers.next()
    await sides.client.close()
    const rest = async (): Promise<void> => void (await all(numbers))
    await expect(rest()).rejects.toMatchObject({
      code: 'DS_CLOSED',
      ran: 'maybe',
      message: expect.stringMatching(
        /was closed before a stream on it was over. What came until then is good/,
      ),
    })
  })

  it('a generator goes on in the context of its call, whose signal aborts when the reader leaves', async () => {
    const seen: unknown[] = []
    const wait = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    const sides = await sessions({
      watch: async function* () {
        const { method, remaining, signal } = context() as CallContext
        try {
          yield [method, remaining, signal.aborted]
          await wait(signal)
        } finally {
          const { code } = signal.reason as { code: string }
          seen.push(code, runningCall()?.over, runningCall()?.isAnswered)
        }
      },
    })
    const stream = await call<Stream>(sides, 'watch')
    expect((await stream.next()).value).toEqual(['watch', Infinity, false])
    const next = stream.next()
    await turns()
    await stream.return?.()
    expect((await next).done).toBe(true)
    await expectEnded(sides)
    expect(seen).toEqual(['DS_CANCELLED', null, true])
  })

  it('items carry all that values can: bytes, dates, cycles, functions, streams', async () => {
    const cyclic: Record<string, unknown> = { at: new Date(0), none: undefined }
    cyclic['self'] = cyclic
    const sides = await sessions({
      items: async function* () {
        yield cyclic
        yield { bytes: Buffer.from('abc'), again: cyclic }
        yield { inner: count(3), add: (a: number, b: number) => a + b }
      },
    })
    type Item = {
      self?: unknown
      at?: Date
      bytes?: Buffer
      inner: Stream
      add(a: number, b: number): Promise<number>
    }
    const [first, second, third] = await all(await call<AsyncIterable<Item>>(sides, 'items'))
    expect(first?.self).toBe(first)
    expect(first?.at).toEqual(new Date(0))
    expect(second?.bytes).toEqual(Buffer.from('abc'))
    expect(await all(third?.inner as Stream)).toEqual([0, 1, 2])
    expect(await third?.add(1, 2)).toBe(3)
    await expectEnded(sides)
  })

  it('bytes of a Readable arrive whole, and calls go on between', async () => {
    const bytes = Buffer.alloc(3_000_000, 'abcdefghijk')
    const sides = await sessions({
      file: () => Readable.from([bytes], { objectMode: false }),
      up: (s: string) => s.toUpperCase(),
    })
    const stream = await call<Readable>(sides, 'file')
    const pieces: Buffer[] = []
    const answers: string[] = []
    for await (const piece of stream) {
      pieces.push(piece as Buffer)
      answers.push(await call<string>(sides, 'up', 'beep'))
    }
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
    expect(new Set(answers)).toEqual(new Set(['BEEP']))
    await expectEnded(sides)
  })

  it('a failure arrives as the error that it was', async () => {
    const sides = await sessions({ fail: (message: string) => fail(message) })
    const error = await all(await call<Stream>(sides, 'fail', 'broken')).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'TypeError', message: 'broken' })
    await expectEnded(sides)
  })

  it('an item too large for a row fails its stream, and no other', async () => {
    const sides = await sessions({
      large: async function* () {
        yield 'small'
        yield 'x'.repeat(LIMITS.row + 1)
      },
      up: (s: string) => s.toUpperCase(),
    })
    const stream = await call<Stream>(sides, 'large')
    expect(await stream.next()).toEqual({ value: 'small', done: false })
    await expect(stream.next()).rejects.toMatchObject({ code: 'DS_LIMIT' })
    expect(await call(sides, 'up', 'beep')).toBe('BEEP')
    await expectEnded(sides)
  })

  it('a stream in a message that cannot be sent is as it was', async () => {
    const sides = await sessions({
      sum: async (numbers: AsyncIterable<number>) => (await all(numbers)).length,
    })
    const [generator, readable] = [count(3), Readable.from([1, 2])]
    await expect(call(sides, 'sum', generator, readable, Symbol('s'))).rejects.toMatchObject({
      code: 'DS_UNSENDABLE',
    })
    expect(sides.client.streams).toBe(0)
    expect(await call(sides, 'sum', generator)).toBe(3)
    expect(await call(sides, 'sum', readable)).toBe(2)
    await expect(call(sides, 'sum', readable)).rejects.toMatchObject({ code: 'DS_UNSENDABLE' })
    await expectEnded(sides)
  })

  it('the end of the session stops its sources and fails its readers', async () => {
    let ended = 0
    const sides = await sessions({
      endless: async function* () {
        try {
          for (let i = 0; ; i++) yield i
        } finally {
          ended++
        }
      },
    })
    const stream = await call<Stream>(sides, 'endless')
    await stream.next()
    sides.server.destroy(new Error('cut'))
    await expect(all(stream)).rejects.toMatchObject({ code: 'DS_DISCONNECTED' })
    await expect(stream.next()).rejects.toMatchObject({ code: 'DS_DISCONNECTED' })
    await turns()
    expect(ended).toBe(1)
    await expectEnded(sides)
  })

  it('10 000 at once, read by turns', async () => {
    const sides = await sessions({ many: (n: number) => Array.from({ length: n }, (_, i) => count(i % 3)) })
    const streams = await call<Stream[]>(sides, 'many', 10_000)
    const lengths = await Promise.all(streams.map(async (stream) => (await all(stream)).length))
    expect(lengths).toEqual(Array.from({ length: 10_000 }, (_, i) => i % 3))
    await expectEnded(sides)
  })
})
