/** npm's dnode at the other end of a TCP connection, in both roles. */
import net from 'node:net'
import { createRequire } from 'node:module'
import { once, type EventEmitter } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { dnode as ours, type Dnode } from '../../lib/dnode/index.js'

type Method = (...args: unknown[]) => void
type Remote = Record<string, Method>

interface Original extends EventEmitter {
  end(): void
}

interface OriginalDnode {
  (
    cons: unknown,
    opts: { weak: false },
  ): Original & {
    connect(port: number): Original
    listen(port: number): net.Server
  }
}

const theirs = createRequire(import.meta.url)('dnode') as OriginalDnode
const PLAIN = { weak: false } as const

const servers: net.Server[] = []
const ends: (() => void)[] = []

afterEach(async () => {
  for (const end of ends.splice(0)) end()
  for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed))
})

async function portOf(server: net.Server): Promise<number> {
  servers.push(server)
  if (!server.listening) await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

async function remoteOf(d: Original | Dnode): Promise<Remote> {
  ends.push(() => d.end())
  const [remote] = (await once(d as EventEmitter, 'remote')) as [Remote]
  return remote
}

/** Calls a method that answers through its last argument. */
function ask(method: Method | undefined, ...args: unknown[]): Promise<unknown[]> {
  return new Promise((resolve) => method?.(...args, (...answer: unknown[]) => resolve(answer)))
}

const api = {
  transform: (s: string, cb: Method) => cb(s.toUpperCase()),
  nested: { deep: (n: number, cb: Method) => cb(n + 1) },
  // a callback of a callback, three deep
  chain: (cb: Method) => cb((next: Method) => next((last: Method) => last('bottom'))),
  self: (value: { me?: unknown }, cb: Method) => cb(value.me === value),
  times: (n: number, cb: Method) => {
    for (let i = 0; i < n; i++) cb(i)
  },
  cyclic: (cb: Method) => {
    const a: Record<string, unknown> = { name: 'a' }
    a['me'] = a
    cb(a)
  },
  v: 1,
}

async function exercise(remote: Remote): Promise<void> {
  expect(await ask(remote['transform'], 'beep ☔')).toEqual(['BEEP ☔'])
  expect(await ask((remote['nested'] as unknown as Remote)['deep'], 1)).toEqual([2])
  expect(remote['v']).toBe(1)
  const [first] = (await ask(remote['chain'])) as [Method]
  const [second] = (await ask(first)) as [Method]
  expect(await ask(second)).toEqual(['bottom'])
  const cyclic: { me?: unknown } = {}
  cyclic.me = cyclic
  expect(await ask(remote['self'], cyclic)).toEqual([true])
  const [received] = (await ask(remote['cyclic'])) as [{ me: unknown }]
  expect(received.me).toBe(received)
  const seen: unknown[] = []
  await new Promise<void>((done) =>
    remote['times']?.(5, (i: unknown) => {
      seen.push(i)
      if (i === 4) done()
    }),
  )
  expect(seen).toEqual([0, 1, 2, 3, 4])
}

describe('interop - both roles', () => {
  it('interop - their client calls our server', async () => {
    const port = await portOf(ours(api).listen(0))
    await exercise(await remoteOf(theirs({}, PLAIN).connect(port)))
  })

  it('interop - our client calls their server', async () => {
    const port = await portOf(theirs(api, PLAIN).listen(0))
    await exercise(await remoteOf(ours().connect(port)))
  })

  it('interop - our client calls our server, over the dialect', async () => {
    const port = await portOf(ours(api).listen(0))
    await exercise(await remoteOf(ours.connect(port)))
  })

  it('interop - a constructor gets the remote, which is filled later, and both sides serve', async () => {
    const server = ours(function (this: { whoami: Method }, client: Remote, conn: { id: string }) {
      this.whoami = (cb) => client['name']?.((name: unknown) => (cb as Method)(name, typeof conn.id))
    }).listen(0)
    const port = await portOf(server)
    const served = once(server, 'remote') as Promise<[Remote, Dnode]>
    const api = { name: (answer: Method) => answer('ann') }
    const remote = await remoteOf(theirs(api, PLAIN).connect(port))
    expect(await ask(remote['whoami'])).toEqual(['ann', 'string'])
    const [client, d] = await served
    expect([typeof client['name'], server.sessions[d.id] === d]).toEqual(['function', true])
  })

  it('interop - an async method answers (err, value) through the function in last place', async () => {
    const port = await portOf(
      ours({
        good: async (s: string) => s.length,
        bad: async () => {
          throw Object.assign(new RangeError('too far'), { code: 'E_FAR' })
        },
        thrown: () => {
          throw new Error('at once')
        },
        value: () => 'plain',
        timer: (cb: Method) => setTimeout(() => cb('later'), 1),
      }).listen(0),
    )
    const remote = await remoteOf(theirs({}, PLAIN).connect(port))
    expect(await ask(remote['good'], 'beep')).toEqual([null, 4])
    expect(await ask(remote['bad'])).toEqual([{ name: 'RangeError', message: 'too far', code: 'E_FAR' }])
    expect(await ask(remote['thrown'])).toEqual([{ name: 'Error', message: 'at once' }])
    expect(await ask(remote['value'])).toEqual([null, 'plain'])
    expect(await ask(remote['timer'])).toEqual(['later'])
  })
})

describe('interop - pipes and ends', () => {
  it('interop - two of ours piped into each other, and one of theirs piped into ours', async () => {
    for (const make of [() => ours({}), () => theirs({}, PLAIN)]) {
      const server = ours(api)
      const client = make() as unknown as NodeJS.ReadWriteStream
      client.pipe(server as unknown as NodeJS.ReadWriteStream).pipe(client)
      const remote = await remoteOf(client as unknown as Dnode)
      expect(await ask(remote['transform'], 'né')).toEqual(['NÉ'])
    }
  })

  it('interop - a socket piped through d, with a character cut in two', async () => {
    const server = net.createServer(
      (socket) => void socket.pipe(ours(api) as unknown as net.Socket).pipe(socket),
    )
    server.listen(0, '127.0.0.1')
    const socket = net.connect(await portOf(server), '127.0.0.1')
    ends.push(() => socket.destroy())
    const bytes = Buffer.from(
      '{"method":"methods","arguments":[{}]}\n{"method":"transform","arguments":["né☔","[Function]"],"callbacks":{"0":[1]}}\n',
    )
    for (const byte of bytes) socket.write(Uint8Array.of(byte))
    let text = ''
    for await (const chunk of socket.setEncoding('utf8')) {
      text += String(chunk)
      if (text.split('\n').length > 2) break
    }
    expect(text.split('\n')[1]).toBe('{"method":0,"arguments":["NÉ☔"],"callbacks":{},"links":[]}')
  })

  it('interop - end is told once on both sides, and the session leaves the table', async () => {
    const server = ours(api).listen(0)
    const port = await portOf(server)
    const d = ours.connect(port)
    let told = 0
    d.on('end', () => told++)
    const served = once(server, 'remote') as Promise<[Remote, Dnode]>
    await remoteOf(d)
    const [, session] = await served
    const ended = once(session, 'end')
    d.end()
    d.end()
    await ended
    await once(d.stream as net.Socket, 'close')
    await new Promise((later) => setImmediate(later))
    expect([told, Object.keys(server.sessions)]).toEqual([1, []])
  })

  it('interop - arguments come in any order; a port or a path must be there', async () => {
    let isListening = false
    const server = ours(api).listen('127.0.0.1', () => (isListening = true), '0')
    const port = await portOf(server)
    expect(isListening).toBe(true)
    const remote = await new Promise<Remote>((block) => {
      const d = ours.connect({ port: String(port), host: 'localhost', block: block as Method })
      ends.push(() => d.end())
    })
    expect(await ask(remote['transform'], 'a')).toEqual(['A'])
    expect(() => ours.connect('localhost')).toThrow('no port or unix path given')
    expect(() => ours(api).listen('localhost')).toThrow('no port or path provided')
  })

  it('interop - a refused connection is an error event', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    const port = await portOf(server)
    await new Promise((closed) => server.close(closed))
    servers.pop()
    const [error] = (await once(ours.connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  })

  it('interop - a served function that throws warns once where nobody listens, and the server lives on', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const api = {
      bad: () => {
        throw new Error('a bug')
      },
      ok: (cb: Method) => cb('fine'),
    }
    const port = await portOf(ours(api).listen(0))
    const remote = await remoteOf(theirs({}, PLAIN).connect(port))
    remote['bad']?.()
    remote['bad']?.()
    expect(await ask(remote['ok'])).toEqual(['fine'])
    expect(warn.mock.calls.map(([error]) => (error as Error).message)).toEqual(['a bug'])
    warn.mockRestore()
  })

  it('interop - a function of ours that throws is the error event of its session', async () => {
    const server = ours({
      bad: () => {
        throw new Error('a bug')
      },
      ok: (cb: Method) => cb('fine'),
    }).listen(0)
    const port = await portOf(server)
    const heard = new Promise((resolve) => {
      server.on('local', (_api: object, d: Dnode) => d.on('error', (error: Error) => resolve(error.message)))
    })
    const remote = await remoteOf(theirs({}, PLAIN).connect(port))
    remote['bad']?.()
    expect(await heard).toBe('a bug')
    expect(await ask(remote['ok'])).toEqual(['fine'])
  })
})
