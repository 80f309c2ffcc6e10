import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engine as engineError } from '../../lib/base/errors.js'
import type { Identity } from '../../lib/base/identity.js'
import { silentLogger } from '../../lib/base/logger.js'
import { LIMITS } from '../../lib/base/options.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { writeClassic } from '../../lib/dnode/classic.js'
import { helloOf } from '../../lib/dnode/hello.js'
import { Session } from '../../lib/dnode/session.js'
import type { Discovery, Sighting } from '../../lib/mesh/discovery.js'
import { Pool } from '../../lib/mesh/peers/pool.js'
import { MemoryNetwork } from '../../lib/wire/memory.js'
import type { Address } from '../../lib/wire/connection.js'

/** An engine whose sightings a test makes by hand. */
class HandMade implements Discovery {
  readonly url = 'hand:'
  readonly gather = 0
  readonly rechecked: Sighting[] = []
  readonly #watchers = new Map<string, (sighting: Sighting) => void>()
  failing = false

  announce(): Promise<never> {
    return Promise.reject(new Error('nobody announces here'))
  }

  watch(name: string, see: (sighting: Sighting) => void): Promise<AsyncDisposable> {
    if (this.failing) return Promise.reject(engineError({ summary: 'the engine is down' }))
    this.#watchers.set(name, see)
    return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve(void this.#watchers.delete(name)) })
  }

  recheck(sighting: Sighting): void {
    this.rechecked.push(sighting)
  }

  tell(type: Sighting['type'], address: Address, hint: Partial<Identity>, name = 'd1'): void {
    this.#watchers.get(name)?.({ type, address, hint })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

let clock: VirtualClock
let network: MemoryNetwork
let engine: HandMade
let pool: Pool

beforeEach(() => {
  clock = new VirtualClock()
  network = new MemoryNetwork(clock)
  engine = new HandMade()
  const session = { clock, api: {}, hello: () => helloOf(null) }
  pool = new Pool(engine, {
    clock,
    logger: silentLogger,
    transport: network.transport('me'),
    mesh: 'default',
    session,
  })
})

afterEach(async () => {
  await pool.close()
  await clock.settle()
  expect(network.connections).toBe(0)
})

/** Something that listens and says that it is this instance. */
async function instance(node: string, identity: Partial<Identity> = {}): Promise<Address> {
  const self: Identity = {
    id: `${node}id`.toLowerCase(),
    name: 'd1',
    version: '1.0.0',
    mesh: 'default',
    state: 'ready',
    started: 1,
    ...identity,
  }
  const listening = await network.transport(node).listen({ host: node, port: 0 }, (connection) => {
    const session = new Session(connection, { clock, api: { ping: () => 1 }, hello: () => helloOf(self) })
    session.ready.catch(() => undefined)
  })
  return listening.address
}

describe('pool - a sighting is a hint, a hello is the truth', () => {
  it('an instance is live when its hello was read, as the hello says, whatever the hint said', async () => {
    const at = await instance('a', { version: '1.4.2' })
    pool.want('d1')
    await clock.settle()
    engine.tell('up', at, { id: 'other', name: 'd1', version: '9.9.9' })
    expect(pool.live('d1')).toEqual([])
    await clock.settle()
    expect(pool.live('d1').map(({ identity }) => identity.version)).toEqual(['1.4.2'])
  })

  it('what a peer says right behind its hello counts, though its caller had no time between', async () => {
    const self = {
      id: 'aid',
      name: 'd1',
      version: '1.0.0',
      mesh: 'default',
      state: 'ready',
      started: 1,
    } as const
    const listening = await network.transport('a').listen({ host: 'a', port: 0 }, (connection) => {
      const hello = writeClassic({
        type: 'methods',
        api: { arguments: [{}], callbacks: {}, links: [] },
        hello: helloOf(self),
      })
      const changes = JSON.stringify([
        ['changed', 'waiting', 1],
        ['changed', 'draining', 2],
      ])
      connection.open({ row: () => void connection.send(`${hello}\n${changes}\n`), drain: () => undefined })
    })
    pool.want('d1')
    await clock.settle()
    engine.tell('up', listening.address, {})
    await clock.settle()
    expect(pool.live('d1').map(({ identity: { state }, revision }) => [state, revision])).toEqual([
      ['draining', 2],
    ])
  })

  it('an instance of another name or mesh is not live under the name', async () => {
    pool.want('d1')
    await clock.settle()
    engine.tell('up', await instance('a', { name: 'd2' }), { name: 'd1' })
    engine.tell('up', await instance('b', { mesh: 'elsewhere' }), { name: 'd1' })
    await clock.settle()
    expect(pool.live('d1')).toEqual([])
    expect(pool.hidden('d1').map(({ peer }) => peer.lastError?.message ?? peer.identity?.name)).toEqual([
      'd2',
      expect.stringContaining('is of the mesh "elsewhere"'),
    ])
  })

  it('an address where nobody answers is tried again and again, and the engine is asked to look', async () => {
    pool.want('d1')
    await clock.settle()
    engine.tell('up', { host: 'nobody', port: 1 }, { id: 'x' })
    await clock.advance(60_000)
    const tries = engine.rechecked.length
    expect(tries).toBeGreaterThan(20)
    expect(tries).toBeLessThan(300)
    engine.tell('down', { host: 'nobody', port: 1 }, { id: 'x' })
    await clock.advance(60_000)
    expect(engine.rechecked.length).toBe(tries)
    expect(pool.hidden('d1')).toEqual([])
  })

  it('a peer that speaks plain dnode is closed in order, and looked at again after a long while only', async () => {
    const ends: unknown[] = []
    const listening = await network.transport('old').listen({ host: 'old', port: 0 }, (connection) => {
      void connection.closed.then((reason) => ends.push(reason))
      const session = new Session(connection, { clock, api: { ping: () => 1 }, hello: null })
      session.ready.catch(() => undefined)
    })
    pool.want('d1')
    await clock.settle()
    engine.tell('up', listening.address, {})
    await clock.advance(10_000)
    expect(ends).toEqual([null])
    expect(pool.hidden('d1').map(({ peer }) => peer.lastError?.message)).toEqual([
      expect.stringMatching(/^old:\d+ speaks dnode, but is no service of a mesh\. .*dservice\/dnode/),
    ])
    await clock.advance(120_000)
    expect(ends.length).toBeGreaterThan(3)
    expect(ends.length).toBeLessThan(10)
  })

  it('a goodbye does not end an instance whose connection lives, and the end of the connection does', async () => {
    const at = await instance('a')
    pool.want('d1')
    await clock.settle()
    engine.tell('up', at, { id: 'aid' })
    await clock.settle()
    engine.tell('down', at, { id: 'aid' })
    await clock.settle()
    expect(pool.live('d1').length).toBe(1)
    network.crash('a')
    await clock.settle()
    expect([pool.live('d1').length, pool.hidden('d1').length]).toEqual([0, 0])
  })

  it('a sighting ends the wait between two attempts', async () => {
    pool.want('d1')
    await clock.settle()
    const late = { host: 'late', port: 40_001 }
    engine.tell('up', late, { id: 'lateid' })
    await clock.advance(30_000)
    const listening = await instance('late')
    expect(listening).toEqual(late)
    engine.tell('up', late, { id: 'lateid' })
    await clock.settle()
    expect(pool.live('d1').length).toBe(1)
  })
})

describe('pool - instances that lie or hide others', () => {
  it('one that says hello and hangs up is tried at growing intervals', async () => {
    let dials = 0
    const listening = await network.transport('liar').listen({ host: 'liar', port: 0 }, (connection) => {
      dials++
      const self = { id: 'liarid', name: 'd1', version: '1.0.0', mesh: 'default', started: 1 } as const
      const hello = () => helloOf({ ...self, state: 'ready' })
      const session = new Session(connection, { clock, api: { ping: () => 1 }, hello })
      void session.ready.then(() => session.close())
    })
    pool.want('d1')
    await clock.settle()
    engine.tell('up', listening.address, { id: 'liarid' })
    await clock.advance(60_000)
    expect(dials).toBeGreaterThan(20)
    expect(dials).toBeLessThan(200)
  })

  it('a crowd of records that lead nowhere delays the instance that lives, and does not hide it', async () => {
    await network.transport('mute').listen({ host: 'mute', port: 1 }, () => undefined)
    pool.want('d1')
    await clock.settle()
    for (let i = 0; i < 100; i++)
      engine.tell('up', { host: `fake${i}`, port: 1 }, { id: `f${i}`, version: '1.0.0' })
    engine.tell('up', await instance('real'), { id: 'realid', version: '1.0.0' })
    await clock.advance(2_000)
    expect(pool.live('d1').map(({ identity }) => identity.id)).toEqual(['realid'])
    for (let i = 0; i < 100; i++) engine.tell('down', { host: `fake${i}`, port: 1 }, { id: `f${i}` })
    await clock.advance(10_000)
    expect([pool.live('d1').length, pool.hidden('d1').length]).toEqual([1, 0])
  })

  it('peers that accept and stay silent give up their places too', async () => {
    pool.want('d1')
    await clock.settle()
    for (let i = 0; i < 40; i++) {
      const { address } = await network
        .transport(`mute${i}`)
        .listen({ host: `mute${i}`, port: 0 }, () => undefined)
      engine.tell('up', address, { id: `m${i}` })
    }
    engine.tell('up', await instance('real'), { id: 'realid' })
    await clock.advance(1_000)
    expect(pool.live('d1').map(({ identity }) => identity.id)).toEqual(['realid'])
  })
})

describe('pool - bounds and ends', () => {
  it('keeps sessions to at most 32 instances of a name', async () => {
    pool.want('d1')
    await clock.settle()
    for (let i = 0; i < 50; i++) engine.tell('up', await instance(`n${i}`), { id: `n${i}id` })
    await clock.settle()
    expect(pool.live('d1').length).toBe(LIMITS.instances)
    const nodes = (): string[] => pool.live('d1').map(({ identity }) => identity.id)
    expect(nodes()).not.toContain('n49id')
    for (let i = 0; i < 18; i++) {
      engine.tell('down', { host: `n${i}`, port: 40_001 + i }, { id: `n${i}id` })
      network.crash(`n${i}`)
    }
    await clock.settle()
    expect(nodes().sort()).toEqual(Array.from({ length: 32 }, (_, i) => `n${i + 18}id`))
  })

  it('peers go when the last one who is interested goes', async () => {
    const at = await instance('a')
    const first = pool.want('d1')
    const second = pool.want('d1')
    await clock.settle()
    engine.tell('up', at, { id: 'aid' })
    await clock.settle()
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    await clock.settle()
    expect([pool.live().length, first.isOver, second.isOver]).toEqual([1, true, false])
    second[Symbol.dispose]()
    await clock.settle()
    expect([pool.live().length, second.isOver]).toEqual([0, true])
  })

  it('an engine that fails is told to those who wait, and asked anew by the next', async () => {
    engine.failing = true
    const interest = pool.want('d1')
    await interest.gathered
    expect(interest.failure).toMatchObject({ code: 'DS_ENGINE' })
    expect(interest.isOver).toBe(true)
    engine.failing = false
    const at = await instance('a')
    pool.want('d1')
    await clock.settle()
    engine.tell('up', at, { id: 'aid' })
    await clock.settle()
    expect(pool.live('d1').length).toBe(1)
  })
})

it('pool - an instance that waited for a seat is led to while it gets one', async () => {
  pool.want('d1')
  await clock.settle()
  const elsewhere = { host: 'elsewhere', port: 1 }
  for (let i = 0; i <= LIMITS.instances; i++)
    engine.tell('up', await instance(`n${i}`), { id: `n${i}id`, name: 'd1' })
  await clock.settle()
  const last = `n${LIMITS.instances}id`
  expect([pool.hidden('d1').length, pool.leadsTo(last, elsewhere)]).toEqual([0, true])
  pool.want('d1', 'every')
  expect([pool.hidden('d1').length, pool.leadsTo(last, elsewhere)]).toEqual([1, true])
  await clock.settle()
})
