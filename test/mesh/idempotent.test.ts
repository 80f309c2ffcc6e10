/** Which methods may be run twice: said in the hello, known from the first call on. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../lib/base/logger.js'
import { helloOf } from '../../lib/dnode/hello.js'
import { Session } from '../../lib/dnode/session.js'
import { method } from '../../lib/index.js'
import { Pool } from '../../lib/mesh/peers/pool.js'
import { sayHello } from '../../lib/mesh/serving/self.js'
import type { Connection } from '../../lib/wire/connection.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

interface Raw {
  /** What was called. */
  readonly asked: string[]
  /** What its next hello says. */
  readonly idempotent: string[]
  end(): Promise<unknown>
}

/** An instance whose sessions are made by hand. */
async function raw(at: string, ...idempotent: string[]): Promise<Raw> {
  const { clock, network, hub } = mesh
  const own = { id: `${at}id`, name: 'd1', version: '1.0.0', mesh: 'default', started: 1 }
  const identity = { ...own, state: 'ready' } as const
  const asked: string[] = []
  const note = (name: string) => (): string => {
    asked.push(name)
    return at
  }
  const session = {
    clock,
    api: { run: note('run'), again: note('again') },
    hello: () => helloOf(identity, { idempotent }),
    builtins: { $describe: note('$describe') },
  }
  const sessions: Session[] = []
  const accept = (connection: Connection): void => void sessions.push(new Session(connection, session))
  const listening = await network.transport(at).listen({ host: at, port: 0 }, accept)
  const announced = await hub.engine({ mesh: 'default', node: at }).announce(identity, [listening.address])
  const end = (): Promise<unknown> =>
    Promise.all([
      announced[Symbol.asyncDispose](),
      listening.close(),
      ...sessions.map((each) => each.close()),
    ])
  return { asked, idempotent, end }
}

interface D1 {
  run(): string
  again(): string
}

describe('idempotent - what a hello says of methods', () => {
  it('is known of the first call on, and nobody asks for it', async () => {
    const never = (): Promise<string> => new Promise(() => undefined)
    const api = { run: never, again: method(never, { idempotent: true }) }
    await mesh.until(mesh.service('d1@1.0.1', api, 'a').start())
    const other = await raw('b')
    const d1 = await mesh.until(mesh.client().dnodeFor<D1>('d1'))
    const lost = expect(d1.run()).rejects.toMatchObject({ code: 'DS_DISCONNECTED', ran: 'maybe' })
    const kept = d1.again()
    await mesh.advance(1)
    mesh.network.cut('client', 'a')
    await lost
    expect(await mesh.until(kept)).toBe('b')
    await mesh.advance(10_000)
    expect(other.asked).toEqual(['again'])
    mesh.network.heal('client', 'a')
    await mesh.until(other.end())
  })

  it('is as the last hello said', async () => {
    const { clock, network, hub } = mesh
    const other = await raw('b', 'run')
    const context = { clock, logger: silentLogger, transport: network.transport('me'), mesh: 'default' }
    const session = { clock, api: {}, hello: () => helloOf(null) }
    const pool = new Pool(hub.engine({ mesh: 'default', node: 'me' }), { ...context, session })
    pool.want('d1')
    await mesh.advance(100)
    const known = (): string[] => pool.live('d1').flatMap(({ standing }) => [...standing.idempotent])
    expect(known()).toEqual(['run'])
    other.idempotent.splice(0, 1, 'again', 'more.of.it')
    network.cut('me', 'b')
    network.heal('me', 'b')
    await mesh.advance(5_000)
    expect(known()).toEqual(['again', 'more.of.it'])
    await mesh.until(Promise.all([pool.close(), other.end()]))
  })

  it('is said by services, of the methods that are, and not by clients', () => {
    const read = method(() => 1, { idempotent: true })
    const write = method(() => 1, { idempotent: false, description: 'writes' })
    const api = { read, write, users: { find: read, add: () => 1 } }
    const self = {
      id: 'x',
      name: 'd1',
      version: '1.0.0',
      mesh: 'default',
      state: 'ready',
      started: 1,
    } as const
    expect(sayHello(api, self)).toEqual(helloOf(self, { idempotent: ['read', 'users.find'] }))
    expect(sayHello(api, null, ['money'])).toEqual(helloOf(null, { types: ['money'] }))
  })

  it('does not fit beyond a thousand: the start says so', async () => {
    const read = method(() => 1, { idempotent: true })
    const api = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`m${i}`, read]))
    await expect(mesh.service('d2@1.0.0', api).start()).rejects.toMatchObject({
      code: 'DS_LIMIT',
      details: { count: 1_001, limit: 1_000 },
    })
  })
})
