/** How streams end: by their reader, by their source, by the session, by nobody. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { PassThrough, Readable } from 'node:stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/base/options.js'
import type { Form } from '../../../lib/dnode/streams/port.js'
import { claim, formOf } from '../../../lib/dnode/streams/source.js'
import { all, collectGarbage, expectEmpty, GONE, turns, twoEnds, untilError, type Two } from './pair.js'

let two: Two

beforeEach(() => {
  two = twoEnds()
})

type Stream = AsyncIterableIterator<unknown, unknown> & AsyncDisposable

async function* count(most = Infinity, onEnd: () => void = () => undefined): AsyncGenerator<number> {
  try {
    for (let i = 0; i < most; i++) yield i
  } finally {
    onEnd()
  }
}

const never = (): object => ({
  next: () => new Promise(() => undefined),
  return: () => new Promise(() => undefined),
})
const code = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('streams - reads of an iterator', () => {
  it('that are made at once are answered in order, the last ones with the end', async () => {
    const stream = two.pass<Stream>(count(3), 'iterable')
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => stream.next()))
    expect(results.map(({ value, done }) => (done ? 'end' : value))).toEqual([0, 1, 2, 'end', 'end'])
  })

  it('that wait are over with return, and later ones too', async () => {
    const stream = two.pass<Stream>(never(), 'iterable')
    const reads = [stream.next(), stream.next()]
    expect(await stream.return?.()).toEqual({ value: undefined, done: true })
    expect((await Promise.all([...reads, stream.next()])).map(({ done }) => done)).toEqual([true, true, true])
    await turns()
    expect(two.b.kinds()).toEqual(['credit', 'stop'])
    expectEmpty(two.a, two.b)
  })

  it('throw rejects with its error, and the producer is told it', async () => {
    const ends: number[] = []
    const stream = two.pass<Stream>(
      count(Infinity, () => ends.push(1)),
      'iterable',
    )
    await stream.next()
    const mine = new TypeError('mine')
    await expect(stream.throw?.(mine)).rejects.toBe(mine)
    await turns()
    expect(two.b.sent.at(-1)).toMatchObject(['stop', 0, { name: 'TypeError', message: 'mine' }])
    expect(ends).toEqual([1])
  })

  it('disposing ends it', async () => {
    const ends: number[] = []
    {
      await using stream = two.pass<Stream>(
        count(Infinity, () => ends.push(1)),
        'iterable',
      )
      await stream.next()
    }
    await turns()
    expect(ends).toEqual([1])
    expectEmpty(two.a, two.b)
  })

  it('its iterator is itself, and stopping twice is fine', async () => {
    const stream = two.pass<Stream>(count(), 'iterable')
    expect(stream[Symbol.asyncIterator]()).toBe(stream)
    await stream.next()
    await stream.return?.()
    await stream.return?.()
    expect(two.b.of('stop')).toHaveLength(1)
  })

  it('after a failure all of them fail with it', async () => {
    const failing = { next: () => Promise.reject(new Error('broken')) }
    const stream = two.pass<Stream>(failing, 'iterable')
    const reads = await Promise.allSettled([stream.next(), stream.next()])
    reads.push(...(await Promise.allSettled([stream.next()])))
    expect(
      reads.map((read) => (read.status === 'rejected' ? (read.reason as Error).message : 'none')),
    ).toEqual(['broken', 'broken', 'broken'])
  })

  it('that wait fail with the session, and later ones too', async () => {
    const stream = two.pass<Stream>(never(), 'iterable')
    const reads = [stream.next(), stream.next()]
    two.b.streams.end(GONE)
    await expect(reads[0]).rejects.toBe(GONE)
    await expect(reads[1]).rejects.toBe(GONE)
    await expect(stream.next()).rejects.toBe(GONE)
    expect(two.b.kinds()).toEqual(['credit'])
    expectEmpty(two.b)
  })
})

describe('streams - a session that has ended', () => {
  it('offers nothing, and what it takes fails', async () => {
    two.a.streams.end(GONE)
    two.a.streams.end(new Error('the second'))
    expect(() => two.a.streams.offer(count(), 'iterable')).toThrow(GONE)
    const stream = two.a.streams.take(0, 'iterable') as Stream
    await expect(stream.next()).rejects.toBe(GONE)
    await stream.return?.()
    expect(two.a.sent).toEqual([])
    expectEmpty(two.a)
  })

  it('stops sources that were never read as well', async () => {
    const returned: string[] = []
    const cancelled: unknown[] = []
    const readable = new Readable({ read: () => returned.push('read') })
    two.pass({ next: () => returned.push('next'), return: () => returned.push('return') }, 'iterable')
    two.pass({ [Symbol.asyncIterator]: () => returned.push('iterator') }, 'iterable')
    two.pass(
      new ReadableStream({ cancel: (reason) => void cancelled.push(reason) }, { highWaterMark: 0 }),
      'web',
    )
    two.pass(readable, 'bytes')
    two.a.streams.end(GONE)
    await turns()
    expect(returned).toEqual(['return'])
    expect(cancelled).toEqual([GONE])
    expect(readable.destroyed).toBe(true)
    expectEmpty(two.a)
  })
})

describe('streams - a source', () => {
  it('that never goes on after its stop leaves nothing in the table', async () => {
    const stream = two.pass<Stream>(never(), 'iterable')
    void stream.next()
    await turns()
    await stream.return?.()
    await turns()
    expectEmpty(two.a, two.b)
  })

  it('whose finally fails after its stop is logged, whenever that is', async () => {
    const bad = (end: () => unknown): object => ({ next: () => Promise.resolve({ value: 1 }), return: end })
    const sources = [
      bad(() => Promise.reject(new Error('later'))),
      bad(() => {
        throw new Error('at once')
      }),
    ]
    for (const source of sources) {
      const stream = two.pass<Stream>(source, 'iterable')
      await stream.next()
      await stream.return?.()
      await turns()
    }
    expect(two.a.logged).toMatchObject([{ error: { message: 'later' } }, { error: { message: 'at once' } }])
    expectEmpty(two.a, two.b)
  })

  it.each([
    ['no result', { next: () => 1 }, '1 is no iterator’s result'],
    [
      'throws in next',
      {
        next: () => {
          throw new Error('at once')
        },
      },
      'at once',
    ],
    [
      'a result that throws',
      {
        next: () => ({
          get done() {
            throw new Error('a getter')
          },
        }),
      },
      'a getter',
    ],
    [
      'no iterator',
      {
        [Symbol.asyncIterator]: () => {
          throw new Error('none')
        },
      },
      'none',
    ],
    [
      'a promise that cannot be awaited',
      {
        next: () => ({
          then: () => {
            throw new Error('then')
          },
        }),
      },
      'then',
    ],
    [
      'throws no error',
      {
        next: () =>
          (async () => {
            throw 'text'
          })(),
      },
      'text',
    ],
  ])('that gives %s fails', async (_, source, message) => {
    const { error } = await untilError(two.pass(source, 'iterable'))
    expect(error.replace("'", '’')).toBe(message)
    expectEmpty(two.a, two.b)
  })

  it('runs where it was offered, whoever asks for it, and so does its finally', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    async function* speak(): AsyncGenerator {
      try {
        for (;;) yield storage.getStore()
      } finally {
        seen.push(storage.getStore())
      }
    }
    const streams = ['one', 'two'].map((name) =>
      storage.run(name, () => two.pass<Stream>(speak(), 'iterable')),
    )
    const read = (stream: Stream): Promise<IteratorResult<unknown>> =>
      storage.run('reader', () => stream.next())
    const results = await Promise.all(streams.map(read))
    expect(results.map(({ value }) => value as unknown)).toEqual(['one', 'two'])
    await turns()
    for (const stream of streams) await storage.run('reader', () => stream.return?.())
    await turns()
    expect(seen).toEqual(['one', 'two'])
    const items = two.a.of('chunk').map(([, id, ...came]) => [id, ...new Set(came)])
    expect(
      items.every(([id, ...names]) => names.length === 1 && names[0] === ['one', 'two'][id as number]),
    ).toBe(true)
  })

  it('that is a stream of another peer is read no further than its own reader reads', async () => {
    const [near, far] = [two, twoEnds()]
    let made = 0
    let ended = 0
    async function* numbers(): AsyncGenerator {
      try {
        for (;;) yield String(made++).padEnd(992)
      } finally {
        ended++
      }
    }
    const relayed = far.pass<Stream>(near.pass(numbers(), 'iterable', 'node'), 'node', 'iterable')
    for (let i = 0; i < 10; i++) expect(Number((await relayed.next()).value)).toBe(i)
    await turns(100)
    expect(made).toBeLessThanOrEqual(2 * Math.ceil(LIMITS.window / 1000) + 1)
    await relayed.return?.()
    await turns()
    expect(ended).toBe(1)
    expectEmpty(near.a, near.b, far.a, far.b)
  })

  it('a Readable that fails before anybody reads fails the stream, and not the process', async () => {
    const readable = new Readable({ read: () => undefined })
    const stream = two.pass<Stream>(readable, 'bytes', 'iterable')
    readable.destroy(new Error('no such file'))
    await turns()
    expect(await untilError(stream)).toEqual({ items: [], error: 'no such file' })
    expectEmpty(two.a, two.b)
  })

  it('a Readable that is destroyed by its owner is no end', async () => {
    const readable = new PassThrough({ objectMode: true })
    const stream = two.pass<Stream>(readable, 'node', 'iterable')
    readable.write('one')
    expect((await stream.next()).value).toBe('one')
    readable.destroy()
    expect(await untilError(stream)).toEqual({ items: [], error: 'the stream was closed before its end' })
    expectEmpty(two.a, two.b)
  })

  it('a Readable that fails after its stop is logged', async () => {
    const readable = new Readable({
      objectMode: true,
      read: () => undefined,
      destroy: (_, callback) => callback(new Error('cannot close')),
    })
    const stream = two.pass<Stream>(readable, 'node', 'iterable')
    void stream.next()
    await turns()
    await stream.return?.()
    await turns()
    expect(two.a.logged).toMatchObject([{ error: { message: 'cannot close' } }])
  })

  it('a Web stream that was locked meanwhile fails', async () => {
    const web = new ReadableStream()
    const stream = two.pass<Stream>(web, 'web', 'iterable')
    web.getReader()
    expect((await untilError(stream)).error).toMatch(/locked/)
    expectEmpty(two.a, two.b)
  })
})

describe('streams - what may be sent', () => {
  const readOnce = async (source: Readable | ReadableStream): Promise<object> => {
    for await (const item of source as AsyncIterable<unknown>) void item
    return source
  }
  const flowing = new Readable({ read: () => undefined })
  flowing.on('data', () => undefined)
  const locked = new ReadableStream()
  locked.getReader()
  const released = new ReadableStream({ start: (to) => (to.enqueue(1), to.enqueue(2)) })

  it.each<[string, () => unknown]>([
    ['a Readable that was read', () => readOnce(Readable.from([1, 2]))],
    ['a Readable that was destroyed', () => new Readable({ read: () => undefined }).destroy()],
    ['a Readable that flows', () => flowing],
    ['a Web stream that is locked', () => locked],
    ['a Web stream that was read', () => readOnce(new ReadableStream({ start: (to) => to.close() }))],
    [
      'a Web stream that was read in part',
      async () => {
        const reader = released.getReader()
        await reader.read()
        reader.releaseLock()
        return released
      },
    ],
    ['an object without an iterator', () => ({})],
  ])('%s is refused', async (_, make) => {
    const source = (await make()) as object
    expect(code(() => two.a.streams.offer(source, formOf(source)))).toBe('DS_UNSENDABLE')
    expectEmpty(two.a)
  })

  it('nothing is sent twice, but for iterables that begin anew', async () => {
    const sources: object[] = [
      count(1),
      Readable.from([0]),
      new ReadableStream({ start: (to) => (to.enqueue(0), to.close()) }),
    ]
    for (const source of sources) {
      const stream = two.pass<object>(source, formOf(source))
      expect(code(() => two.a.streams.offer(source, formOf(source)))).toBe('DS_UNSENDABLE')
      expect(await all(stream)).toEqual([0])
      expect(code(() => claim(source))).toBe('DS_UNSENDABLE')
    }
    const again = { [Symbol.asyncIterator]: () => count(2) }
    expect(await Promise.all([all(two.pass(again, 'iterable')), all(two.pass(again, 'iterable'))])).toEqual([
      [0, 1],
      [0, 1],
    ])
  })

  it('what was withdrawn may be sent again, and nothing was done to it', async () => {
    const readable = Readable.from([0, 1])
    const kept = two.pass<Stream>(count(1), 'iterable')
    const [generator, web] = [count(2), new ReadableStream({ start: (to) => (to.enqueue(0), to.close()) })]
    const ids = [generator, readable, web].map((source) => two.a.streams.offer(source, formOf(source)))
    two.a.streams.withdraw(ids)
    expect(two.a.streams.outgoing).toBe(1)
    expect([readable.listenerCount('error'), readable.listenerCount('close')]).toEqual([0, 0])
    expect(await all(two.pass(generator, 'iterable'))).toEqual([0, 1])
    expect(await all(two.pass(readable, 'node'))).toEqual([0, 1])
    expect(await all(two.pass(web, 'web'))).toEqual([0])
    expect(await all(kept)).toEqual([0])
    expectEmpty(two.a, two.b)
  })

  it.each<[object, Form]>([
    [count(), 'iterable'],
    [Readable.from([]), 'node'],
    [new PassThrough(), 'bytes'],
    [new PassThrough().setEncoding('utf8'), 'node'],
    [new ReadableStream(), 'web'],
  ])('%o travels as %s', (source, form) => {
    expect(formOf(source)).toBe(form)
  })

  it('streams beyond the limit are refused at both ends', () => {
    for (let i = 0; i < LIMITS.streams; i++) {
      two.a.streams.offer({ next: () => undefined }, 'iterable')
      two.b.streams.take(i, 'iterable')
    }
    expect(code(() => two.a.streams.offer(count(), 'iterable'))).toBe('DS_LIMIT')
    expect(code(() => two.b.streams.take(LIMITS.streams, 'iterable'))).toBe('DS_LIMIT')
    two.a.streams.end(GONE)
    two.b.streams.end(GONE)
    expectEmpty(two.a, two.b)
  }, 30_000)
})

describe('streams - a stream that its user dropped', () => {
  /** In a function of its own, so that nothing of it is on the stack. */
  async function readTwo(form: Form): Promise<void> {
    const stream = two.pass<AsyncIterable<unknown>>(
      count(Infinity, () => ends.push(1)),
      'iterable',
      form,
    )
    if (form === 'web') {
      const reader = (stream as unknown as ReadableStream).getReader()
      await reader.read()
      await reader.read()
    } else if (form === 'iterable') {
      const iterator = stream[Symbol.asyncIterator]()
      await iterator.next()
      await iterator.next()
    } else {
      const readable = stream as unknown as Readable
      while (readable.read() === null) await turns(1)
    }
  }
  let ends: number[]

  it.each<Form>(['iterable', 'node', 'web'])('is collected, and its source is stopped: %s', async (form) => {
    ends = []
    await readTwo(form)
    await turns()
    expect(two.a.streams.size).toBe(1)
    await collectGarbage()
    await turns()
    expect(two.b.kinds().at(-1)).toBe('stop')
    expect(ends).toEqual([1])
    expectEmpty(two.a, two.b)
  })

  it('is collected unread', async () => {
    two.pass(never(), 'iterable')
    two.pass(never(), 'iterable', 'node')
    two.pass(never(), 'iterable', 'web')
    await collectGarbage()
    await turns()
    expect(two.b.kinds()).toEqual(['stop', 'stop', 'stop'])
    expectEmpty(two.a, two.b)
  })

  it('is not collected while a read of it waits, whoever holds it', async () => {
    let give: ((value: unknown) => void) | undefined
    const source = { next: () => new Promise((resolve) => (give = resolve)) }
    const read = (() => two.pass<Stream>(source, 'iterable').next())()
    const flowing: unknown[] = []
    let given = 0
    const other = {
      next: () => (given++ === 0 ? Promise.resolve({ value: 'flows' }) : new Promise(() => undefined)),
    }
    two.pass<Readable>(other, 'iterable', 'node').on('data', (item) => flowing.push(item))
    await collectGarbage()
    give?.({ value: 'late', done: false })
    expect(await read).toEqual({ value: 'late', done: false })
    await collectGarbage()
    await turns()
    expect(flowing).toEqual(['flows'])
    // the first one had no read any more; the second still flows
    expect(two.b.streams.incoming).toBe(1)
    two.a.streams.end(GONE)
    two.b.streams.end(GONE)
    await turns()
  })
})
