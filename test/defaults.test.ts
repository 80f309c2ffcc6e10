import { systemClock } from '../lib/base/clock.js'
import { once } from 'node:events'
import net from 'node:net'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { dservice, type DService, type DServiceOptions } from 'dservice'
import { npm } from './dnode/npm-programs.js'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
})

const keep = <D extends AsyncDisposable>(one: D): D => (open.push(one), one)

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  return port
}

const api = {
  upper: (s: string) => s.toUpperCase(),
  users: { find: (id: number) => ({ id, name: 'Ada' }) },
  shout: (s: string, cb: (s: string) => void) => cb(s.toUpperCase()),
  fails: () => {
    throw Object.assign(new RangeError('too far'), { code: 'E_FAR', cause: new Error('a hill'), extra: 7 })
  },
}

/** A service and a client that know each other by a list, over real sockets. */
async function pair(): Promise<{ client: DService; service: DService<typeof api> }> {
  const port = await freePort()
  const engine = `static:d1=127.0.0.1:${port}`
  const service = keep(dservice('d1@1.2.0', api, { engine, port }))
  await service.start()
  return { service, client: keep(dservice({ engine, instanceWait: 500 })) }
}

describe('defaults - a list of addresses instead of multicast', () => {
  it('a service is found, called, nested methods too', async () => {
    const { client } = await pair()
    const d1 = await client.dnodeFor<typeof api>('d1', '^1')
    expect(await d1.upper('beep')).toBe('BEEP')
    expect(await d1.users.find(7)).toEqual({ id: 7, name: 'Ada' })
  })

  it('a service without a port listens where the list has it, also after a restart', async () => {
    const port = await freePort()
    const engine = `static:d1=localhost:${port},other=127.0.0.1:${port + 1}`
    const service = keep(dservice('d1@1.2.0', api, { engine }))
    await service.start()
    await service.stop()
    await service.start()
    expect(service.address).toBe(`127.0.0.1:${port}`)
    expect(await (await keep(dservice({ engine })).dnodeFor<typeof api>('d1')).upper('beep')).toBe('BEEP')
    const second = keep(dservice('d1@1.2.0', api, { engine }))
    await expect(second.start()).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: EADDRINUSE`)
  })

  it.each<[string, object, string | null]>([
    [
      'd1=127.0.0.1:1,d1=127.0.0.1:2',
      {},
      'd1 on a free port: the list of the engine has it at 127.0.0.1:1, 127.0.0.1:2',
    ],
    ['d1=127.0.0.1:1', { port: 0 }, 'd1 on a free port: the list of the engine has it at 127.0.0.1:1'],
    ['d1=127.0.0.1:1', { advertise: 'localhost:2', port: 0 }, 'd1 on port 2'],
    ['d1=127.0.0.1:1', { advertise: 'localhost:1', port: 0 }, null],
    ['d1=127.0.0.1:1,127.0.0.1:2', { advertise: '127.0.0.1:2', port: 0 }, null],
    ['d2=127.0.0.1:1', {}, null],
  ])('%s - where nobody would find a service as in %j a warning says so', async (list, options, warning) => {
    const warnings: string[] = []
    const none = (): void => undefined
    const warn = (_fields: object, message: string): void => void warnings.push(message)
    const logger = { debug: none, info: none, error: none, warn }
    const service = keep(dservice('d1@1.2.0', api, { engine: `static:${list}`, logger, ...options }))
    await service.start()
    expect(warnings).toEqual(warning === null ? [] : [expect.stringContaining(warning)])
  })

  it('without a logger the warning is one of the process', async () => {
    const warned = once(process, 'warning')
    await keep(dservice('d1', api, { engine: 'static:d1=127.0.0.1:1', port: 0 })).start()
    expect((await warned)[0]).toMatchObject({
      name: 'DServiceWarning',
      message: expect.stringContaining('nobody finds d1'),
    })
  })

  it("what a method throws arrives with name, message, code, cause and the caller's line", async () => {
    const { client } = await pair()
    const d1 = await client.dnodeFor<typeof api>('d1')
    const error = await d1.fails().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      name: 'RangeError',
      message: 'too far',
      code: 'E_FAR',
      extra: 7,
      ran: 'yes',
    })
    expect((error as Error).cause).toMatchObject({ message: 'a hill' })
    expect((error as Error).stack).toContain('defaults.test.ts')
  })

  it('a method that is not there is refused with near names', async () => {
    const { client } = await pair()
    const d1 = await client.dnodeFor('d1')
    await expect(d1['uper']?.('x')).rejects.toMatchObject({ code: 'DS_NO_METHOD', ran: 'no' })
    await expect(d1['uper']?.('x')).rejects.toThrow('upper')
  })

  it('promisify calls callback methods', async () => {
    const { client } = await pair()
    const d1 = await client.dnodeFor('d1')
    const shout = promisify(d1['shout'] as (s: string) => Promise<unknown>)
    expect(await shout('beep')).toBe('BEEP')
  })

  it('a client may have an api too, for services that call back', async () => {
    const port = await freePort()
    const engine = `static:d1=127.0.0.1:${port}`
    type Caller = { name(cb: (name: string) => void): void }
    const greeter = keep(
      dservice(
        'd1',
        function (this: Record<string, unknown>, remote: object) {
          this['greet'] = (cb: (text: string) => void) =>
            (remote as Caller).name((name) => cb(`hello ${name}`))
        },
        { engine, port },
      ),
    )
    await greeter.start()
    const client = keep(dservice(null, { name: (cb: (name: string) => void) => cb('Ada') }, { engine }))
    const greeting = new Promise((resolve, reject) => {
      client.dnodeFor('d1', (err, remote, d) => {
        if (err) return reject(err)
        remote['greet']?.((text: unknown) => (d.end(), resolve(text)))
      })
    })
    expect(await greeting).toBe('hello Ada')
  })

  it('an address where nobody listens is unreachable, with the address and the reason', async () => {
    const port = await freePort()
    const client = keep(dservice({ engine: `static:d1=127.0.0.1:${port}`, instanceWait: 100 }))
    const error = await client.dnodeFor('d1').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'DS_UNREACHABLE', ran: 'no' })
    expect((error as Error).message).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED`))
  })

  it("a server of npm's dnode is left in order, once, and the error says what it is", async () => {
    const ends: unknown[] = []
    const server = npm({ transform: (s: string, cb: (s: string) => void) => cb(s) }).listen(0, '127.0.0.1')
    server.on('connection', (socket) => {
      socket.on('error', (error) => ends.push(error))
      socket.on('end', () => ends.push('end'))
    })
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const client = keep(dservice({ engine: `static:old=127.0.0.1:${port}`, instanceWait: 300 }))
    const error = await client.dnodeFor('old').catch((thrown: unknown) => thrown)
    server.close()
    expect(error).toMatchObject({ code: 'DS_UNREACHABLE', ran: 'no' })
    expect((error as Error).message).toBe(
      `old@* is announced but cannot be reached: 127.0.0.1:${port} speaks dnode, but is no service of a mesh. ` +
        'Call it by connect() of dservice/dnode, which needs no mesh',
    )
    expect(ends).toEqual(['end'])
  })
})

describe('defaults - what is refused before anything starts', () => {
  const d1 = (options: DServiceOptions): DService<typeof api> => dservice('d1', api, options)

  it.each([
    ['a wide host', () => d1({ host: '0.0.0.0' })],
    ['a wide address to tell others', () => d1({ advertise: '192.0.2.7:4001' })],
  ])('%s without `insecure` is DS_INSECURE', (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'DS_INSECURE' }))
  })

  it('a wide address in the list is DS_INSECURE at the first use', async () => {
    const client = keep(dservice({ engine: 'static:d1=192.0.2.7:4001' }))
    await expect(client.dnodeFor('d1')).rejects.toMatchObject({ code: 'DS_INSECURE' })
  })

  it('`insecure: true` allows it, and warns once', async () => {
    const warnings: Error[] = []
    process.on('warning', (warning) => warnings.push(warning))
    d1({ host: '0.0.0.0', insecure: true })
    d1({ host: '0.0.0.0', insecure: true })
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings.filter((warning) => (warning as { code?: string }).code === 'DS_INSECURE').length).toBe(1)
  })

  it.each([
    ['a name', () => dservice('No Name', api)],
    ['a version', () => dservice('d1@one', api)],
    ['a mesh', () => d1({ mesh: 'No Mesh' })],
    ['an engine', () => d1({ engine: 'pigeon:' })],
    ['a port', () => d1({ port: 70_000 })],
    ['an address', () => d1({ advertise: 'a:b:c' })],
    ['an option that nobody knows', () => d1({ mehs: 'x' } as DServiceOptions)],
    ['a wait', () => d1({ instanceWait: 'soon' })],
    ['an api without functions', () => dservice('d1', { x: 1 })],
    ['an api that is a list', () => dservice('d1', [])],
    ['an api with a reserved name', () => dservice('d1', { then: () => 1 })],
    ['an api with a name of ours', () => dservice('d1', { $describe: () => 1 })],
    ['no api', () => dservice('d1', undefined as never)],
    ['a clock that is none', () => dservice({ clock: null as never })],
    ['a clock without a method', () => dservice({ clock: { ...systemClock, sleep: undefined as never } })],
    ['a number for a name', () => dservice(7 as never)],
  ])('%s that cannot be is DS_INVALID', (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
  })

  it('a misspelt option is named, with the one that was meant', async () => {
    expect(() => d1({ mehs: 'x' } as DServiceOptions)).toThrow('Did you mean mesh?')
    const client = keep(dservice({ engine: 'memory:' }))
    await expect(client.dnodeFor('d1', '*', { timeuot: 1 } as object)).rejects.toThrow(
      'Did you mean timeout?',
    )
    expect(() => client.rely('d1', '*', { optonal: true } as object)).toThrow('Did you mean optional?')
  })

  it('a taken port is DS_LISTEN, and the service can be started once it is free', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as net.AddressInfo
    const service = keep(d1({ port, engine: 'memory:' }))
    await expect(service.start()).rejects.toMatchObject({ code: 'DS_LISTEN' })
    expect(service.state).toBe('stopped')
    taken.close()
    await once(taken, 'close')
    await service.start()
    expect(service.state).toBe('ready')
  })
})

describe('defaults - one process, many dservices', () => {
  it('services of one process find each other over memory:, each mesh for itself', async () => {
    const engine = 'memory:'
    const here = keep(dservice('d1@1.0.0', api, { engine, mesh: 'here' }))
    await here.start()
    const near = keep(dservice({ engine, mesh: 'here', instanceWait: 100 }))
    const far = keep(dservice({ engine, mesh: 'far', instanceWait: 100 }))
    expect(await (await near.dnodeFor<typeof api>('d1')).upper('a')).toBe('A')
    await expect(far.dnodeFor('d1')).rejects.toMatchObject({ code: 'DS_NO_INSTANCE' })
  })
})
