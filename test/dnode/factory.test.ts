/** The classic face where it does more than npm's dnode: hostile and slow peers, late pipes, errors that stay where they belong. */
import net from 'node:net'
import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import { dnode, type Dnode, type DnodeServer } from '../../lib/dnode/index.js'

type Method = (...args: unknown[]) => void
type Remote = Record<string, Method>

const METHODS = '{"method":"methods","arguments":[{}]}\n'
const callOf = (text: string, id = 0): string =>
  `{"method":"up","arguments":[${JSON.stringify(text)},"[Function]"],"callbacks":{"${id}":[1]}}\n`

const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
  vi.restoreAllMocks()
})

async function portOf(server: net.Server): Promise<number> {
  undo.push(() => new Promise((closed) => server.close(closed)))
  if (!server.listening) await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

async function remoteOf(d: Dnode): Promise<Remote> {
  undo.push(() => d.end())
  const [remote] = (await once(d, 'remote')) as [Remote]
  return remote
}

function ask(method: Method | undefined, ...args: unknown[]): Promise<unknown[]> {
  return new Promise((resolve) => method?.(...args, (...answer: unknown[]) => resolve(answer)))
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const turn = (): Promise<void> => new Promise((later) => setImmediate(later))

const api = {
  n: 5,
  up: (s: string, cb: Method) => cb(s.toUpperCase()),
  bad: (cb: Method) => cb(1),
}

/** The two ways to serve: our own sockets, and a listener of the program's that pipes. */
const SERVERS: Readonly<Record<string, (api: object) => net.Server>> = {
  listen: (api) => dnode(api).listen(0),
  'a pipe': (api) => {
    const server = net.createServer((socket) => void socket.pipe(dnode(api)).pipe(socket))
    return server.listen(0, '127.0.0.1')
  },
}

describe.each(Object.entries(SERVERS))('factory - a server by %s', (_name, serve) => {
  const KILLERS = [
    'null\n',
    `${METHODS}null\n`,
    `${METHODS}{"method":"bad","arguments":[]}\n`,
    `${METHODS}{"method":"n"}\n`,
    `{"method":"methods","arguments":[null]}\n`,
    `${METHODS}{"method":"up","links":[null]}\n`,
    `${METHODS}{"method":"up","callbacks":{"0":null}}\n`,
    `${METHODS}{"method":"up","arguments":"x"}\n`,
    'POST / HTTP/1.1\r\nHost: x\r\n\r\n{"method":"up","arguments":["x"]}\n',
    `${METHODS}{"method":"up","arg`,
  ]

  it('factory - lines that end a server of the original do nothing to the next client', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const port = await portOf(serve(api))
    for (const line of KILLERS) {
      const socket = net.connect(port, '127.0.0.1').resume()
      socket.on('error', () => socket.destroy())
      socket.end(line)
      await new Promise((closed) => socket.once('close', closed))
    }
    const remote = await remoteOf(dnode.connect(port))
    expect(await ask(remote['up'], 'beep')).toEqual(['BEEP'])
  })

  it('factory - a web page gets nothing called', async () => {
    const called = vi.fn<Method>()
    const port = await portOf(serve({ up: called }))
    const socket = net.connect(port, '127.0.0.1').resume()
    socket.on('error', () => socket.destroy())
    socket.write('POST / HTTP/1.1\r\nHost: x\r\n\r\n{"method":"up","arguments":["x"]}\n{"method":0}\n')
    await new Promise((closed) => socket.once('close', closed))
    expect(called).not.toHaveBeenCalled()
  })

  it('factory - characters may be cut anywhere', async () => {
    const port = await portOf(serve(api))
    const socket = net.connect(port, '127.0.0.1')
    undo.push(() => socket.destroy())
    for (const byte of Buffer.from(METHODS + callOf('né☔😀'))) socket.write(Uint8Array.of(byte))
    let text = ''
    for await (const chunk of socket.setEncoding('utf8')) {
      text += String(chunk)
      if (text.split('\n').length > 2) break
    }
    expect(text.split('\n')[1]).toBe('{"method":0,"arguments":["NÉ☔😀"],"callbacks":{},"links":[]}')
  })

  it('factory - a peer that resets while its answers are due ends its session and nothing else', async () => {
    const waiting: Method[] = []
    const ended: Promise<unknown>[] = []
    const port = await portOf(
      serve(function (this: Remote, _remote: unknown, d: Dnode) {
        ended.push(new Promise((told) => d.on('end', told)))
        this['later'] = (cb) => waiting.push(cb as Method)
        this['up'] = api.up as Method
      }),
    )
    const socket = net.connect(port, '127.0.0.1').resume()
    socket.on('error', () => undefined)
    socket.write(METHODS + '{"method":"later","arguments":[0],"callbacks":{"0":[0]}}\n'.repeat(3))
    while (waiting.length < 3) await turn()
    for (const answer of waiting) answer('x'.repeat(100_000))
    socket.resetAndDestroy()
    await ended[0]
    for (const answer of waiting) answer('too late')
    const remote = await remoteOf(dnode.connect(port))
    expect(await ask(remote['up'], 'beep')).toEqual(['BEEP'])
  })

  it('factory - a function that throws is a warning where nobody listens, and the session goes on', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const port = await portOf(serve(api))
    const socket = net.connect(port, '127.0.0.1').setEncoding('utf8')
    undo.push(() => socket.destroy())
    socket.write(`${METHODS}{"method":"bad"}\n{"method":"bad"}\n${callOf('fine')}`)
    let text = ''
    while (!text.includes('FINE')) text += String((await once(socket, 'data'))[0])
    expect(warn.mock.calls.map(([error]) => (error as Error).name)).toEqual(['TypeError'])
  })

  it('factory - a function that throws is the error event of those who listen, and the session goes on', async () => {
    const heard: string[] = []
    const port = await portOf(
      serve(function (this: Remote, _remote: unknown, d: Dnode) {
        d.on('error', (error: Error) => heard.push(error.name))
        Object.assign(this, api)
      }),
    )
    const socket = net.connect(port, '127.0.0.1').setEncoding('utf8')
    undo.push(() => socket.destroy())
    socket.write(`${METHODS}{"method":"bad"}\n{"method":"bad"}\n${callOf('fine')}`)
    let text = ''
    while (!text.includes('FINE')) text += String((await once(socket, 'data'))[0])
    expect(heard).toEqual(['TypeError', 'TypeError'])
  })
})

describe('factory - pipes', () => {
  /** A dnode that has met its peer; what it emits is gathered. */
  async function met(): Promise<{ d: Dnode; rows: string[] }> {
    const d = dnode(api)
    const rows: string[] = []
    d.on('data', (row: string) => rows.push(row))
    d.write(METHODS)
    await once(d, 'remote')
    rows.length = 0
    return { d, rows }
  }

  it('factory - write answers false while nobody reads what is answered, and drain comes with nothing lost', async () => {
    const { d, rows } = await met()
    const big = 'x'.repeat(20_000)
    d.pause()
    let drains = 0
    d.on('drain', () => drains++)
    let written = 0
    for (let isFull = false; !isFull;) {
      const before = drains
      const isQuick = d.write(callOf(big, written++))
      // a drain at once: it was not the reader that was waited for
      await turn()
      await turn()
      isFull = !isQuick && drains === before
      expect(written).toBeLessThan(20)
    }
    expect([rows, written > 2]).toEqual([[], true])
    const drained = once(d, 'drain')
    d.resume()
    await drained
    expect(rows.map((row) => (JSON.parse(row) as { method: number }).method)).toEqual(
      Array.from({ length: written }, (_, i) => i),
    )
  })

  it('factory - a slow stream behind a dnode slows the stream before it', async () => {
    const d = dnode({ ...api })
    const source = new PassThrough({ highWaterMark: 1_000 })
    let release: () => void = () => undefined
    let taken = 0
    const dest = new Writable({
      highWaterMark: 1_000,
      write(_chunk, _encoding, done) {
        taken++
        if (taken === 1) release = done
        else done()
      },
    })
    source.pipe(d).pipe(dest)
    source.write(METHODS)
    await once(d, 'remote')
    const calls = 40
    for (let i = 0; i < calls; i++) {
      source.write(callOf('x'.repeat(10_000), i))
      await turn()
    }
    expect(taken).toBe(1)
    expect(source.readableLength + source.writableLength).toBeGreaterThan(10_000)
    release()
    while (taken < calls + 1) await turn()
    expect(source.readableLength).toBe(0)
  })

  it('factory - what waits for a reader is bounded: the dnode fails and ends', async () => {
    const { d } = await met()
    const fails: unknown[] = []
    d.on('fail', (error: { code: string }) => fails.push(error.code))
    d.pause()
    const remote = d.proto
    const ended = once(d, 'end')
    for (let sent = 0; sent <= LIMITS.writeQueue; sent += 1_000_000)
      remote?.request(0, ['x'.repeat(1_000_000)])
    await ended
    expect(fails).toEqual(['DS_LIMIT'])
  })

  it('factory - end delivers what a slow reader has not asked for yet', async () => {
    const { d, rows } = await met()
    d.pause()
    d.proto?.request(7, ['last'])
    d.end()
    expect(rows.map((row) => JSON.parse(row) as object)).toMatchObject([{ method: 7, arguments: ['last'] }])
  })

  it('factory - a dnode may be piped, or connected, long after it was made', async () => {
    const port = await portOf(dnode(api).listen(0))
    const piped = dnode()
    const connected = dnode()
    let made = 0
    connected.on('local', () => made++)
    await turn()
    const socket = net.connect(port, '127.0.0.1')
    socket.pipe(piped).pipe(socket)
    connected.connect(port)
    for (const d of [piped, connected]) {
      const remote = await remoteOf(d)
      expect(await ask(remote['up'], 'late')).toEqual(['LATE'])
    }
    expect(made).toBe(1)
  })

  it('factory - text may be cut between the two halves of a character', async () => {
    const { d, rows } = await met()
    const text = callOf('a😀b')
    for (let i = 0; i < text.length; i++) d.write(text.charAt(i))
    while (rows.length === 0) await turn()
    expect(rows).toEqual(['{"method":0,"arguments":["A😀B"],"callbacks":{},"links":[]}\n'])
  })

  it('factory - what is no JSON is a fail that says so, and the end', async () => {
    const { d } = await met()
    const told: unknown[] = []
    d.on('fail', (error: { code: string }) => told.push(error.code))
    const ended = once(d, 'end')
    d.write('{oops\n')
    await ended
    expect(told).toEqual(['DS_PROTOCOL'])
    expect(d.write('more')).toBe(true)
  })

  it('factory - whoever writes without waiting is cut before the memory is full', async () => {
    const d = dnode(api)
    const told: unknown[] = []
    d.on('fail', (error: { code: string }) => told.push(error.code))
    const ended = once(d, 'end')
    // empty rows, which by themselves break no rule
    const chunk = Buffer.alloc(1_000_000, '\n')
    for (let sent = 0; sent <= LIMITS.writeQueue; sent += chunk.length) d.write(chunk)
    await ended
    expect(told).toEqual(['DS_LIMIT'])
  })

  it('factory - an error of the other stream is still the program’s own', async () => {
    const d = dnode(api)
    const dest = new PassThrough()
    d.pipe(dest)
    expect(() => dest.emit('error', new Error('disk full'))).toThrow('disk full')
    const heard = once(dest, 'error')
    dest.emit('error', new Error('heard'))
    expect(await heard).toMatchObject([{ message: 'heard' }])
  })
})

describe('factory - options and the protocol of sockets', () => {
  async function pair(
    server: Dnode,
  ): Promise<{ remote: Remote; d: Dnode; session: Dnode; listener: DnodeServer }> {
    const listener = server.listen(0)
    const port = await portOf(listener)
    const served = once(listener, 'remote') as Promise<[Remote, Dnode]>
    const d = dnode.connect(port)
    const remote = await remoteOf(d)
    return { remote, d, session: (await served)[1], listener }
  }

  it('factory - wrap and unwrap hold for the sessions of a server', async () => {
    const kept: number[] = []
    const proto = {
      wrap: (run: Method, id: number) => (kept.push(id), { run }),
      unwrap: (ref: unknown) => (ref as { run: Method }).run,
    }
    const { remote, session } = await pair(dnode(api, { weak: true, proto }))
    const answers: unknown[] = []
    const cb = (s: unknown): unknown => answers.push(s)
    remote['up']?.('a', cb)
    remote['up']?.('b', cb)
    await ask(remote['up'], 'c')
    expect([answers, kept]).toEqual([
      ['A', 'B'],
      [0, 1],
    ])
    expect(session.opts.proto).toBe(proto)
    expect(session.proto?.callbacks.remote).toHaveLength(2)
  })

  it('factory - a function that a program keeps weakly may be collected', async () => {
    const refs: WeakRef<Method>[] = []
    const proto = {
      wrap: (run: Method) => {
        const ref = new WeakRef(run)
        refs.push(ref)
        return ref
      },
      unwrap: (ref: unknown) => (ref as WeakRef<Method>).deref() ?? (() => undefined),
    }
    const { remote, session } = await pair(dnode(api, { proto }))
    await ask(remote['up'], 'a')
    expect(session.proto?.callbacks.remote[0]).toBe(refs[0])
    // a look at a weak reference, or its making, keeps what it refers to for the rest of the turn
    await turn()
    collectGarbage()
    expect(refs[0]?.deref()).toBeUndefined()
  })

  it('factory - d.proto calls by name, culls, and shows the tables', async () => {
    const { d, session } = await pair(dnode(api))
    const answer = await new Promise((resolve) => d.proto?.request('up', ['named', resolve]))
    expect(answer).toBe('NAMED')
    expect([d.proto?.remote === session.proto?.remote, d.proto?.callbacks.local.length]).toEqual([false, 1])
    session.proto?.cull(0)
    while (Object.keys(d.proto?.callbacks.local ?? []).length > 0) await turn()
    expect(Object.keys(session.proto?.callbacks.remote ?? [])).toEqual([])
    expect(session.proto?.instance).toBe(api)
    const fails: unknown[] = []
    session.on('fail', (error: { code: string }) => fails.push(error.code))
    session.handle({ method: 99 })
    expect(fails).toEqual(['DS_NO_METHOD'])
  })

  it('factory - a constructor that is a method of an object has a this of its own', async () => {
    const service = {
      make(this: Remote, _remote: object, d: Dnode) {
        this['id'] = (cb) => (cb as Method)(typeof d.id)
      },
    }
    const { remote } = await pair(
      dnode(service.make as (this: object, remote: object, conn: unknown) => void),
    )
    expect(await ask(remote['id'])).toEqual(['string'])
  })

  it('factory - a peer that calls before it said what it serves is told of by fail, and cut by a reset', async () => {
    const listener = dnode(api).listen(0)
    const port = await portOf(listener)
    const told = new Promise((resolve) => {
      listener.on('local', (_api: object, d: Dnode) => d.on('fail', resolve))
    })
    const socket = net.connect(port, '127.0.0.1').resume()
    const broken = new Promise((resolve) => socket.once('error', resolve))
    socket.write('{"method":"up","arguments":["x"]}\n')
    expect(await told).toMatchObject({ code: 'DS_PROTOCOL' })
    expect(await broken).toMatchObject({ code: 'ECONNRESET' })
    expect([Object.keys(listener.sessions), listener.maxConnections]).toEqual([[], LIMITS.connections])
  })
})
