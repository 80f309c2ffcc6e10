/** Every form of a stream read as every other: what goes in comes out, ends, fails and stops alike. */
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Form } from '../../../lib/dnode/streams/port.js'
import { all, expectEmpty, GONE, turns, twoEnds, untilError, type Two } from './pair.js'

let two: Two

afterEach(async () => {
  await turns()
  expectEmpty(two.a, two.b)
  expect(two.a.bad.concat(two.b.bad)).toEqual([])
  expect(two.a.logged).toEqual([])
})

interface Made {
  readonly source: object
  readonly form: Form
}

/** A generator, with what becomes of it. */
async function* generate(
  items: readonly unknown[],
  failure: Error | null,
  onEnd: () => void,
): AsyncGenerator {
  try {
    yield* items
    if (failure) throw failure
  } finally {
    onEnd()
  }
}

function* generateSync(items: readonly unknown[], failure: Error | null, onEnd: () => void): Generator {
  try {
    yield* items
    if (failure) throw failure
  } finally {
    onEnd()
  }
}

type Make = (items: readonly unknown[], failure: Error | null, onEnd: () => void) => Made

const SOURCES: Readonly<Record<string, Make>> = {
  'an async generator': (...of) => ({ source: generate(...of), form: 'iterable' }),
  'a generator': (...of) => ({ source: generateSync(...of), form: 'iterable' }),
  'an async iterable': (...of) => ({
    source: { [Symbol.asyncIterator]: () => generate(...of) },
    form: 'iterable',
  }),
  'a bare iterator': (...of) => {
    const iterator = generate(...of)
    return { source: { next: () => iterator.next(), return: () => iterator.return(null) }, form: 'iterable' }
  },
  'a Readable of objects': (...of) => ({ source: Readable.from(generate(...of)), form: 'node' }),
  'a Web stream': (...of) => ({ source: Readable.toWeb(Readable.from(generate(...of))), form: 'web' }),
}
const FORMS: readonly Form[] = ['iterable', 'node', 'web']
const EACH = Object.keys(SOURCES).flatMap((name) => FORMS.map((as) => [name, as] as const))
const ITEMS = [1, 'two', { three: [3] }, '', 0, false, { s: 'beep' }]

function passed(
  name: string,
  as: Form,
  failure: Error | null = null,
  items: readonly unknown[] = ITEMS,
): { stream: object; ends: number[] } {
  two = twoEnds()
  const ends: number[] = []
  const { source, form } = SOURCES[name]!(items, failure, () => ends.push(1))
  return { stream: two.pass(source, form, as), ends }
}

describe.each(EACH)('streams - %s read as %s', (name, as) => {
  it('brings its items in order, and ends', async () => {
    const { stream, ends } = passed(name, as)
    expect(await all(stream)).toEqual(ITEMS)
    expect(ends).toEqual([1])
    expect(two.a.kinds()).toEqual(['chunk', 'end'])
    expect(two.b.kinds()).toEqual(['credit'])
  })

  it('brings no item where there is none', async () => {
    expect(await all(passed(name, as, null, []).stream)).toEqual([])
  })

  it('fails with what its source throws, behind the items before', async () => {
    const { stream, ends } = passed(name, as, new TypeError('broken'))
    const { items, error } = await untilError(stream)
    expect(error).toBe('broken')
    if (name !== 'a Web stream') expect(items).toEqual(ITEMS)
    expect(ends).toEqual([1])
  })

  it('fails where its source throws at once', async () => {
    const { stream } = passed(name, as, new TypeError('broken'), [])
    expect(await untilError(stream)).toEqual({ items: [], error: 'broken' })
  })

  it('runs the finally of its source once when its reader breaks off', async () => {
    const { stream, ends } = passed(
      name,
      as,
      null,
      Array.from({ length: 100_000 }, (_, i) => i),
    )
    for await (const item of stream as AsyncIterable<unknown>) if (item === 10) break
    await turns()
    expect(ends).toEqual([1])
    expect(two.b.kinds().at(-1)).toBe('stop')
    expect(two.a.kinds()).not.toContain('end')
  })

  it('fails with the session, behind what had come', async () => {
    const { stream, ends } = passed(
      name,
      as,
      null,
      Array.from({ length: 100_000 }, (_, i) => i),
    )
    const first: unknown[] = []
    const error = await (async () => {
      for await (const item of stream as AsyncIterable<unknown>) {
        first.push(item)
        if (first.length === 10) {
          two.b.streams.end(GONE)
          two.a.streams.end(GONE)
        }
      }
    })().catch((thrown: unknown) => thrown)
    expect(error).toBe(GONE)
    expect(first.length).toBeGreaterThan(10)
    expect(first).toEqual(first.map((_, i) => i))
    await turns()
    expect(ends).toEqual([1])
  })
})

describe('streams - a Readable of bytes', () => {
  const bytes = Buffer.alloc(1_000_000, 'abcdefghij')

  it.each(['bytes', 'iterable', 'web'] as const)('arrives whole as %s, in pieces', async (as) => {
    two = twoEnds()
    const source = new PassThrough({ highWaterMark: 4_000_000 })
    source.end(bytes)
    const stream = two.pass<object>(source, 'bytes', as)
    const pieces = (await all(stream)) as Buffer[]
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
    expect(Math.max(...pieces.map((piece) => piece.length))).toBe(65_536)
  })

  it('is a Readable of bytes again: it can be decoded, and read by number', async () => {
    two = twoEnds()
    const stream = two.pass<Readable>(
      Readable.from([Buffer.from('h\u00e4l'), Buffer.from('lo')], { objectMode: false }),
      'bytes',
    )
    expect(stream.readableObjectMode).toBe(false)
    stream.setEncoding('utf8')
    expect((await all(stream)).join('')).toBe('h\u00e4llo')
  })

  it('can be piped, and pushes back through the window', async () => {
    two = twoEnds()
    const source = new PassThrough()
    const stream = two.pass<Readable>(source, 'bytes')
    const sink = new PassThrough({ highWaterMark: 10 })
    const piped = pipeline(stream, sink)
    let written = 0
    for (let i = 0; i < 10; i++) {
      source.write(bytes)
      written += bytes.length
      await turns(5)
    }
    const moved = two.a.of('chunk').length * 65_536
    expect(moved).toBeLessThanOrEqual(256 * 1024 + 2 * 65_536)
    source.end()
    let read = 0
    for await (const piece of sink) read += (piece as Buffer).length
    await piped
    expect(read).toBe(written)
  })

  it('that an encoding was set for brings texts', async () => {
    two = twoEnds()
    const source = Readable.from([Buffer.from('text')], { objectMode: false }).setEncoding('utf8')
    expect(await all(two.pass<object>(source, 'node'))).toEqual(['text'])
  })
})

describe('streams - a Readable of the peer', () => {
  it('flows to listeners, and emits end and close', async () => {
    const { stream } = passed('an async generator', 'node')
    const seen: unknown[] = []
    ;(stream as Readable).on('data', (item) => seen.push(item))
    await once(stream as Readable, 'close')
    expect(seen).toEqual(ITEMS)
  })

  it('reads nothing ahead', async () => {
    const { stream } = passed('an async generator', 'node')
    await turns()
    expect(two.b.sent).toEqual([])
    const readable = stream as Readable
    readable.read()
    await once(readable, 'readable')
    expect(readable.read()).toBe(1)
    expect(readable.readableLength).toBe(0)
    await turns()
    expect(two.b.holds).toBe(0)
    readable.destroy()
    await once(readable, 'close')
  })

  it('that nobody listens to for errors is closed without one, and that is logged', async () => {
    const { stream } = passed('an async generator', 'node', new Error('broken'))
    const readable = stream as Readable
    readable.on('data', () => undefined)
    await new Promise((resolve) => readable.on('close', resolve))
    expect(readable.readableEnded).toBe(false)
    expect(two.b.logged).toMatchObject([{ error: { message: 'broken' } }])
  })

  it('destroyed with an error tells the producer which', async () => {
    const { stream } = passed('an async generator', 'node')
    const readable = stream as Readable
    const seen = once(readable, 'error')
    readable.destroy(new Error('enough'))
    expect(((await seen)[0] as Error).message).toBe('enough')
    await turns()
    expect(two.b.sent).toMatchObject([['stop', 0, { message: 'enough' }]])
  })

  it('whose listener throws is destroyed, and that is logged: the session goes on', async () => {
    const { stream, ends } = passed('an async generator', 'node')
    const readable = stream as Readable
    const mine = new Error('mine')
    readable.on('data', () => {
      throw mine
    })
    const failed = once(readable, 'error')
    expect(await failed).toEqual([mine])
    await turns()
    expect(two.b.logged).toMatchObject([{ error: mine }])
    expect(ends).toEqual([1])
  })

  it('destroyed by a listener of its items is left alone', async () => {
    const { stream, ends } = passed('an async generator', 'node')
    const readable = stream as Readable
    readable.on('data', () => readable.destroy())
    await finished(readable).catch((error: unknown) => error)
    await turns()
    expect(ends).toEqual([1])
  })
})

describe('streams - a Web stream of the peer', () => {
  it('passes the reason of a cancel on', async () => {
    two = twoEnds()
    const reasons: unknown[] = []
    const source = new ReadableStream({ cancel: (reason) => void reasons.push(reason) })
    const stream = two.pass<ReadableStream>(source, 'web')
    const reader = stream.getReader()
    const read = reader.read()
    await turns()
    await reader.cancel(new Error('enough'))
    expect(await read).toEqual({ value: undefined, done: true })
    await turns()
    expect(reasons).toMatchObject([{ message: 'enough' }])
  })

  it('answers reads that were made at once, in order', async () => {
    const { stream } = passed('an async generator', 'web')
    const reader = (stream as ReadableStream).getReader()
    const reads = await Promise.all(ITEMS.map(() => reader.read()))
    expect(reads.map(({ value }) => value as unknown)).toEqual(ITEMS)
    expect(await reader.read()).toEqual({ value: undefined, done: true })
  })

  it('can be piped through others', async () => {
    const { stream } = passed('an async generator', 'web')
    const upper = new TransformStream({ transform: (item, to) => to.enqueue(JSON.stringify(item)) })
    expect(await all((stream as ReadableStream).pipeThrough(upper))).toEqual(
      ITEMS.map((i) => JSON.stringify(i)),
    )
  })
})
