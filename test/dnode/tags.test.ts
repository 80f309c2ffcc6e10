/** Tags and messages about what they stand for, as a hostile peer sends them: each fails alone, and what crosses breaks no rule. */
import { describe, expect, it } from 'vitest'
import type { DServiceError } from '../../lib/base/errors.js'
import { prefixOf } from '../../lib/wire/attachments.js'
import { BAD_VALUES } from './bad.js'
import { hello, IDENTITY, methodsRow, withRaw, type Raw } from './pair.js'

const REFUSED = expect.stringMatching(/^DS_(PROTOCOL|LIMIT|REF_GONE)$/) as string

type Method = (...args: unknown[]) => unknown
type Numbers = AsyncIterableIterator<number>

async function* count(): AsyncGenerator<number> {
  for (let i = 0; i < 3; i++) yield i
}

const api = {
  echo: (x: unknown) => x,
  size: (x: { length: number }) => x.length,
  first: async (stream: Numbers) => (await stream.next()).value,
  count: () => count(),
  hang: (signal: AbortSignal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
}
const [ECHO, SIZE, FIRST, COUNT, HANG] = [0, 1, 2, 3, 4]

async function opened(): Promise<Raw & { fails: string[] }> {
  const fails: string[] = []
  const raw = await withRaw(api, {
    hello: () => hello(IDENTITY),
    onFail: (error) => fails.push((error as DServiceError).code),
  })
  await raw.send(methodsRow())
  raw.rows.length = 0
  return { ...raw, fails }
}

/** The session answers, and that is all it has written since. */
async function expectAlive({ send, rows, session }: Raw): Promise<void> {
  rows.length = 0
  await send([['call', 99, ECHO, 'x']])
  expect([rows, session.isClosed]).toEqual([[[['answer', 99, 'x']]], false])
}

const textOf = (value: unknown): string =>
  typeof value === 'string' && value.startsWith('{') ? value : JSON.stringify(value)

describe('tags - that lie', () => {
  it.each(Object.entries(BAD_VALUES))('tags - %s fails alone, wherever values stand', async (_name, bad) => {
    const raw = await opened()
    const { send, session, rows, fails } = raw
    const value = textOf(bad)
    const call = session.call('$x', [], { timeout: 1_000 })
    await send(`[["notify",${ECHO},${value}]]`)
    expect(fails).toEqual([REFUSED])
    await send(`[["call",1,${ECHO},${value}],["pipe",2,[${ECHO}],[${value}]]]`)
    await send(`[["call",3,${ECHO},1,{"a":[${value}]}],["call",4,${ECHO},"x"]]`)
    expect(rows.slice(1).flat()).toMatchObject([
      ...[1, 2, 3].map((id) => ['error', id, { code: REFUSED, ran: 'no' }]),
      ['answer', 4, 'x'],
    ])
    await send(`[["answer",0,${value}]]`)
    expect(await call).toMatchObject({ ok: false, error: { code: REFUSED, ran: 'yes' } })
    await expectAlive(raw)
    expect(fails).toHaveLength(1)
  })

  it('tags - an item that lies ends its stream for both, and no other', async () => {
    const raw = await opened()
    const { send, rows, fails } = raw
    await send([
      ['call', 1, FIRST, { $: ['stream', 0, 'iterable'] }],
      ['call', 2, FIRST, { $: ['stream', 1, 'iterable'] }],
    ])
    await send([
      ['chunk', 0, { $: ['nothing'] }],
      ['chunk', 1, 'one'],
    ])
    expect(rows.flat()).toMatchObject([
      ['credit', 0, 262_144],
      ['credit', 1, 262_144],
      ['stop', 0, { code: 'DS_PROTOCOL' }],
      ['error', 1, { code: 'DS_PROTOCOL', ran: 'yes' }],
      ['answer', 2, 'one'],
    ])
    expect(fails).toEqual(['DS_PROTOCOL'])
    await expectAlive(raw)
  })

  it('tags - a reason that lies leaves its signal as it was', async () => {
    const raw = await opened()
    const { send, rows, fails } = raw
    await send([['call', 1, HANG, { $: ['signal', 5] }]])
    await send([['abort', 5, { $: ['nothing'] }]])
    expect([rows, fails]).toEqual([[], ['DS_PROTOCOL']])
    await send([['abort', 5, { $: ['error', { name: 'E', message: 'over' }] }]])
    expect(rows.flat()).toMatchObject([['error', 1, { name: 'E', message: 'over', ran: 'yes' }]])
    await expectAlive(raw)
  })
})

describe('tags - bytes', () => {
  const bytes = (...lengths: number[]): Uint8Array[] => lengths.map((n) => Buffer.alloc(n, 0x61))

  async function sent(row: unknown, attachments: Uint8Array[]): Promise<Raw & { fails: string[] }> {
    const raw = await opened()
    raw.raw.send([`${prefixOf(attachments)}${JSON.stringify(row)}\n`, ...attachments])
    await raw.clock.settle()
    return raw
  }

  it('tags - bytes are those of the attachment with their number; one without a tag is nobody and harms none', async () => {
    const raw = await sent(
      [
        ['call', 1, SIZE, { $: ['bytes', 2, 'Buffer'] }],
        ['call', 2, SIZE, 'abc'],
      ],
      bytes(1, 2, 5, 0),
    )
    expect(raw.rows).toEqual([
      [
        ['answer', 1, 5],
        ['answer', 2, 3],
      ],
    ])
    await expectAlive(raw)
  })

  it.each<[string, unknown]>([
    ['an attachment that is not there', { $: ['bytes', 2, 'Buffer'] }],
    ['the one before the first', { $: ['bytes', -1, 'Buffer'] }],
    ['half an attachment', { $: ['bytes', 0.5, 'Buffer'] }],
    ['an attachment twice', [{ $: ['bytes', 0, 'Buffer'] }, { $: ['bytes', 0, 'Uint8Array'] }]],
    ['a type that there is not', { $: ['bytes', 0, 'SharedArrayBuffer'] }],
    ['a type that is inherited', { $: ['bytes', 0, 'constructor'] }],
    ['no whole number of elements', { $: ['bytes', 0, 'Float64Array'] }],
  ])('tags - %s is refused, and fails alone', async (_name, value) => {
    const raw = await sent(
      [
        ['call', 1, ECHO, value],
        ['call', 2, ECHO, 'x'],
      ],
      bytes(3, 4),
    )
    expect(raw.rows).toMatchObject([
      [
        ['error', 1, { code: 'DS_PROTOCOL', ran: 'no' }],
        ['answer', 2, 'x'],
      ],
    ])
    await expectAlive(raw)
  })

  it('tags - bytes are those of the first message that names them: no other shares its memory', async () => {
    const raw = await opened()
    const bytes = { $: ['bytes', 0, 'Buffer'] }
    const calls = [1, 2, 3].map((id) => ['call', id, 0, bytes])
    raw.raw.send([`+1 ${JSON.stringify(calls)}\n`, Buffer.from('x')])
    await raw.clock.settle()
    const refused = { code: 'DS_PROTOCOL', ran: 'no' }
    expect(raw.rows.flat()).toMatchObject([
      ['answer', 1, bytes],
      ['error', 2, refused],
      ['error', 3, refused],
    ])
    await expectAlive(raw)
  })

  it('tags - an attachment that another message took is taken: the second one fails alone, the third has its own', async () => {
    const take = (id: number, number: number): unknown => [
      'call',
      id,
      SIZE,
      { $: ['bytes', number, 'Buffer'] },
    ]
    const raw = await sent(
      [take(1, 0), take(2, 0), take(3, 2), ['call', 4, SIZE, 'x'], take(5, 1)],
      bytes(3, 4, 5),
    )
    expect(raw.rows).toMatchObject([
      [
        ['answer', 1, 3],
        ['error', 2, { code: 'DS_PROTOCOL', ran: 'no' }],
        ['answer', 3, 5],
        ['answer', 4, 1],
        ['answer', 5, 4],
      ],
    ])
    await expectAlive(raw)
  })

  it('tags - a row before the hello has no attachments, and a classic peer never any', async () => {
    for (const before of [[], [methodsRow(false)]]) {
      const { send, raw, clock, session } = await withRaw(api)
      session.ready.catch(() => undefined)
      await send(...before)
      raw.send(['+1 [["ping"]]\n', Buffer.from('x')])
      await clock.settle()
      expect(await session.closed).toMatchObject({ code: 'DS_PROTOCOL' })
    }
  })
})

describe('tags - what crosses', () => {
  it('tags - what is said of streams, signals, references and calls that are gone is no fault', async () => {
    const raw = await opened()
    const { send, fails } = raw
    const gone = Array.from({ length: 300 }, (_, i) => [
      ['chunk', i, 'x', { $: ['nothing'] }],
      ['credit', i, 5],
      ['end', i],
      ['fail', i, { name: 'E', message: 'm', ran: 'yes' }],
      ['stop', i],
      ['abort', i, 'x'],
      ['release', i + 100, 1, i + 100, 2 ** 31 - 1],
      ['done', i],
      ['cancel', i],
    ])
    await send(...gone)
    await expectAlive(raw)
    expect(fails).toEqual([])
  })

  it('tags - sending home often what its owner has forgotten breaks no rule', async () => {
    const raw = await opened()
    await raw.send(Array.from({ length: 300 }, (_, i) => ['call', i, ECHO, { $: ['yours', 77] }]))
    expect(raw.rows.flat()).toHaveLength(300)
    await expectAlive(raw)
  })

  it('tags - methods of the api stay, however often and however high they are released', async () => {
    const raw = await opened()
    const methods = raw.session.references.exported
    await raw.send(
      [['release', ...Array.from({ length: 1_000 }, (_, i) => [i % 10, 2 ** 31 - 1]).flat()]],
      [['release', ECHO, 0]],
    )
    expect(raw.session.references.exported).toBe(methods)
    await expectAlive(raw)
  })

  it('tags - a callback is forgotten when it was released as often as it was sent, and no sooner', async () => {
    const { send, session } = await opened()
    await send({ ...methodsRow(), arguments: [{ keep: '' }], callbacks: { 0: [0, 'keep'] } })
    const before = session.references.exported
    const run = (): void => undefined
    const keep = session.remote['keep'] as Method
    keep(run, [run])
    keep(run)
    await send([['release', 5, 2]])
    expect(session.references.exported).toBe(before + 1)
    await send([['release', 5, 2 ** 31 - 1]])
    expect(session.references.exported).toBe(before)
    await send([['release', 5, 1]])
    expect(session.references.exported).toBe(before)
  })

  it('tags - functions, signals and streams that nobody keeps are let go of, and a stream more than once is refused', async () => {
    const raw = await opened()
    const { send, rows, session } = raw
    const flood = Array.from({ length: 100 }, (_, i) => [
      { $: ['function', i] },
      { $: ['signal', 1_000 + i] },
    ])
    await send([['notify', SIZE, flood]], [['notify', SIZE, flood]])
    expect(session.references.imported).toBe(200)
    await send([
      ['call', 1, SIZE, [{ $: ['stream', 3, 'web'] }]],
      ['call', 2, SIZE, [{ $: ['stream', 3, 'web'] }]],
    ])
    expect(rows.flat()).toMatchObject([
      ['answer', 1, 1],
      ['error', 2, { code: 'DS_PROTOCOL' }],
    ])
    await expectAlive(raw)
    session.destroy(new Error('done'))
    expect([session.references, session.streams]).toEqual([{ exported: 0, imported: 0 }, 0])
  })

  it('tags - a credit past all bounds, and one after the end', async () => {
    const raw = await opened()
    await raw.send([['call', 1, COUNT]])
    await raw.send(Array.from({ length: 50 }, () => ['credit', 0, 2 ** 31 - 1]))
    await raw.send([
      ['credit', 0, 5],
      ['stop', 0],
    ])
    expect(raw.rows.flat()).toEqual([
      ['answer', 1, { $: ['stream', 0, 'iterable'] }],
      ['chunk', 0, 0, 1, 2],
      ['end', 0],
    ])
    await expectAlive(raw)
  })

  it('tags - answers of nothing to many calls at once fit into the rows that the peer takes', async () => {
    const [row, most] = [65_536, 9_000]
    const ends: (() => void)[] = []
    const { raw, clock, rows, send, session } = await withRaw({
      wait: () => new Promise<void>((resolve) => ends.push(resolve)),
    })
    await send({ ...methodsRow(), dservice: { protocol: 1, limits: { ...hello().limits, row } } })
    raw.rowLimit = row
    await send(Array.from({ length: most }, (_, i) => ['call', 2 ** 31 - most + i, 0]))
    for (let i = 0; i < 100 && session.running < most; i++) await clock.settle()
    for (const end of ends) end()
    await clock.settle()
    const done = rows.slice(1).flat() as [string, ...number[]][]
    expect(done.every(([kind]) => kind === 'done')).toBe(true)
    expect(done.flatMap(([, ...ids]) => ids)).toHaveLength(most)
  })
})
