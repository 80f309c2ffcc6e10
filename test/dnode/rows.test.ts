/** Rows byte for byte: what npm's dnode writes and what a dservice peer adds, in both directions. */
import { describe, expect, it } from 'vitest'
import { memoryPair } from '../../lib/wire/memory.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { Session } from '../../lib/dnode/session.js'
import { Exports } from '../../lib/dnode/refs/exports.js'
import { Imports } from '../../lib/dnode/refs/imports.js'
import { scrub } from '../../lib/dnode/scrub.js'
import { unscrub } from '../../lib/dnode/unscrub.js'
import { readClassic, writeClassic } from '../../lib/dnode/classic.js'
import { DEFAULTS, LIMITS } from '../../lib/base/options.js'
import type { Message } from '../../lib/dnode/messages.js'
import { hello, IDENTITY, methodsRow, two, valueOf, withRaw } from './pair.js'

type Method = (...args: unknown[]) => void

/** Recorded from npm's dnode 1.2.2: a client calls transform twice, the second time with a cycle, and the server answers. */
const RECORDED = {
  client: '{"method":"methods","arguments":[{}],"callbacks":{},"links":[]}',
  server:
    '{"method":"methods","arguments":[{"transform":"[Function]","nested":{"deep":"[Function]"},"v":1,"nil":null}],"callbacks":{"0":["0","transform"],"1":["0","nested","deep"]},"links":[]}',
  call: '{"method":0,"arguments":["beep","[Function]"],"callbacks":{"0":["1"]},"links":[]}',
  answer: '{"method":0,"arguments":["BOOP"],"callbacks":{},"links":[]}',
  cycle:
    '{"method":0,"arguments":[{"a":1,"me":"[Circular]"},"[Function]"],"callbacks":{"1":["1"]},"links":[{"from":["0"],"to":["0","me"]}]}',
  cull: '{"method":"cull","arguments":[0]}',
}

/** What one session writes, row by row, as text. */
async function textsOf(run: (session: Session) => void, answer?: string): Promise<string[]> {
  const clock = new VirtualClock()
  const [a, raw] = memoryPair({ clock })
  const texts: string[] = []
  raw.open({ row: (row) => texts.push(JSON.stringify(row)), drain: () => undefined })
  const session = new Session(a, { clock, api: {}, hello: null })
  if (answer !== undefined) raw.send(`${answer}\n`)
  await clock.settle()
  run(session)
  await clock.settle()
  return texts
}

describe('rows - classic', () => {
  it('rows - a server writes what the original wrote', async () => {
    const api = {
      transform: (_s: unknown, cb: Method) => cb('BOOP'),
      nested: { deep: () => undefined },
      v: 1,
      nil: null,
    }
    const { rows, send } = await withRaw(api, { hello: null })
    await send(RECORDED.client, RECORDED.call)
    expect(rows.map((row) => JSON.stringify(row))).toEqual([RECORDED.server, RECORDED.answer])
  })

  it('rows - a client writes what the original wrote, functions and cycles included', async () => {
    const texts = await textsOf(({ remote }) => {
      const { transform } = remote as { transform: Method }
      transform('beep', () => undefined)
      const cyclic: Record<string, unknown> = { a: 1 }
      cyclic['me'] = cyclic
      transform(cyclic, () => undefined)
    }, RECORDED.server)
    expect(texts).toEqual([RECORDED.client, RECORDED.call, RECORDED.cycle])
  })

  it('rows - the same function keeps its number, but for its second place in one row', async () => {
    const same = (): void => undefined
    const texts = await textsOf(({ remote }) => {
      const { transform } = remote as { transform: Method }
      transform(same, same)
      transform(same)
    }, RECORDED.server)
    expect(texts.slice(1)).toEqual([
      '{"method":0,"arguments":["[Function]","[Function]"],"callbacks":{"0":["0"],"1":["1"]},"links":[]}',
      '{"method":0,"arguments":["[Function]"],"callbacks":{"0":["0"]},"links":[]}',
    ])
  })

  it('rows - every recorded row is read, and cull is written as it was', () => {
    for (const text of Object.values(RECORDED))
      expect(readClassic(JSON.parse(text)).type).toBeTypeOf('string')
    expect(writeClassic({ type: 'cull', ids: [0] })).toBe(RECORDED.cull)
  })

  it('rows - missing and null fields, and numbers in paths, are taken', async () => {
    const seen: unknown[][] = []
    const { session, send } = await withRaw(
      { f: (...args: unknown[]) => void seen.push(args) },
      { hello: null },
    )
    await send(
      { method: 'methods' },
      { method: 'f' },
      { method: 'f', arguments: [1], callbacks: null, links: null },
    )
    await send({
      method: 0,
      arguments: [{ a: { c: 5 }, b: [0, 0] }],
      links: [{ from: [0, 'a'], to: [0, 'b', 1] }],
      extra: 1,
    })
    expect(seen).toEqual([[], [1], [{ a: { c: 5 }, b: [0, { c: 5 }] }]])
    expect(session.isClosed).toBe(false)
  })

  it('rows - a cull makes the owner forget, and a later call of it fails alone', async () => {
    const fails: string[] = []
    const { session, send } = await withRaw(
      { f: () => 1 },
      { hello: null, onFail: (e) => fails.push(e.message) },
    )
    await send(methodsRow(false), { method: 'cull', arguments: [0] }, { method: 0 })
    expect(session.references.exported).toBe(0)
    expect(fails).toEqual(['no function with number 0 was sent, or it was culled'])
  })

  it('rows - a function that was culled gets a new number when it is sent again', async () => {
    const { session, rows, send } = await withRaw({ f: () => 1 }, { hello: null })
    await send({ method: 'methods', arguments: [{ keep: '' }], callbacks: { 0: [0, 'keep'] } })
    const calls: unknown[] = []
    const cb = (n: unknown): void => void calls.push(n)
    const keep = session.remote['keep'] as Method
    keep(cb)
    await send({ method: 'cull', arguments: [1] })
    keep(cb)
    await send({ method: 1, arguments: ['culled'] }, { method: 2, arguments: ['again'] })
    expect(rows.slice(1).map((row) => (row as { callbacks: object }).callbacks)).toEqual([
      { 1: ['0'] },
      { 2: ['0'] },
    ])
    expect(calls).toEqual(['again'])
  })

  it('rows - a second methods row replaces the remote in place', async () => {
    const { session, send } = await withRaw({}, { hello: null })
    const { remote } = session
    await send(
      { method: 'methods', arguments: [{ a: 1 }] },
      { method: 'methods', arguments: [{ b: '' }], callbacks: { 3: [0, 'b'] } },
    )
    expect([Object.keys(remote), session.methods]).toEqual([['b'], ['b']])
    expect(session.remote).toBe(remote)
  })
})

describe('rows - dialect', () => {
  it('rows - the hello of a service is one more key of its methods row', async () => {
    const { rows } = await withRaw({ transform: () => 1 })
    expect(JSON.stringify(rows[0])).toBe(
      '{"method":"methods","arguments":[{"transform":"[Function]"}],"callbacks":{"0":["0","transform"]},"links":[],"dservice":{"protocol":1,"id":"7f3kq2m5ztw4ybn6ahxd3ejsuc","name":"d1","version":"1.2.0","mesh":"default","state":"ready","started":1767225600000,"timeout":null,"limits":{"row":1048576,"attached":16777216,"pending":10000,"depth":64,"nodes":100000}}}',
    )
  })

  it('rows - the lists of a hello stand before its limits, those that are empty not at all', async () => {
    const said = { types: ['money'], idempotent: ['get', 'users.find'] }
    const sides = { server: { hello: () => ({ ...hello(IDENTITY), ...said }) } }
    const { rows } = await withRaw({}, sides.server)
    expect(JSON.stringify(rows[0])).toContain(
      ',"timeout":null,"types":["money"],"idempotent":["get","users.find"],"limits":{',
    )
    const { client, server } = await two({}, sides)
    expect([client.hello, server.hello]).toEqual([{ ...hello(IDENTITY), ...said }, hello()])
  })

  it('rows - the hello is read: identity of a service, null of a client', async () => {
    const { client, server } = await two({})
    expect(client.hello).toEqual(hello(IDENTITY))
    expect(server.hello).toEqual(hello())
  })

  it('rows - the calls of a turn are one array, and so are their answers', async () => {
    const { session, rows, send } = await withRaw({
      double: (n: number) => n * 2,
      fail: () => {
        throw new TypeError('no')
      },
    })
    await send({ ...methodsRow(), arguments: [{ f: '' }], callbacks: { 5: [0, 'f'] } })
    const calls = [1, 2].map((n) => session.call('f', [n], { timeout: n === 1 ? DEFAULTS.timeout : 1_000 }))
    session.changed('draining', 2)
    await send([
      ['call', 7, 0, 4],
      ['call', 8, 'fail'],
      ['answer', 1, 'two'],
    ])
    expect(rows.slice(1).map((row) => JSON.stringify(row))).toEqual([
      '[["call",0,5,1],[{"timeout":1000},"call",1,5,2],["changed","draining",2]]',
      '[["answer",7,8],["error",8,{"name":"TypeError","message":"no","ran":"yes"}]]',
    ])
    expect(valueOf(await (calls[1] as (typeof calls)[0]))).toBe('two')
  })

  it('rows - nothing of the dialect is sent to a classic peer, nor taken from it', async () => {
    const fails: Error[] = []
    const { session, rows, send } = await withRaw(
      { f: (cb: Method) => cb(1) },
      { onFail: (e) => fails.push(e) },
    )
    session.changed('draining', 1)
    await send(methodsRow(false))
    session.changed('ready', 2)
    await send([['call', 1, 0]], { method: 0, arguments: [''], callbacks: { 0: [0] } })
    expect(rows.slice(1)).toEqual([{ method: 0, arguments: [1], callbacks: {}, links: [] }])
    expect(fails).toHaveLength(1)
    expect(await session.call('f', [], { timeout: 1 })).toMatchObject({
      ok: false,
      error: { code: 'DS_INVALID' },
    })
  })

  it('rows - a message over 16 kB is a row of its own, and the order stays', async () => {
    const { session, rows, send } = await withRaw({})
    await send({ ...methodsRow(), arguments: [{ f: '' }], callbacks: { 5: [0, 'f'] } })
    const { f } = session.remote as { f: Method }
    f(1)
    f('x'.repeat(LIMITS.ownRow))
    f(2)
    f(3)
    await send()
    expect(rows.slice(1).map((row) => (row as Message[]).length)).toEqual([1, 1, 2])
  })

  it('rows - a row larger than the peer takes is refused before it is sent, and the session goes on', async () => {
    const row = LIMITS.helloRow
    const { client, server } = await two(
      { size: (s: string) => s.length, big: () => 'y'.repeat(row) },
      { client: { hello: () => hello(null, { row }) }, server: { hello: () => hello(IDENTITY, { row }) } },
    )
    for (const text of ['x'.repeat(row), '\u0000'.repeat(row / 6), '☔'.repeat(row / 3)]) {
      expect(await client.call('size', [text], { timeout: 1_000 })).toMatchObject({
        ok: false,
        error: { code: 'DS_LIMIT', ran: 'no' },
      })
    }
    expect(await client.call('big', [], { timeout: 1_000 })).toMatchObject({
      ok: false,
      error: { code: 'DS_LIMIT', ran: 'yes' },
    })
    const calls = Array.from({ length: 40 }, () =>
      client.call('size', ['\u0001'.repeat(1_000)], { timeout: 1_000 }),
    )
    expect(new Set((await Promise.all(calls)).map(valueOf))).toEqual(new Set([1_000]))
    expect(server.isClosed).toBe(false)
  })
})

describe('rows - scrub by hand', () => {
  it('rows - a path of a callback is text, and its function comes back at the same place', () => {
    const exports = new Exports()
    const run = (): number => 1
    const values = scrub([{ list: [1, run] }], { exports, limits: LIMITS, root: 'arguments' })
    expect(values.callbacks).toEqual({ 0: ['0', 'list', '1'] })
    const imports = new Imports()
    const [{ list }] = unscrub(JSON.parse(JSON.stringify(values)) as typeof values, imports) as [
      { list: unknown[] },
    ]
    expect(list[1]).toBe(imports.take(0).run)
  })
})
