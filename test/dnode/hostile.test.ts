/** What a peer may send: nothing of it harms the process, other calls, or other peers, and nobody waits for ever. */
import net from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { DServiceError } from '../../lib/base/errors.js'
import { LIMITS } from '../../lib/base/options.js'
import { dnode, type Dnode } from '../../lib/dnode/index.js'
import { BAD, BAD_CALLS, BAD_MESSAGES, BAD_ROWS, inDialect, laughs, nested } from './bad.js'
import { methodsRow, withRaw, type Raw } from './pair.js'

type Method = (...args: unknown[]) => void

const api = {
  echo: (x: unknown) => x,
  call: (cb: Method) => cb('ok'),
  walk: (x: unknown) => JSON.stringify(x).length,
  deep: { er: () => 1 },
}

/** A text that is JSON as it stands, or what stands for it. */
const textOf = (row: unknown): string =>
  typeof row === 'string' && /^[["{]/.test(row) ? row : JSON.stringify(row)

async function opened(isDialect: boolean): Promise<Raw & { fails: Error[] }> {
  const fails: Error[] = []
  const raw = await withRaw(api, { onFail: (error) => fails.push(error) })
  await raw.send(methodsRow(isDialect))
  raw.rows.length = 0
  return { ...raw, fails }
}

describe('hostile - rows before the methods row', () => {
  for (const [name, row] of Object.entries({
    ...BAD,
    ...BAD_ROWS,
    'a call': { method: 0 },
    'an array': [],
    'a web page': 'POST / HTTP/1.1\r\nHost: x\r\n',
  })) {
    it(`hostile - ${name} as the first row ends the connection`, async () => {
      const { send, session } = await withRaw(api)
      const failure = session.ready.then(
        () => null,
        (error: unknown) => error,
      )
      await send(row)
      expect(await session.closed).toMatchObject({
        code: expect.stringMatching(/DS_(PROTOCOL|LIMIT)/) as string,
      })
      expect(await failure).toMatchObject({ code: expect.stringMatching(/DS_(PROTOCOL|LIMIT)/) as string })
      expect(session.references).toEqual({ exported: 0, imported: 0 })
    })
  }

  it('hostile - a hello that breaks a rule is a bad row', async () => {
    const { protocol, limits } = (methodsRow() as { dservice: { protocol: number; limits: object } }).dservice
    const identity = { id: 'abc', name: 'd1', version: '1.0.0', mesh: 'm', state: 'ready', started: 1 }
    const bad = [
      1,
      null,
      [],
      { protocol: 0, limits },
      { protocol: 'x', limits },
      { protocol },
      { protocol, limits: { ...limits, row: 10 } },
      { protocol, limits: { ...limits, nodes: 1_000.5 } },
      { protocol, limits: { ...limits, nodes: 999 } },
      { protocol, limits: { ...limits, depth: 15 } },
      { protocol, limits: { ...limits, pending: 0 } },
      { protocol, limits, types: {} },
      { protocol, limits, idempotent: {} },
      { protocol, limits, idempotent: ['get', null] },
      { protocol, limits, idempotent: Array.from({ length: 1_001 }, () => 'get') },
      ...Object.keys(identity).map((key) => ({ protocol, limits, ...identity, [key]: {} })),
      { protocol, limits, id: 'abc' },
      { protocol, limits, ...identity, name: '../etc' },
      { protocol, limits, ...identity, version: '^1' },
      { protocol, limits, ...identity, name: 'd'.repeat(300) },
    ]
    for (const dservice of bad) {
      const { send, session } = await withRaw(api)
      session.ready.then(
        () => null,
        () => null,
      )
      await send({ ...methodsRow(false), dservice })
      expect([JSON.stringify(dservice), await session.closed]).toMatchObject([
        JSON.stringify(dservice),
        { code: 'DS_PROTOCOL' },
      ])
    }
  })

  it('hostile - a newer protocol and unknown fields of a hello are welcome', async () => {
    const { limits } = (methodsRow() as { dservice: { limits: object } }).dservice
    const { send, session } = await withRaw(api)
    await send({ ...methodsRow(), dservice: { protocol: 9, limits: { ...limits, more: 1 }, more: {} } })
    await session.ready
    expect(session.hello?.protocol).toBe(9)
  })
})

describe('hostile - rows after the methods row', () => {
  for (const [name, row] of Object.entries({ ...BAD, ...BAD_ROWS })) {
    it(`hostile - ${name} as a classic row fails alone`, async () => {
      const { send, session, rows, fails } = await opened(false)
      await send(row, { method: 0, arguments: ['x', ''], callbacks: { 3: [1] } })
      expect(fails).toHaveLength(1)
      expect(fails[0]).toMatchObject({
        code: expect.stringMatching(/DS_(PROTOCOL|LIMIT|NO_METHOD)/) as string,
      })
      expect(rows).toEqual([{ method: 3, arguments: [null, 'x'], callbacks: {}, links: [] }])
      expect(session.isClosed).toBe(false)
    })
  }

  const messages = Object.entries(BAD).map(([name, row]) => [name, inDialect(row)] as const)
  for (const [name, message] of [...messages, ...Object.entries(BAD_MESSAGES)]) {
    it(`hostile - ${name} in an array row fails alone`, async () => {
      const { send, session, rows, fails } = await opened(true)
      const pending = session.call('$x', [], { timeout: 1_000 })
      await send()
      await send(`[${textOf(message)},["call",9,0,"x"]]`)
      expect(rows.at(-1)).toEqual([['answer', 9, 'x']])
      expect(session.isClosed).toBe(false)
      session.destroy(new Error('done'))
      const { error } = (await pending) as unknown as { error: Error }
      // a bad answer is told to the call that waits for it, and nobody else
      const told = [...fails, error].map((failure) => (failure as DServiceError).code)
      expect(told.filter((code) => code !== 'DS_DISCONNECTED')).toEqual([
        expect.stringMatching(/DS_(PROTOCOL|LIMIT|NO_METHOD)/),
      ])
    })
  }

  for (const [name, message] of Object.entries(BAD_CALLS)) {
    it(`hostile - ${name} is answered, and fails alone`, async () => {
      const { send, session, rows, fails } = await opened(true)
      await send(`[${textOf(message)},["call",9,0,"x"]]`)
      expect(rows).toMatchObject([
        [
          ['error', 3, { code: expect.stringMatching(/DS_(PROTOCOL|LIMIT)/) as string, ran: 'no' }],
          ['answer', 9, 'x'],
        ],
      ])
      expect([fails, session.isClosed]).toEqual([[], false])
    })
  }

  it('hostile - a bad call with an id is answered by an error that did not run', async () => {
    const { send, rows } = await opened(true)
    await send([
      ['call', 1, 0, { $: ['nothing'] }],
      ['call', 2, 99],
      ['call', 3, 'echo', laughs(40)],
      ['call', 4, '$no'],
      ['call', 5],
      ['call', 6, null, 'x'],
      [7, 'call', 7, 0],
      [{ timeout: -1 }, 'call', 8, 0],
      ['call', 9, 'cull', 1],
      ['call', 10, 'methods', {}],
    ])
    const errors = (rows[0] as [string, number, { code: string; ran: string }][]).map(
      ([kind, id, { code, ran }]) => `${kind} ${id} ${code} ${ran}`,
    )
    const no = (id: number, code: string): string => `error ${id} ${code} no`
    expect(errors).toEqual([
      no(1, 'DS_PROTOCOL'),
      no(2, 'DS_NO_METHOD'),
      no(3, 'DS_LIMIT'),
      no(4, 'DS_NO_METHOD'),
      ...[5, 6, 7, 8].map((id) => no(id, 'DS_PROTOCOL')),
      ...[9, 10].map((id) => no(id, 'DS_NO_METHOD')),
    ])
  })

  it('hostile - a bad answer fails the call that waits for it, and no other', async () => {
    const { send, session } = await opened(true)
    const calls = Array.from({ length: 4 }, () => session.call('$x', [], { timeout: 1_000 }))
    await send([
      [7, 'answer', 0, 'x'],
      ['error', 1, 7],
      ['answer', 2, { $: ['ref', 7] }],
      ['answer', 3, 4],
      ['answer', 3, 5],
    ])
    const outcomes = await Promise.all(calls)
    expect(outcomes.slice(0, 3)).toMatchObject(
      [1, 2, 3].map(() => ({ ok: false, error: { code: 'DS_PROTOCOL', ran: 'yes' } })),
    )
    expect(outcomes[3]).toEqual({ ok: true, value: 4 })
  })

  it('hostile - properties of an error do not pose as what it is', async () => {
    const { send, session } = await opened(true)
    const call = session.call('$x', [], { timeout: 1_000 })
    const properties = {
      toString: 'x',
      valueOf: 1,
      cause: 'other',
      message: 'other',
      name: 'Other',
      stack: 'none',
      ran: 'no',
      code: 'DS_REFUSED',
      fine: 1,
    }
    await send([['error', 0, { name: 'TypeError', message: 'm', ran: 'yes', properties }]])
    const { error } = (await call) as unknown as { error: Error & Record<string, unknown> }
    expect([error.name, error.message, error['ran'], error['code'], error['fine']]).toEqual([
      'TypeError',
      'm',
      'yes',
      undefined,
      1,
    ])
    expect(error.stack).not.toBe('none')
    expect([String(error), 'cause' in error]).toEqual(['TypeError: m', false])
  })

  it('hostile - a code of ours that tells of another call never says that this one may be made again', async () => {
    const { send, session } = await opened(true)
    const codes = [
      'DS_REFUSED',
      'DS_DISCONNECTED',
      'DS_CLOSED',
      'DS_TIMEOUT',
      'DS_INSECURE',
      'DS_MADE_UP',
      'E_X',
    ]
    const calls = codes.map(() => session.call('$x', [], { timeout: 1_000 }))
    const wire = { name: 'DServiceError', message: 'm', ran: 'no' }
    await send(codes.map((code, id) => ['error', id, { ...wire, code }]))
    const errors = (await Promise.all(calls)).map((o) => (o as unknown as { error: DServiceError }).error)
    expect(errors.map((error) => [error.code, error.ran, error instanceof DServiceError])).toEqual([
      ['DS_REFUSED', 'no', true],
      ['DS_DISCONNECTED', 'maybe', true],
      ['DS_CLOSED', 'maybe', true],
      ['DS_TIMEOUT', 'maybe', true],
      ['DS_INSECURE', 'maybe', true],
      ['DS_MADE_UP', 'maybe', false],
      ['E_X', 'no', false],
    ])
  })

  it('hostile - a row of nothing but bad messages ends the connection after a hundred', async () => {
    const { send, session, fails } = await opened(true)
    await send(Array.from({ length: 50_000 }, () => 1))
    expect(await session.closed).toMatchObject({ code: 'DS_PROTOCOL' })
    expect(fails).toHaveLength(100)
  })

  it('hostile - bad rows end the connection after a hundred without a good one between', async () => {
    for (const isDialect of [true, false]) {
      const { send, session, fails } = await opened(isDialect)
      for (let i = 0; i < 3; i++) {
        await send(...Array.from({ length: 60 }, () => 1), { method: 0, arguments: [1] })
      }
      expect([session.isClosed, fails.length]).toEqual([false, 180])
      await send(...Array.from({ length: 101 }, () => (isDialect ? [1] : 1)))
      expect(await session.closed).toMatchObject({ code: 'DS_PROTOCOL' })
    }
  })

  it('hostile - asking often for what is not there breaks no rule', async () => {
    const { send, session, rows } = await opened(true)
    await send(Array.from({ length: 300 }, (_, id) => ['call', id, '$no']))
    expect(rows.flat()).toHaveLength(300)
    expect(session.isClosed).toBe(false)
  })

  it('hostile - nesting that would keep the parser busy ends the connection', async () => {
    const { send, session } = await opened(true)
    await send(`[["notify",0,${nested(60_000)}]]`)
    expect(await session.closed).toMatchObject({ code: 'DS_LIMIT' })
  })

  it('hostile - an error shows little of what is long', async () => {
    const { send, fails } = await opened(true)
    const long = 'x'.repeat(100_000)
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`${i}${long.slice(0, 50)}`, i]))
    await send([{ [long]: 1 }, [long], ['notify', many], ['notify', long]])
    await send([
      ['notify', 0, { $: [long] }],
      ['notify', 0, { [long]: { $: ['url', long] } }],
    ])
    expect(fails.map(({ message }) => message.length < 400)).toEqual(Array.from({ length: 6 }, () => true))
  })

  it('hostile - nothing that was received is a promise', async () => {
    const { send, rows } = await opened(true)
    await send([
      ['call', 1, 0, { then: { $: ['function', 4] }, x: 1 }],
      ['call', 2, 0, { f: { $: ['function', 5] }, x: { then: { $: ['yours', 0] } } }],
      [
        'call',
        3,
        0,
        { $: ['error', { name: 'E', message: 'm', properties: { then: { $: ['function', 6] } } }] },
      ],
    ])
    expect(rows).toEqual([
      [
        ['answer', 1, { x: 1 }],
        ['answer', 2, { f: { $: ['yours', 5] }, x: {} }],
        ['answer', 3, { $: ['error', { name: 'E', message: 'm' }] }],
      ],
    ])
  })

  it('hostile - calls beyond the limit are refused while others run', async () => {
    const { send, session, rows } = await (async () => {
      const raw = await withRaw({ hang: () => new Promise(() => undefined) })
      await raw.send(methodsRow())
      return raw
    })()
    await send(Array.from({ length: LIMITS.pending + 1 }, (_, id) => ['call', id, 0]))
    for (let i = 0; i < 5; i++) await send()
    expect(session.running).toBe(LIMITS.pending)
    expect(rows.at(-1)).toMatchObject([['error', LIMITS.pending, { code: 'DS_REFUSED', ran: 'no' }]])
  })

  it('hostile - prototypes stay as they were', async () => {
    expect(({} as Record<string, unknown>)['x']).toBe(undefined)
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

describe('hostile - over TCP', () => {
  it('hostile - a web page, garbage, a hang-up and a reset leave the server and its other peers alone', async () => {
    const server = dnode({
      transform: (s: string, cb: Method) => cb(s.toUpperCase()),
      bad: (cb: Method) => cb(),
    }).listen(0)
    server.on('local', (_api: object, session: Dnode) => session.on('error', () => undefined))
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const d = dnode.connect(port)
    const [remote] = (await once(d, 'remote')) as [Record<string, Method>]
    const methods = '{"method":"methods","arguments":[{}]}\n'
    const lines = [
      'POST / HTTP/1.1\r\nContent-Length: 40\r\n\r\n{"method":"transform","arguments":["x"]}\n',
      'null\n',
      `${methods}{"method":"bad"}\n{bad\n`,
      `${methods}{"method":"tra`,
      'x'.repeat(100_000),
    ]
    for (const line of lines) {
      const socket = net.connect(port, '127.0.0.1').resume()
      socket.on('error', () => socket.destroy())
      if (line.includes('tra') && !line.includes('POST')) socket.end(line)
      else socket.write(line)
      // a reset is an error of the socket, and here a way to end like any other
      await new Promise((closed) => socket.once('close', closed))
    }
    const reset = net.connect(port, '127.0.0.1').resume()
    reset.write(methods)
    await once(reset, 'data')
    reset.resetAndDestroy()
    expect(await new Promise((resolve) => remote['transform']?.('beep', resolve))).toBe('BEEP')
    d.end()
    await once(d.stream as net.Socket, 'close')
    await new Promise((closed) => server.close(closed))
    expect(Object.keys(server.sessions)).toEqual([])
  })
})
