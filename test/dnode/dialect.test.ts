/** The messages of the dialect, byte by byte: what is written, what is taken, and what is not looked at. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { answerIdOf, callIdOf, isCall, readDialect } from '../../lib/dnode/dialect/read.js'
import { writeDialect } from '../../lib/dnode/dialect/write.js'
import { readHello, writeHello } from '../../lib/dnode/hello.js'
import type { DialectMessage, Message } from '../../lib/dnode/messages.js'
import { writeStream } from '../../lib/dnode/streams/messages.js'
import type { StreamMessage } from '../../lib/dnode/streams/port.js'
import type { Carried } from '../../lib/dnode/values/carried.js'
import { writeWireError } from '../../lib/dnode/wire-error.js'
import { textOf } from '../support/sources.js'
import { BAD_CALLS, BAD_MESSAGES } from './bad.js'
import { methodsRow, withRaw } from './pair.js'

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

const valuesOf = (...values: unknown[]): Carried => ({ values })

/** Each message beside its text, which stands for it in either direction. */
const MESSAGES: readonly (readonly [text: string, message: Message])[] = [
  ['["call",0,3,"beep"]', { type: 'call', id: 0, method: 3, values: valuesOf('beep') }],
  ['["call",1,"$describe"]', { type: 'call', id: 1, method: '$describe', values: valuesOf() }],
  ['["call",2,0,null,[],{}]', { type: 'call', id: 2, method: 0, values: valuesOf(null, [], {}) }],
  [
    '[{"timeout":1500},"call",3,0,"beep"]',
    { type: 'call', id: 3, method: 0, values: valuesOf('beep'), timeout: 1_500 },
  ],
  ['[{"timeout":null},"call",3,0]', { type: 'call', id: 3, method: 0, values: valuesOf(), timeout: null }],
  [
    `[{"timeout":0,"traceparent":"${TRACE}"},"call",4,0,{"$":["function",1]},[{"$":["ref",0]}]]`,
    {
      type: 'call',
      id: 4,
      method: 0,
      values: valuesOf({ $: ['function', 1] }, [{ $: ['ref', 0] }]),
      timeout: 0,
      traceparent: TRACE,
    },
  ],
  ['["notify",7,"BOOP"]', { type: 'call', id: null, method: 7, values: valuesOf('BOOP') }],
  [
    '["notify",7,{"$":["yours",2]}]',
    { type: 'call', id: null, method: 7, values: valuesOf({ $: ['yours', 2] }) },
  ],
  ['["answer",5]', { type: 'answer', id: 5, values: valuesOf() }],
  ['["answer",5,"BOOP"]', { type: 'answer', id: 5, values: valuesOf('BOOP') }],
  [
    '["answer",5,{"stop":{"$":["function",2]}}]',
    { type: 'answer', id: 5, values: valuesOf({ stop: { $: ['function', 2] } }) },
  ],
  ['["done",0,7]', { type: 'done', ids: [0, 7] }],
  ['["pipe",6,[3],[]]', { type: 'pipe', id: 6, paths: [3], values: valuesOf([]) }],
  [
    '[{"timeout":5},"pipe",6,["login","profile.name",""],["ann",[1]],[],[null]]',
    {
      type: 'pipe',
      id: 6,
      paths: ['login', 'profile.name', ''],
      values: valuesOf(['ann', [1]], [], [null]),
      timeout: 5,
    },
  ],
  [
    '["error",6,{"name":"TypeError","message":"no","ran":"yes"}]',
    { type: 'error', id: 6, error: { name: 'TypeError', message: 'no', ran: 'yes' } },
  ],
  ['["cancel",3]', { type: 'cancel', id: 3 }],
  ['["ping"]', { type: 'ping' }],
  ['["pong"]', { type: 'pong' }],
  ['["release",3,1,0,2]', { type: 'release', counts: [3, 1, 0, 2] }],
  ['["abort",4]', { type: 'abort', id: 4, values: valuesOf() }],
  ['["abort",4,{"why":1}]', { type: 'abort', id: 4, values: valuesOf({ why: 1 }) }],
  ['["chunk",2,"a",[1]]', { type: 'chunk', id: 2, items: valuesOf('a', [1]) }],
  ['["credit",2,262144]', { type: 'credit', id: 2, bytes: 262_144 }],
  ['["end",2]', { type: 'end', id: 2 }],
  [
    '["fail",2,{"name":"Error","message":"no","ran":"yes"}]',
    { type: 'fail', id: 2, error: Object.assign(new Error('no'), { ran: 'yes' }) },
  ],
  ['["stop",2]', { type: 'stop', id: 2, error: null }],
  ['["cull",0,4]', { type: 'cull', ids: [0, 4] }],
  ['["changed","draining",2]', { type: 'changed', state: 'draining', revision: 2 }],
]

const read = (text: string): Message => readDialect(JSON.parse(text))

const STREAM = ['chunk', 'credit', 'end', 'fail', 'stop']

/** As a session writes it: what is said of a stream is written by the streams. */
function write(message: Message): string {
  const row = STREAM.includes(message.type)
    ? writeStream(message as StreamMessage, (error) => writeWireError(error, 'yes'))
    : writeDialect(message as DialectMessage)
  return JSON.stringify(row)
}

describe('dialect - bytes', () => {
  it.each(MESSAGES)('dialect - %s is written and read', (text, message) => {
    expect(write(message)).toBe(text)
    expect(read(text)).toEqual(message)
  })

  const bad = Object.entries({ ...BAD_MESSAGES, ...BAD_CALLS })

  it.each(bad.filter(([, message]) => typeof message !== 'string'))(
    'dialect - %s is refused as a breach of the protocol',
    (_name, message) => {
      expect(() => readDialect(JSON.parse(JSON.stringify(message)))).toThrow(
        expect.objectContaining({ code: 'DS_PROTOCOL' }) as Error,
      )
    },
  )
})

describe('dialect - the page', () => {
  const rows = [...textOf('docs/protocol.md').matchAll(/^[AB]>[AB] (?:\+[\d,]+ )?(\[.*)$/gm)].map(
    (match) => match[1] ?? '',
  )

  it.each(rows)('dialect - %s is a row as we write and read it', (row) => {
    const messages = (JSON.parse(row) as unknown[]).map((message) => readDialect(message))
    expect(`[${messages.map(write).join()}]`).toBe(row)
  })

  it('dialect - the hello of the page is one as we write and read it, with every field of its table', () => {
    const [, page = ''] = /^## Hello\n([^]*?)^## /m.exec(textOf('docs/protocol.md')) ?? []
    const said = /^B>A .*"dservice":(.*)}$/m.exec(page)?.[1] ?? ''
    const hello = readHello(JSON.parse(said))!
    expect(JSON.stringify(writeHello(hello))).toBe(said)
    const fields = [...page.matchAll(/^\| (`[^|]*`) +\|/gm)].flatMap((row) => row[1]!.match(/\w+/g) ?? [])
    expect(new Set(fields)).toEqual(new Set(Object.keys(writeHello({ ...hello, types: ['money'] }))))
  })

  it.each([
    undefined,
    null,
    1,
    '',
    'sha256-',
    `sha256-${'A'.repeat(64)}`,
    `sha256-${'0'.repeat(65)}`,
    `md5-${'0'.repeat(64)}`,
  ])('dialect - the contract %j of a hello is none, and takes nothing away', (contract) => {
    const [, page = ''] = /^## Hello\n([^]*?)^## /m.exec(textOf('docs/protocol.md')) ?? []
    const said = JSON.parse(/^B>A .*"dservice":(.*)}$/m.exec(page)?.[1] ?? '') as object
    const { contract: _whole, ...rest } = readHello(said)!.identity!
    expect(readHello({ ...said, contract })).toMatchObject({ identity: rest })
    expect(readHello({ ...said, contract })!.identity).not.toHaveProperty('contract')
  })

  it('dialect - the page has a row in its table for every kind, as we write it', () => {
    const kinds = MESSAGES.flatMap(([text]) => /^\[(?:\{[^}]*\},)?"(\w+)"/.exec(text)?.[1] ?? [])
    const [, page = ''] = textOf('docs/protocol.md').split('## Dialect\n')
    const cells = [...page.matchAll(/^\| `\[".*?(?= \| )/gm)].join()
    const said = [...cells.matchAll(/`\["(\w+)"/g)].map((match) => match[1])
    expect(new Set(said)).toEqual(new Set(kinds))
  })

  it('dialect - the page shows rows, and its drawing too', () => {
    expect(rows.length).toBeGreaterThan(7)
    const drawn = [...textOf('docs/protocol.md').matchAll(/^\|.* (\[\[.*?\]\])/gm)].map(
      (match) => match[1] ?? '',
    )
    expect(drawn.map((row) => readDialect((JSON.parse(row) as unknown[])[0]).type)).toEqual([
      'call',
      'answer',
    ])
  })
})

describe('dialect - what versions may add', () => {
  it.each(MESSAGES)('dialect - %s may have more in its head', (text, message) => {
    const [first, ...rest] = JSON.parse(text) as unknown[]
    const more = '"more":{"$":["function",9]},"callbacks":{"9":["0"]},"links":7,"__proto__":{"timeout":1}'
    const old = typeof first === 'string' ? '{' : `${JSON.stringify(first).slice(0, -1)},`
    const kept = typeof first === 'string' ? [first, ...rest] : rest
    expect(read(`[${old}${more}},${JSON.stringify(kept).slice(1)}`)).toEqual(message)
  })

  const CLOSED = ['error', 'cancel', 'ping', 'pong', 'changed', 'credit', 'end', 'fail']

  it.each(MESSAGES.filter(([, { type }]) => CLOSED.includes(type)))(
    'dialect - what stands behind %s is not looked at',
    (text, message) => {
      expect(read(text.replace(/]$/, ',{"__proto__":1},null,"more"]'))).toEqual(message)
    },
  )

  it('dialect - a second value of an answer is not looked at', async () => {
    const { send, session } = await withRaw({})
    await send(methodsRow())
    const call = session.call('$x', [], { timeout: 1_000 })
    await send([['answer', 0, 'one', 'two']])
    expect(await call).toEqual({ ok: true, value: 'one' })
  })

  it('dialect - a head may be empty, and say what is not of its kind', () => {
    const plain = { type: 'answer', id: 5, values: valuesOf('x') }
    expect(read('[{"timeout":"x","traceparent":7},"answer",5,"x"]')).toEqual(plain)
    expect(read('[{},"answer",5,"x"]')).toEqual(plain)
  })

  it('dialect - a trace context that is none is as none, a deadline that is none is refused', () => {
    const plain = { type: 'call', id: 1, method: 0, values: valuesOf() }
    for (const trace of ['x', 7, null, {}, `${TRACE} `]) {
      expect(readDialect([{ traceparent: trace }, 'call', 1, 0])).toEqual(plain)
    }
    for (const timeout of [-1, '1', {}, []]) {
      expect(() => readDialect([{ timeout }, 'call', 1, 0])).toThrow('"timeout"')
    }
    // nobody waits for a one-way call
    expect(readDialect([{ timeout: -1, traceparent: TRACE }, 'notify', 0])).toEqual({ ...plain, id: null })
  })
})

describe('dialect - what is said where', () => {
  it('dialect - a value is never taken for a head, nor for a kind', () => {
    const values = [{ timeout: -1 }, 'ping', 'call', 3]
    expect(readDialect(['notify', 0, ...values])).toEqual({
      type: 'call',
      id: null,
      method: 0,
      values: valuesOf(...values),
    })
    expect(readDialect(['answer', 0, 'error'])).toMatchObject({ type: 'answer', values: valuesOf('error') })
  })

  it('dialect - a function may stand anywhere in the values, and nothing in a head is one', async () => {
    const { send, session, rows } = await withRaw({
      kind: (...values: unknown[]) => values.map((v) => typeof v),
    })
    await send(methodsRow())
    const call = session.call('$x', [], { timeout: 1_000 })
    await send([
      ['call', 1, 0, { $: ['function', 3] }, [1]],
      [{ callbacks: { 3: ['0'] }, timeout: 1_000 }, 'call', 2, 0, 'x'],
      ['answer', 0, { $: ['function', 4] }],
    ])
    expect(rows.at(-1)).toEqual([
      ['answer', 1, ['function', 'object']],
      ['answer', 2, ['string']],
    ])
    expect(await call).toEqual({ ok: true, value: expect.any(Function) as unknown })
  })

  it('dialect - the function in last place of a notify is told what the method returned', async () => {
    const { send, rows } = await withRaw({ f: () => 'value' })
    await send(methodsRow(), [['notify', 0, 'x', { $: ['function', 3] }]])
    expect(rows.at(-1)).toEqual([['notify', 3, null, 'value']])
  })

  it('dialect - a row with keys between arrays is a classic one: one way, whatever id is in it', async () => {
    const seen: unknown[] = []
    const { send, rows, session } = await withRaw({ f: (value: unknown) => void seen.push(value) })
    await send(methodsRow())
    rows.length = 0
    await send([['notify', 0, 1]], { method: 0, arguments: [2], id: 5 }, [], [['notify', 'f', 3]])
    expect([seen, rows, session.isClosed]).toEqual([[1, 2, 3], [], false])
  })
})

describe('dialect - messages that are bad otherwise', () => {
  it.each<[message: unknown, isCall: boolean, call: number | null, answer: number | null]>([
    [['call', 3], true, 3, null],
    [[{}, 'call', 3], true, 3, null],
    [[null, 'call', 3], true, 3, null],
    [['call'], true, null, null],
    [['call', '3'], true, null, null],
    [['notify', 3], true, null, null],
    [['pipe', 3, 'x'], true, 3, null],
    [[{}, 'pipe', 3], true, 3, null],
    [['pipe', -3], true, null, null],
    [[7, 'notify'], true, null, null],
    [['answer', 3], false, null, 3],
    [[{}, 'error', 3], false, null, 3],
    [['error', -1], false, null, null],
    [['cancel', 3], false, null, null],
    [['done', 3], false, null, null],
    [['chunk', 3], false, null, null],
    [['fail', 3], false, null, null],
    [['release', 3], false, null, null],
    [['abort', 3], false, null, null],
    [[{}, {}, 'call', 3], false, null, null],
    [[], false, null, null],
    [[{}], false, null, null],
    [{ method: 0, id: 3 }, false, null, null],
    [{ answer: 3 }, false, null, null],
    ['call', false, null, null],
    [null, false, null, null],
  ])('dialect - %j makes work or not, and who waits for it is known', (message, work, call, answer) => {
    expect([isCall(message), callIdOf(message), answerIdOf(message)]).toEqual([work, call, answer])
  })
})

describe('dialect - what a hello allows', () => {
  it('dialect - a peer that takes more than we do is sent what we would take', () => {
    const most = { row: 1e15, attached: 1e15, pending: 1e9, depth: 1e9, nodes: 1e9 }
    const { row, attachedRow: attached, pending, depth, nodes } = LIMITS
    expect(readHello({ protocol: 1, limits: most })?.limits).toEqual({ row, attached, pending, depth, nodes })
    const less = { row: 70_000, attached: 5, pending: 3, depth: 20, nodes: 1_000 }
    expect(readHello({ protocol: 1, limits: less })?.limits).toEqual(less)
  })

  it('dialect - a peer that says nothing of attachments takes none, and one that names no types or methods has none', () => {
    const limits = { row: 70_000, pending: 3, depth: 20, nodes: 1_000 }
    expect(readHello({ protocol: 1, limits })).toMatchObject({
      limits: { attached: 0 },
      types: [],
      idempotent: [],
    })
    expect(readHello({ protocol: 1, limits, types: ['money'] })?.types).toEqual(['money'])
    for (const types of [
      7,
      'money',
      [7],
      [null],
      ['x'.repeat(257)],
      Array.from({ length: 1_001 }, () => 'x'),
    ])
      expect(() => readHello({ protocol: 1, limits, types })).toThrow('"types"')
    for (const idempotent of [
      {},
      'get',
      null,
      ['get', 7],
      [['get']],
      Array.from({ length: 1_001 }, () => 'x'),
    ])
      expect(() => readHello({ protocol: 1, limits, idempotent })).toThrow('"idempotent"')
    const most = [...Array.from({ length: 999 }, () => '$x'), 'é'.repeat(30_000)]
    expect(readHello({ protocol: 1, limits, idempotent: most })?.idempotent).toEqual(most)
    for (const attached of [-1, 0.5, '5', null])
      expect(() => readHello({ protocol: 1, limits: { ...limits, attached } })).toThrow('"attached"')
  })
})
