/** How far a source is read: credit, the turn shared by all, a connection that is full. */
import { Readable } from 'node:stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { limit } from '../../../lib/base/errors.js'
import { LIMITS } from '../../../lib/base/options.js'
import { sizeOf } from '../../../lib/dnode/streams/size.js'
import { all, expectEmpty, turns, twoEnds, untilError, type Two } from './pair.js'

let two: Two

beforeEach(() => {
  two = twoEnds()
})

/** Counts what was asked of it. */
class Source {
  made = 0
  ended = 0
  readonly #make: (i: number) => unknown

  constructor(make: (i: number) => unknown = (i) => i) {
    this.#make = make
  }

  async *items(most = 1_000_000): AsyncGenerator {
    try {
      while (this.made < most) yield this.#make(this.made++)
    } finally {
      this.ended++
    }
  }
}

/** Items of this size that a window has room for, and the one that may overrun. */
const fitting = (size: number): number => Math.ceil(LIMITS.window / size)

describe('streams - credit', () => {
  it('nothing is read of a source before its consumer reads', async () => {
    const source = new Source()
    let reads = 0
    const readable = new Readable({ objectMode: true, read: () => void reads++ })
    const streams = [two.pass<object>(source.items(), 'iterable'), two.pass<object>(readable, 'node')]
    await turns()
    expect(streams).toHaveLength(2)
    expect([source.made, reads, two.a.sent, two.b.sent]).toEqual([0, 0, [], []])
  })

  it('a consumer that reads ten items of a million makes its source go no further than the window', async () => {
    const source = new Source()
    const stream = two.pass<AsyncIterator<unknown>>(source.items(), 'iterable')
    for (let i = 0; i < 10; i++) expect(await stream.next()).toEqual({ value: i, done: false })
    await turns()
    expect(source.made).toBe(fitting(sizeOf(1)))
    expect(two.b.sent).toEqual([['credit', 0, LIMITS.window]])
    await stream.return?.()
    await turns()
    expect(source.ended).toBe(1)
    expectEmpty(two.a, two.b)
  })

  it('is renewed when half of the window was consumed', async () => {
    const size = 10_000
    const source = new Source(() => 'x'.repeat(size - 8))
    const stream = two.pass<AsyncIterator<unknown>>(source.items(), 'iterable')
    const half = Math.ceil(LIMITS.window / 2 / size)
    for (let i = 0; i < half - 1; i++) await stream.next()
    expect(two.b.of('credit')).toHaveLength(1)
    await stream.next()
    expect(two.b.of('credit')).toEqual([
      ['credit', 0, LIMITS.window],
      ['credit', 0, half * size],
    ])
    await turns()
    // what overran the window is counted against the next grant
    expect(source.made).toBe(Math.ceil((LIMITS.window + half * size) / size))
    await stream.return?.()
  })

  it('one item may overrun it, however large', async () => {
    const source = new Source(() => 'x'.repeat(700_000))
    const stream = two.pass<AsyncIterator<unknown>>(source.items(20), 'iterable')
    await stream.next()
    await turns()
    expect(source.made).toBe(2)
    expect((await all(stream as never)).length).toBe(19)
    expectEmpty(two.a, two.b)
  })

  it('attachments count as the items do', async () => {
    const source = new Source(() => new Uint8Array(100_000))
    const stream = two.pass<AsyncIterator<unknown>>(source.items(100), 'iterable')
    await stream.next()
    await turns()
    // the first one was read; less than half of the window was consumed
    expect(source.made).toBe(3)
    const rest = (await all(stream as never)) as Uint8Array[]
    expect(rest).toHaveLength(99)
    expect(two.a.of('chunk').every((chunk) => chunk.length === 3)).toBe(true)
    expectEmpty(two.a, two.b)
  })

  it('small bytes of a turn share a chunk, and stay items of their own', async () => {
    const source = new Source((n) => Buffer.alloc(100, n))
    const items = await all(two.pass(source.items(1_000), 'iterable'))
    expect(items).toEqual(Array.from({ length: 1_000 }, (_, n) => Buffer.alloc(100, n)))
    // of about 16 kB each
    expect(two.a.of('chunk').length).toBeLessThan(20)
    expectEmpty(two.a, two.b)
  })

  it('of 10 bytes again and again moves an item each time', async () => {
    const source = new Source()
    const id = two.a.streams.offer(source.items(), 'iterable')
    for (let i = 0; i < 5; i++) {
      two.a.receive(['credit', id, 10])
      await turns(3)
    }
    expect(two.a.sent.flatMap(([, , ...items]) => items)).toEqual([0, 1, 2, 3, 4, 5, 6])
    two.a.receive(['stop', id])
  })
})

describe('streams - chunks', () => {
  it('items of a turn travel together, a slice at a time', async () => {
    expect(
      await all(two.pass(new Source((i) => `${i}`.padEnd(992, 'x')).items(500), 'iterable')),
    ).toHaveLength(500)
    const lengths = two.a.of('chunk').map((chunk) => chunk.length - 2)
    expect(lengths.reduce((a, b) => a + b)).toBe(500)
    expect(Math.max(...lengths)).toBe(17)
    expect(lengths.length).toBeLessThanOrEqual(40)
  })

  it('a chunk of several items has at most 64 kB', async () => {
    const source = new Source((i) => 'x'.repeat(i % 2 === 0 ? 1_000 : 100_000))
    expect(await all(two.pass<object>(source.items(20), 'iterable'))).toHaveLength(20)
    expect(two.a.of('chunk').map((chunk) => chunk.length - 2)).toEqual(Array.from({ length: 20 }, () => 1))
  })

  it('an item is written before its source goes on: it may use one object for all', async () => {
    const one = { n: 0 }
    const source = new Source((i) => Object.assign(one, { n: i }))
    const items = await all(two.pass(source.items(5), 'iterable'))
    expect(items).toEqual([0, 1, 2, 3, 4].map((n) => ({ n })))
  })

  it('an item that cannot travel ends the stream on both sides, behind the items before', async () => {
    const source = new Source((i) => (i === 3 ? Symbol('s') : i))
    const stream = two.pass<object>(source.items(), 'iterable')
    expect(await untilError(stream)).toEqual({ items: [0, 1, 2], error: 'a symbol cannot travel' })
    expect(source.ended).toBe(1)
    expectEmpty(two.a, two.b)
  })

  it('a chunk that is too long for the peer is sent in parts', async () => {
    const { a } = two
    const { send } = a.streams.port
    Object.assign(a.streams.port, {
      send: (message: Parameters<typeof send>[0]) => {
        if (message.type === 'chunk' && message.items.values.length > 30) throw limit({ summary: 'too long' })
        return send(message)
      },
    })
    const items = await all(two.pass(new Source().items(1_000), 'iterable'))
    expect(items).toEqual(Array.from({ length: 1_000 }, (_, i) => i))
    const bytes = await all(two.pass(new Source((n) => Buffer.from(`${n}`)).items(1_000), 'iterable'))
    expect(bytes.map(String)).toEqual(Array.from({ length: 1_000 }, (_, i) => `${i}`))
    expectEmpty(two.a, two.b)
  })

  it('an item that is too long for the peer ends the stream on both sides', async () => {
    const { a } = two
    const { send } = a.streams.port
    const source = new Source()
    Object.assign(a.streams.port, {
      send: (message: Parameters<typeof send>[0]) => {
        if (message.type === 'chunk') throw limit({ summary: 'too long' })
        return send(message)
      },
    })
    expect(await untilError(two.pass(source.items(), 'iterable'))).toEqual({ items: [], error: 'too long' })
    await turns()
    expect(source.ended).toBe(1)
    expectEmpty(two.a, two.b)
  })
})

describe('streams - a full connection', () => {
  it('holds the sources, and goes on when it is drained', async () => {
    const sources = [0, 1, 2].map(() => new Source())
    const streams = sources.map((source) => two.pass<AsyncIterator<unknown>>(source.items(), 'iterable'))
    two.a.isFull = true
    const reads = streams.map((stream) => stream.next())
    await turns()
    const made = sources.map((source) => source.made)
    expect(Math.max(...made)).toBeLessThan(LIMITS.ownRow / 8 + 2)
    await turns()
    expect(sources.map((source) => source.made)).toEqual(made)
    two.a.drain()
    expect((await Promise.all(reads)).map(({ value }) => value as unknown)).toEqual([0, 0, 0])
    await turns(100)
    expect(sources.map((source) => source.made)).toEqual([32_768, 32_768, 32_768])
    for (const stream of streams) await stream.return?.()
  })

  it('an item that came meanwhile waits unwritten, and is let go by a stop', async () => {
    let give: ((value: unknown) => void) | undefined
    const source = { next: () => new Promise((resolve) => (give = resolve)), return: () => undefined }
    const other = two.pass<AsyncIterator<unknown>>(new Source().items(), 'iterable')
    const stream = two.pass<AsyncIterator<unknown>>(source, 'iterable')
    const read = stream.next()
    await turns()
    two.a.isFull = true
    void other.next()
    await turns()
    const sent = two.a.sent.length
    give?.({ value: { big: 1 }, done: false })
    await turns()
    expect(two.a.sent).toHaveLength(sent)
    await stream.return?.()
    await other.return?.()
    expect(await read).toEqual({ value: undefined, done: true })
    await turns()
    two.a.drain()
    await turns()
    expectEmpty(two.a, two.b)
  })

  it('the end of a source whose last item waits comes behind it', async () => {
    const source = new Readable({ objectMode: true, read: () => undefined })
    const stream = two.pass<object>(source, 'node', 'iterable')
    const read = all(stream)
    await turns()
    two.a.isFull = true
    two.a.streams.turn.full()
    source.push('last')
    source.push(null)
    await turns()
    expect(two.a.sent).toEqual([])
    two.a.drain()
    expect(await read).toEqual(['last'])
    expectEmpty(two.a, two.b)
  })
})

describe('streams - turns', () => {
  const ITEM = 'x'.repeat(992)

  it('a hundred streams with credit get on alike', async () => {
    const sources = Array.from({ length: 100 }, () => new Source(() => ITEM))
    const streams = sources.map((source) => two.pass<AsyncIterator<unknown>>(source.items(), 'iterable'))
    const reads = streams.map((stream) => stream.next())
    const spread: number[] = []
    for (let i = 0; i < 800; i++) {
      await turns(1)
      const made = sources.map((source) => source.made)
      spread.push(Math.max(...made) - Math.min(...made))
    }
    await Promise.all(reads)
    expect(Math.max(...spread)).toBeLessThanOrEqual(70)
    await turns(1_500)
    expect(sources.map(({ made }) => made)).toEqual(sources.map(() => fitting(1000)))
    for (const stream of streams) await stream.return?.()
    await turns()
    expectEmpty(two.a, two.b)
  })

  it('no more is produced in one turn of the event loop than a slice, and an item of each that was asked', async () => {
    const sources = Array.from({ length: 100 }, () => new Source(() => ITEM))
    const streams = sources.map((source) => two.pass<AsyncIterator<unknown>>(source.items(), 'iterable'))
    const reads = streams.map((stream) => stream.next())
    const total = (): number => sources.reduce((sum, { made }) => sum + made, 0)
    let before = 0
    let most = 0
    for (let i = 0; i < 400; i++) {
      await turns(1)
      most = Math.max(most, total() - before)
      before = total()
    }
    await Promise.all(reads)
    expect(before).toBeGreaterThan(4_000)
    expect(most).toBeLessThanOrEqual(Math.ceil(LIMITS.ownRow / 1000) + 16)
    for (const stream of streams) await stream.return?.()
  })

  it('a source that takes long for each item leaves the loop to others after 2 ms', async () => {
    let time = 0
    Object.assign(two.clock, { monotonic: () => time })
    const source = new Source((i) => ((time += 1), i))
    const stream = two.pass<AsyncIterator<unknown>>(source.items(), 'iterable')
    const read = stream.next()
    const made: number[] = []
    for (let i = 0; i < 6; i++) {
      await turns(1)
      made.push(source.made)
    }
    const steps = made.map((n, i) => n - (made[i - 1] ?? 0))
    expect(Math.max(...steps)).toBeLessThanOrEqual(4)
    expect(made.at(-1)).toBeGreaterThan(10)
    await read
    await stream.return?.()
  })
})

describe('streams - the process', () => {
  it('is kept alive only while a read waits', async () => {
    const stream = two.pass<AsyncIterator<unknown>>(new Source().items(2), 'iterable')
    expect(two.b.holds).toBe(0)
    const read = stream.next()
    expect(two.b.holds).toBe(1)
    await read
    expect(two.b.holds).toBe(0)
    await stream.next()
    const last = stream.next()
    expect(await last).toEqual({ value: undefined, done: true })
    expect([two.a.holds, two.b.holds]).toEqual([0, 0])
  })

  it('is let go by a stop while reads wait, of each kind', async () => {
    const never = (): object => ({ next: () => new Promise(() => undefined) })
    const iterator = two.pass<AsyncIterator<unknown>>(never(), 'iterable')
    const readable = two.pass<Readable>(never(), 'iterable', 'node')
    const reader = two.pass<ReadableStream>(never(), 'iterable', 'web').getReader()
    void iterator.next()
    readable.read()
    const read = reader.read()
    expect(two.b.holds).toBe(1)
    await iterator.return?.()
    readable.destroy()
    expect(two.b.holds).toBe(1)
    await reader.cancel()
    expect((await read).done).toBe(true)
    await turns()
    expectEmpty(two.a, two.b)
  })
})
