/** Programs for npm's dnode 1.2.2 print the same with ours, at either end and at both, over pipes, TCP and Unix sockets. */
import { EventEmitter, once } from 'node:events'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  ask,
  closing,
  dservice,
  listening,
  npm,
  piped,
  remoteOf,
  run,
  socketPath,
  type Callback,
  type Kit,
  type OldDnode,
  type Program,
  type Remote,
} from './npm-programs.js'

/** Everything that a peer may be asked, and what a client with an api of its own is asked back. */
const api = {
  up: (s: string, cb: Callback) => cb(s.toUpperCase()),
  none: null,
  list: [1, 'two', { three: 3 }],
  at: new Date(0),
  nested: { deep: { er: (n: number, cb: Callback) => cb(n + 1, null) } },
  double: (f: Callback, g: Callback, h: Callback) => f(10, (x: unknown) => g(10, (y: unknown) => h(x, y))),
  back: (value: { list: unknown[]; me?: unknown }, cb: Callback) => cb(value.me === value, value),
  ring: (values: unknown[], cb: Callback) => cb(values[3] === values, values),
  object: (cb: Callback) => cb({ a: 1, f: (n: number, g: Callback) => g(n * 20) }),
  times: (n: number, cb: Callback) => {
    for (let i = 0; i < n; i++) cb(i, i % 2 ? undefined : '☔')
  },
  nothing: (cb: Callback) => cb(),
  odd: (cb: Callback) =>
    cb(NaN, Infinity, undefined, null, new Date(0), { u: undefined, n: null }, [undefined]),
  args: (...args: unknown[]) =>
    (args.pop() as Callback)(
      args.length,
      args.map((value) => typeof value),
    ),
}

/** Asks all of it. */
async function talk(remote: Remote, print: Kit['print']): Promise<void> {
  print(Object.keys(remote), remote['none'], remote['list'], remote['at'])
  print(await ask(remote['up'], 'né ☔☔☁☼❄ 😀'))
  print(await ask((remote as unknown as { nested: { deep: Remote } }).nested.deep['er'], 1))
  const plusTen = (n: number, f: Callback): void => f(n + 10)
  const h = await new Promise((done) => remote['double']?.(plusTen, plusTen, (...xy: unknown[]) => done(xy)))
  print(h)
  const cyclic: Record<string, unknown> = { list: [1, [2]] }
  cyclic['me'] = cyclic
  const [isSame, copy] = (await ask(remote['back'], cyclic)) as [boolean, { me: unknown; list: unknown }]
  print(isSame, copy.me === copy, copy.list)
  const ring: unknown[] = [1, 2, 3]
  ring.push(ring)
  const [isRing, round] = (await ask(remote['ring'], ring)) as [boolean, unknown[]]
  print(isRing, round[3] === round, round.slice(0, 3))
  const [object] = (await ask(remote['object'])) as [{ a: number; f: Callback }]
  print(object.a, await ask(object.f, 13))
  const seen: unknown[] = []
  await new Promise<void>((done) =>
    remote['times']?.(5, (...args: unknown[]) => (seen.push(args) === 5 ? done() : undefined)),
  )
  print(seen)
  print(await ask(remote['nothing']), await ask(remote['odd']))
  print(await ask(remote['args'], 1, 'x', null, undefined, {}, () => 1))
  print(remote['up']?.('ignored', () => undefined))
}

const overPipes: Record<string, Program> = {
  'a talk over a pipe': async (kit) => {
    const [s, c] = piped(kit, { server: api })
    await talk(await remoteOf(c), kit.print)
    c.end()
    s.end()
  },
  'a talk through a listener of the program itself': async (kit) => {
    const server = net.createServer(
      (socket) => void socket.pipe(kit.server(api) as unknown as net.Socket).pipe(socket),
    )
    server.listen(0, '127.0.0.1')
    kit.after(() => closing(server))
    await once(server, 'listening')
    const d = kit.client()
    const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
    d.pipe(socket).pipe(d as unknown as net.Socket)
    await talk(await remoteOf(d), kit.print)
    d.end()
    await once(socket, 'close')
  },
  'both sides serve, and one answers with what the other said': async (kit) => {
    const [, c] = piped(kit, {
      server(this: Remote, client: Remote) {
        this['timesX'] = (n, f) =>
          client['x']?.((x: unknown) => (f as Callback)((n as number) * (x as number)))
      },
      client: { x: (f: Callback) => f(20) },
    })
    const remote = await remoteOf(c)
    kit.print(await ask(remote['timesX'], 3))
    c.end()
  },
  'the api may be changed while it is local': async (kit) => {
    const { server, client, print } = kit
    const s = server(function (this: { baz: number }, remote: Remote, conn: { zing?: boolean }) {
      print('made', Object.keys(remote), conn.zing)
      ;(conn as unknown as EventEmitter).on('remote', () => print('ready', conn.zing))
      this.baz = 42
    })
    s.on('local', (ref: Record<string, unknown>, conn: { zing?: boolean }) => {
      conn.zing = true
      ref['moo'] = true
      print('local', conn === (s as unknown))
    })
    const c = client()
    s.pipe(c).pipe(s)
    print(await remoteOf(c))
    c.end()
  },
  'messages are broadcast to three clients': async (kit) => {
    const all = new EventEmitter()
    const heard: string[][] = [[], [], []]
    const apis = {
      server(this: Remote, client: Remote & { name: string }, conn: EventEmitter) {
        conn.on('ready', () => all.on('message', client['message'] as Callback))
        conn.on('end', () => all.removeListener('message', client['message'] as Callback))
        this['message'] = (text) => void all.emit('message', `${client.name} says: ${String(text)}`)
      },
    }
    const clients = await Promise.all(
      heard.map(async (list, i) => {
        let whenFull: Callback = () => undefined
        const full = new Promise((done) => (whenFull = done))
        const message = (text: string): unknown => list.push(text) === 3 && whenFull()
        const [s, c] = piped(kit, { ...apis, client: { name: `#${i}`, message } })
        return { s, remote: await remoteOf(c), full }
      }),
    )
    for (const [i, { remote }] of clients.entries()) remote['message']?.(`hello ${i}`)
    await Promise.all(clients.map(({ full }) => full))
    clients[0]?.s.end()
    kit.print(heard, all.listenerCount('message'))
  },
  'an emitter is subscribed to': async (kit) => {
    const [, c] = piped(kit, {
      server: { subscribe: (emit: Callback) => ['a', 'b', 'end'].forEach((name, i) => emit(name, i, [i])) },
    })
    const remote = await remoteOf(c)
    const events = new EventEmitter()
    events.on('a', (...args) => kit.print('a', args)).on('b', (...args) => kit.print('b', args))
    const ended = once(events, 'end')
    remote['subscribe']?.((...args: unknown[]) => events.emit(...(args as [string])))
    kit.print(await ended)
    c.end()
  },
  'the order of events at one end': async (kit) => {
    for (const name of ['server', 'client'] as const) {
      const [s, c] = piped(kit, { server: api, client: {} })
      const d = name === 'server' ? s : c
      for (const event of ['local', 'remote', 'ready', 'end', 'fail', 'error']) {
        d.on(event, (...args: unknown[]) => kit.print(name, event, args.length, args[1] === (d as unknown)))
      }
      await Promise.all([once(s, 'ready'), once(c, 'ready')])
      const ended = once(s, 'end')
      c.end()
      c.destroy()
      await ended
      kit.print((d as unknown as { writable: boolean }).writable)
    }
  },
  'who ends before the first tick has said nothing': async ({ client, print }) => {
    const d = client(api)
    for (const event of ['local', 'data', 'end']) d.on(event, () => print(event))
    d.end()
    await new Promise((later) => setImmediate(later))
    print((d as unknown as { readable: boolean }).readable)
  },
  'a constructor may return the api, and anything else means this': async (kit) => {
    for (const made of [{ a: 1 }, 5, null, 'x', undefined]) {
      const [, c] = piped(kit, {
        server(this: { b?: number }) {
          this.b = 2
          return made
        },
      })
      if (made !== null) kit.print(await remoteOf(c))
      c.end()
    }
  },
  'rows are written and emitted as objects': async ({ server, client, print }) => {
    const s = server(api, { emit: 'object' })
    const c = client(undefined, { emit: 'object' })
    s.on('data', (row) => c.write(JSON.parse(JSON.stringify(row))))
    c.on('data', (row) => s.write(JSON.parse(JSON.stringify(row))))
    await talk(await remoteOf(c), print)
    c.end()
  },
  'functions of the peer are wrapped once and unwrapped after': async (kit) => {
    const counts = { wrap: 0, unwrap: 0 }
    const ids: number[] = []
    const proto = {
      wrap(this: { cull?: unknown }, run: Callback, id: number) {
        if (typeof this.cull === 'function') counts.wrap++
        ids.push(id)
        return { run }
      },
      unwrap: (ref: { run: Callback }) => {
        counts.unwrap++
        return ref.run
      },
    }
    const s = kit.server(
      { twice: (f: Callback) => f(), same: (f: Callback, cb: Callback) => f(cb) },
      { proto },
    )
    const c = kit.client()
    c.pipe(s).pipe(c)
    const remote = await remoteOf(c)
    const again = (cb: Callback): void => cb('again')
    for (let i = 0; i < 3; i++) kit.print(await ask(remote['same'], again))
    kit.print(counts, ids, typeof (s.proto.callbacks.remote[0] as { run: Callback }).run)
    s.proto.cull(0)
    kit.print(s.proto.callbacks.remote[0], Object.keys(s.proto.callbacks.remote))
    c.end()
  },
}

const overSockets: Record<string, Program> = {
  'a talk over TCP': async (kit) => {
    const [, port] = await listening(kit, api)
    const d = kit.client.connect(port, '127.0.0.1')
    const remote = await remoteOf(d)
    kit.print(typeof d.id, d.stream.remoteAddress)
    await talk(remote, kit.print)
    d.end()
    await once(d.stream, 'close')
  },
  'a talk over a unix socket': async (kit) => {
    const path = socketPath(kit)
    const server = kit.server(api).listen(path, () => kit.print('listening'))
    kit.after(() => closing(server))
    await once(server, 'listening')
    const [remote, d] = await new Promise<[Remote, OldDnode]>((block) =>
      kit.client.connect(path, (...args: unknown[]) => block(args as [Remote, OldDnode])),
    )
    await talk(remote, kit.print)
    d.end()
    await once(d.stream, 'close')
  },
  'arguments come in any order': async (kit) => {
    const [server, port] = await listening(kit, api)
    const forms: unknown[][] = [
      [port],
      [String(port)],
      ['localhost', port],
      [port, '127.0.0.1'],
      [{ port: String(port), host: '127.0.0.1' }],
      [{ host: '127.0.0.1' }, { port }],
      [undefined, { host: '127.0.0.1' }, undefined, { port }, undefined],
      ['127.0.0.1', { port: `${port}` }],
    ]
    for (const form of forms) {
      const d = await new Promise<OldDnode>((block) =>
        kit.client.connect(...form, (_remote: unknown, d: OldDnode) => block(d)),
      )
      d.end()
      await once(d.stream, 'close')
    }
    await Promise.all(Object.values(server.sessions).map((d) => once(d, 'end')))
    kit.print(forms.length, Object.keys(server.sessions))
  },
  'no port and no path is an error at once': async ({ server, client, print }) => {
    const texts = (run: () => unknown): void => {
      try {
        print('made', typeof run())
      } catch (error) {
        print((error as Error).message)
      }
    }
    const none: unknown[][] = [
      [],
      ['localhost'],
      [{ host: 'x' }],
      [() => 1],
      [undefined],
      [0],
      [{ port: 'x' }],
      [''],
    ]
    for (const args of none) texts(() => client.connect(...args))
    for (const args of none.filter(([port]) => port !== 0)) texts(() => server(api).listen(...args))
  },
  'a server tells of its sessions': async (kit) => {
    const [server, port] = await listening(kit, api)
    const told: string[] = []
    server.on('local', (ref: object, d: OldDnode) => told.push(`local ${ref === api} ${typeof d.id}`))
    server.on('remote', (remote: { x: number }, d: OldDnode) =>
      told.push(`remote ${remote.x} ${server.sessions[d.id] === d}`),
    )
    const served = once(server, 'remote') as Promise<[unknown, OldDnode]>
    const d = kit.client({ x: 5 }).connect(port, '127.0.0.1')
    await remoteOf(d)
    const [, session] = await served
    const ended = once(session, 'end')
    d.end()
    await ended
    kit.print(told, Object.keys(server.sessions))
  },
  'what is called before the end arrives': async (kit) => {
    const heard: unknown[] = []
    let isDone: Callback = () => undefined
    const done = new Promise((resolve) => (isDone = resolve))
    const [server, port] = await listening(kit, { note: (x: unknown) => heard.push(x) })
    server.on('local', (_ref: unknown, d: OldDnode) => d.on('end', isDone))
    const how = ['end', 'stream'] as const
    for (const end of how) {
      const d = kit.client.connect(port, '127.0.0.1')
      const remote = await remoteOf(d)
      for (let i = 0; i < 3; i++) remote['note']?.(`${end} ${i}`)
      if (end === 'end') d.end()
      else d.stream.end()
      await once(d.stream, 'close')
    }
    await done
    await Promise.all(Object.values(server.sessions).map((d) => once(d, 'end')))
    kit.print(heard)
  },
  'two thousand calls are answered in order': async (kit) => {
    const [, port] = await listening(kit, { inc: (n: number, cb: Callback) => cb(n + 1) })
    const d = kit.client.connect(port, '127.0.0.1')
    const remote = await remoteOf(d)
    const answers: number[] = []
    await new Promise<void>((done) => {
      for (let i = 0; i < 2_000; i++) {
        remote['inc']?.(i, (n: number) => (answers.push(n) === 2_000 ? done() : undefined))
      }
    })
    kit.print(answers.every((n, i) => n === i + 1))
    d.end()
    await once(d.stream, 'close')
  },
  'a server that ends one session ends it at the client': async (kit) => {
    const [, port] = await listening(kit, function (this: Remote, _remote: Remote, conn: OldDnode) {
      this['leave'] = (cb) => {
        ;(cb as Callback)('bye')
        conn.end()
      }
    })
    const d = kit.client.connect(port, '127.0.0.1')
    const remote = await remoteOf(d)
    const ended = once(d, 'end')
    kit.print(await ask(remote['leave']))
    await ended
    kit.print('ended')
  },
  'a refused connection is an error event': async ({ client, print }) => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    await closing(server)
    const [error] = (await once(client.connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
    print(error.code)
  },
}

const programs = { ...overPipes, ...overSockets }

describe('npm - the same program', () => {
  for (const [name, program] of Object.entries(programs)) {
    it(`npm - ${name}`, async () => {
      const expected = await run(program, npm, npm)
      expect(expected).not.toEqual([])
      expect(await run(program, dservice, dservice)).toEqual(expected)
      expect(await run(program, dservice, npm)).toEqual(expected)
      expect(await run(program, npm, dservice)).toEqual(expected)
    })
  }
})

describe('npm - the rows of a dnode', () => {
  it('npm - the rows of a talk over a pipe are byte for byte those of the original', async () => {
    const rowsOf = async (both: typeof npm): Promise<string[]> => {
      const rows: string[] = []
      const s = both(api)
      const c = both({ own: (cb: Callback) => cb(1) })
      s.on('data', (row: string) => rows.push(`s ${row}`))
      c.on('data', (row: string) => rows.push(`c ${row}`))
      c.pipe(s).pipe(c)
      await talk(await remoteOf(c), () => undefined)
      c.end()
      return [...rows.filter((row) => row.startsWith('s')), ...rows.filter((row) => row.startsWith('c'))]
    }
    const expected = await rowsOf(npm)
    expect(expected.length).toBeGreaterThan(20)
    expect(await rowsOf(dservice)).toEqual(expected)
  })

  it('npm - rows may be written in pieces of text and of bytes, and what is no JSON ends the dnode', async () => {
    for (const make of [npm, dservice]) {
      const d = make({ up: api.up })
      const rows: string[] = []
      d.on('data', (row: string) => rows.push(row))
      const text =
        '{"method":"methods","arguments":[{}]}\n{"method":0,"arguments":["né","[Function]"],"callbacks":{"3":[1]}}\n'
      for (const character of text) d.write(character)
      const answered = async (count: number): Promise<void> => {
        while (rows.length < count) await new Promise((later) => setImmediate(later))
      }
      await answered(2)
      d.write(Buffer.from(text.slice(text.indexOf('\n') + 1)))
      await answered(3)
      expect(rows.slice(1)).toEqual(
        Array(2).fill('{"method":3,"arguments":["NÉ"],"callbacks":{},"links":[]}\n'),
      )
      const ended = once(d, 'end')
      d.write('no json\n')
      await ended
    }
  })
})
