/** Peers that send what they should not: a stream may end for it, and nothing else. */
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../../lib/base/options.js'
import { readStream } from '../../../lib/dnode/streams/messages.js'
import type { Form } from '../../../lib/dnode/streams/port.js'
import { VirtualClock } from '../../../lib/base/virtual-clock.js'
import { all, End, expectEmpty, turns, untilError } from './pair.js'

let end: End
let made: number
let returned: number

beforeEach(() => {
  end = new End(new VirtualClock())
  made = returned = 0
})

type Stream = AsyncIterableIterator<unknown>

const ERROR = { name: 'Error', message: 'theirs', ran: 'yes' }

function source(): object {
  return {
    next: () => Promise.resolve({ value: made++, done: false }),
    return: () => void returned++,
  }
}

/** A stream of the peer's that was read once: it may send a window. */
async function reading(form: Form = 'iterable'): Promise<{ stream: Stream; first: Promise<unknown> }> {
  const stream = end.streams.take(7, form) as Stream
  const first = stream.next()
  await turns(1)
  return { stream, first }
}

const BAD: readonly (readonly unknown[])[] = [
  ['credit', 0, -1],
  ['credit', 0, 0],
  ['credit', 0, 1.5],
  ['credit', 0, NaN],
  ['credit', 0, 2 ** 31],
  ['credit', 0, 1e300],
  ['credit', 0, '100'],
  ['credit', 0, null],
  ['credit', 0],
  ['credit', -1, 1],
  ['credit', '0', 1],
  ['chunk'],
  ['chunk', null, 1],
  ['chunk', 1.5, 1],
  ['end'],
  ['end', {}],
  ['fail', 0],
  ['fail', 0, 'text'],
  ['fail', 0, { name: 'Error' }],
  ['fail', 0, { ...ERROR, properties: { constructor: 1 } }],
  ['stop'],
  ['stop', [0]],
  ['stop', 0, 'text'],
  ['stop', 0, { ...ERROR, message: 5 }],
]

it.each(BAD.map((message) => [JSON.stringify(message), message] as const))(
  'streams - %s is a bad message, alone',
  async (_, message) => {
    end.streams.offer(source(), 'iterable')
    end.receive([...message])
    await turns()
    expect(end.bad).toMatchObject([{ code: 'DS_PROTOCOL' }])
    expect([made, returned, end.sent.length, end.streams.size]).toEqual([0, 0, 0, 1])
  },
)

it.each([
  ['chunk', 5, 1, 2],
  ['chunk', 0, 1],
  ['end', 5],
  ['end', 0],
  ['fail', 5, ERROR],
  ['fail', 0, ERROR],
  ['credit', 5, 100],
  ['credit', 7, 100],
  ['stop', 5],
  ['stop', 7],
])('streams - ["%s",%i,…] for a stream that is not theirs or gone does nothing', async (...message) => {
  end.streams.offer(source(), 'iterable')
  end.streams.take(7, 'iterable')
  end.receive(message)
  await turns()
  expect([end.bad.length, made, returned, end.sent.length, end.streams.size]).toEqual([0, 0, 0, 0, 2])
})

it.each([[['call', 0, 0]], [['chunks', 1]], [[]], [[5]], [[null, 'chunk', 0]]])(
  'streams - %j is none of their messages',
  (message) => {
    expect(readStream(message, 0)).toBeNull()
  },
)

describe('streams - a consumer of the worst kind', () => {
  it('grants more than there is: the source is read turn by turn, and no further when the connection is full', async () => {
    end.streams.offer(source(), 'iterable')
    for (let i = 0; i < 10; i++) end.receive(['credit', 0, 2 ** 31 - 1])
    await turns(10)
    end.isFull = true
    await turns()
    const before = made
    await turns(100)
    expect(made).toBe(before)
    end.receive(['stop', 0])
    end.receive(['stop', 0])
    end.receive(['credit', 0, 100])
    await turns()
    expect(returned).toBe(1)
    expectEmpty(end)
  })

  it('stops before it grants', async () => {
    end.streams.offer(source(), 'iterable')
    end.receive(['stop', 0, ERROR])
    await turns()
    expect([made, returned]).toEqual([0, 1])
    expectEmpty(end)
  })
})

describe('streams - a producer of the worst kind', () => {
  it('sends before it may', async () => {
    const stream = end.streams.take(7, 'iterable') as Stream
    end.receive(['chunk', 7, 1])
    expect(end.bad).toMatchObject([{ code: 'DS_PROTOCOL' }])
    expect(end.sent).toMatchObject([['stop', 7, { code: 'DS_PROTOCOL' }]])
    expect((await untilError(stream)).error).toMatch(/more of stream 7 than it was allowed/)
    expectEmpty(end)
  })

  it('sends beyond the window: no more than it and an item is kept, and what came is still read', async () => {
    const { stream, first } = await reading()
    const item = 'x'.repeat(10_000 - 8)
    const most = Math.ceil(LIMITS.window / 10_000)
    for (let i = 0; i < 100; i++) end.receive(['chunk', 7, item, item])
    expect(await first).toEqual({ value: item, done: false })
    expect(end.bad).toHaveLength(1)
    const { items, error } = await untilError(stream)
    expect(items).toHaveLength(most - 1)
    expect(error).toMatch(/more of stream 7/)
    expect(end.of('stop')).toHaveLength(1)
    expectEmpty(end)
  })

  it('sends one item beyond it: that is allowed', async () => {
    const { stream, first } = await reading()
    end.receive(['chunk', 7, 'x'.repeat(LIMITS.window - 10), 'y'.repeat(500_000)])
    end.receive(['end', 7])
    await first
    expect(await all(stream)).toHaveLength(1)
    expect(end.bad).toEqual([])
  })

  it('sends millions of nothings: each costs something', async () => {
    const { first } = await reading()
    for (let i = 0; i < 100; i++) end.receive(['chunk', 7, ...Array.from({ length: 1000 }, () => null)])
    await first
    expect(end.bad).toHaveLength(1)
    expectEmpty(end)
  })

  it('sends attachments beyond it', async () => {
    const { first } = await reading()
    const bytes = new Uint8Array(LIMITS.window)
    const tag = (): unknown => ({ $: ['bytes', 0, 'Buffer'] })
    end.receive(['chunk', 7, tag()], [bytes])
    await first
    expect(end.bad).toEqual([])
    end.receive(['chunk', 7, tag()], [bytes])
    end.receive(['chunk', 7, tag()], [bytes])
    expect(end.bad).toMatchObject([{ code: 'DS_PROTOCOL' }])
  })

  it('sends attachments beyond it in one chunk, each to an item of its own', async () => {
    const { stream, first } = await reading()
    const bytes = Array.from({ length: 4 }, () => new Uint8Array(LIMITS.window / 2))
    end.receive(['chunk', 7, ...bytes.map((_, number) => ({ $: ['bytes', number, 'Buffer'] }))], bytes)
    await first
    expect(end.bad).toMatchObject([{ code: 'DS_PROTOCOL' }])
    expect((await untilError(stream)).items).toHaveLength(1)
  })

  it('sends an item that cannot be read: the stream ends behind those before', async () => {
    const { stream, first } = await reading()
    end.receive(['chunk', 7, 1, 2, { $: ['nonsense'] }, 3])
    expect(await first).toEqual({ value: 1, done: false })
    expect(await untilError(stream)).toEqual({ items: [2], error: 'unknown tag' })
    expect(end.sent.at(-1)).toMatchObject(['stop', 7, { code: 'DS_PROTOCOL' }])
    expect(end.bad).toHaveLength(1)
    expectEmpty(end)
  })

  it('goes on after its end, ends twice, fails twice', async () => {
    const { stream, first } = await reading()
    for (const message of [
      ['chunk', 7, 1],
      ['end', 7],
      ['end', 7],
      ['fail', 7, ERROR],
      ['fail', 7, ERROR],
      ['chunk', 7, 2],
    ]) {
      end.receive(message)
    }
    expect(await first).toEqual({ value: 1, done: false })
    expect(await all(stream)).toEqual([])
    expect(end.bad).toEqual([])
    expectEmpty(end)
  })

  it('fails and then ends: the failure stands', async () => {
    const { stream, first } = await reading()
    end.receive(['fail', 7, ERROR])
    end.receive(['end', 7])
    await expect(first).rejects.toThrow('theirs')
    expect(await untilError(stream)).toEqual({ items: [], error: 'theirs' })
  })

  it('sends the rubbish of a stream that is gone: it is read, and dropped', () => {
    end.receive(['chunk', 9, { $: ['nonsense'] }, 1])
    expect([end.bad, end.sent, end.streams.size]).toEqual([[], [], 0])
  })

  it('sends thousands of them: what is behind the first bad one is not looked at', () => {
    const read = vi.spyOn(end.streams.port, 'read')
    end.receive(['chunk', 9, 1, ...Array.from({ length: 1_000 }, () => ({ $: ['nonsense'] }))])
    expect(read).toHaveBeenCalledTimes(2)
  })

  it('sends several items with bytes, which each of them would take', async () => {
    const { stream, first } = await reading()
    const item = (): object => ({ $: ['bytes', 0, 'Buffer'] })
    end.receive(['chunk', 7, item(), item(), 1], [Buffer.from('x')])
    expect(await first).toEqual({ done: false, value: Buffer.from('x') })
    await expect(stream.next()).rejects.toThrow(/no such attachment/)
    expect(end.bad).toMatchObject([{ code: 'DS_PROTOCOL' }])
    expectEmpty(end)
  })

  it('uses a number twice', async () => {
    const { first } = await reading()
    expect(() => end.streams.take(7, 'web')).toThrow(/expected a new stream, received 7/)
    end.receive(['end', 7])
    await first
    end.streams.take(7, 'web')
    expect(end.streams.incoming).toBe(1)
  })

  it.each<[Form, unknown]>([
    ['node', null],
    ['bytes', 5],
    ['bytes', { a: 1 }],
    ['bytes', null],
  ])('sends a Readable (%s) what none can have: %j', async (form, item) => {
    const readable = end.streams.take(7, form) as Readable
    const seen: unknown[] = []
    const failed = once(readable, 'error')
    readable.on('data', (came) => seen.push(came))
    await turns(1)
    end.receive(['chunk', 7, 'first', item, 'last'])
    expect((await failed)[0]).toMatchObject({ code: 'DS_PROTOCOL' })
    expect(seen.map(String)).toEqual(['first'])
    expect(readable.readableEnded).toBe(false)
    expect(end.bad).toHaveLength(1)
    expectEmpty(end)
  })
})
