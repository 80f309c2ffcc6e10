/** Bytes of small messages, which share a row. */
import { expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { Outbox } from '../../lib/dnode/outbox.js'
import { encode } from '../../lib/dnode/values/encode.js'
import { memoryPair } from '../../lib/wire/memory.js'
import { Reader } from '../support/rows.js'
import { hello, methodsRow, withRaw, type Raw } from './pair.js'

/** A session whose peer is raw, and the rows of what is called in one turn. */
async function callsOf(values: readonly unknown[], limits: object = {}): Promise<Raw> {
  const raw = await withRaw({})
  const { dservice } = methodsRow() as { dservice: { limits: object } }
  const taken = { ...dservice, limits: { ...dservice.limits, ...limits } }
  await raw.send({ ...methodsRow(), arguments: [{ f: '' }], callbacks: { 5: [0, 'f'] }, dservice: taken })
  for (const value of values) void raw.session.call('f', [value], { timeout: 30_000 })
  await raw.send()
  raw.rows.shift()
  raw.session.destroy(new Error('done'))
  return raw
}

const tag = (number: number, type = 'Buffer'): object => ({ $: ['bytes', number, type] })

it('behind - messages of a turn share a row, and their bytes are numbered through it', async () => {
  const values = ['before', Buffer.from('ab'), [new Uint16Array([1]), Buffer.alloc(0)], 'after']
  const { rows, attached } = await callsOf(values)
  expect(rows).toEqual([
    [
      ['call', 0, 5, 'before'],
      ['call', 1, 5, tag(0)],
      ['call', 2, 5, [tag(1, 'Uint16Array'), tag(2)]],
      ['call', 3, 5, 'after'],
    ],
  ])
  expect(attached.map((each) => each.map((bytes) => [...bytes]))).toEqual([[[97, 98], [1, 0], []]])
})

it.each<[string, unknown[], number[], object?]>([
  ['more than 16 kB with its bytes', ['a', Buffer.alloc(LIMITS.ownRow), Buffer.alloc(1)], [0, 1, 1]],
  ['64 kB of bytes', Array.from({ length: 9 }, () => Buffer.alloc(LIMITS.ownRow / 2)), [8, 1]],
  [
    '1 000 of them',
    Array.from({ length: 3 }, () => Array.from({ length: 400 }, () => Buffer.alloc(1))),
    [800, 400],
  ],
  [
    'as much as the peer takes',
    Array.from({ length: 5 }, () => Buffer.alloc(4)),
    [2, 2, 1],
    { attached: 10 },
  ],
])('behind - %s are enough for a row', async (_name, values, counts, limits) => {
  const { rows, attached } = await callsOf(values, limits)
  const sizes = rows.map((row) => JSON.stringify(row).split('"bytes"').length - 1)
  expect(sizes).toEqual(counts)
  expect(attached.map((each) => each.length)).toEqual(counts.filter((count) => count > 0))
  const ids = (rows as unknown[][][]).flat().map((message) => message[1])
  expect(ids).toEqual(values.map((_, i) => i))
})

it('behind - a row that is longer than was thought becomes several, each with its own bytes', async () => {
  const [a, b] = memoryPair({ clock: new VirtualClock() })
  b.attachmentLimit = LIMITS.attachedRow
  const reader = new Reader(b)
  const outbox = new Outbox(a)
  outbox.meet({ ...hello().limits, row: LIMITS.helloRow })
  const values = ['x'.repeat(40_000), Buffer.from('a'), 'y'.repeat(40_000), Buffer.from('b')]
  for (const [id, value] of values.entries()) {
    const payload = encode([value], { limits: LIMITS, root: 'arguments', outgoing: null })
    const message = { type: 'answer', id, values: payload } as const
    if (payload.tags.length > 0) outbox.sendAttached(message, 1, payload)
    else outbox.send(message, 1)
  }
  outbox.flush()
  expect(await reader.until(4)).toEqual([
    [['answer', 0, values[0]]],
    [['answer', 1, tag(0)]],
    [['answer', 2, values[2]]],
    [['answer', 3, tag(0)]],
  ])
  expect(reader.attachments.map(String)).toEqual(['', 'a', '', 'b'])
})
