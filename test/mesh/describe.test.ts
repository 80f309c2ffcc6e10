import { afterEach, beforeEach, describe as suite, expect, it } from 'vitest'
import type { State } from '../../lib/base/identity.js'
import { silentLogger } from '../../lib/base/logger.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { helloOf } from '../../lib/dnode/hello.js'
import { Session } from '../../lib/dnode/session.js'
import { MemoryHub } from '../../lib/engines/memory.js'
import { describe } from '../../lib/mesh/peers/describe.js'
import { Explorer } from '../../lib/mesh/rely/explorer.js'
import { Pool } from '../../lib/mesh/peers/pool.js'
import { MemoryNetwork } from '../../lib/wire/memory.js'

let clock: VirtualClock
let network: MemoryNetwork
let hub: MemoryHub
let pool: Pool

beforeEach(() => {
  clock = new VirtualClock()
  network = new MemoryNetwork(clock)
  hub = new MemoryHub()
  const context = { clock, logger: silentLogger, transport: network.transport('me'), mesh: 'default' }
  pool = new Pool(hub.engine({ mesh: 'default' }), {
    ...context,
    session: { clock, api: {}, hello: () => helloOf(null) },
  })
})

afterEach(async () => {
  await pool.close()
})

/** A service that answers `$describe` with whatever it likes. */
async function liar(answer: (session: Session) => unknown): Promise<void> {
  const self = { id: 'liarid', name: 'liar', version: '1.0.0', mesh: 'default', started: 1 }
  const identity = { ...self, state: 'ready' as State }
  const listening = await network.transport('liar').listen({ host: 'liar', port: 0 }, (connection) => {
    const session: Session = new Session(connection, {
      clock,
      api: { ping: () => 1 },
      hello: () => helloOf(identity),
      builtins: { $describe: () => answer(session) },
    })
  })
  await hub.engine({ mesh: 'default' }).announce(identity, [listening.address])
  pool.want('liar')
  await clock.settle()
}

const edge = { name: 'd1', range: '^1', optional: false, lazy: false, met: true, declaredIn: 'rely()' }
const honest = { state: 'ready', edges: [edge], methods: ['ping'] }

suite('what a service says of itself - it is checked', () => {
  it('an honest description is believed, but who it is comes from the hello', async () => {
    await liar(() => ({ ...honest, name: 'other', id: 'other', version: '9.9.9' }))
    const [peer] = pool.live('liar')
    expect(await describe(peer!)).toEqual({
      ...honest,
      about: {},
      contract: null,
      name: 'liar',
      version: '1.0.0',
      id: 'liarid',
      started: 1,
    })
  })

  it.each([
    ['nothing', undefined],
    ['text', 'hello'],
    ['a list', []],
    ['a state that is none', { ...honest, state: 'happy' }],
    ['edges that are no list', { ...honest, edges: {} }],
    ['edges without end', { ...honest, edges: Array.from({ length: 5_000 }, () => edge) }],
    ['methods that are no list', { ...honest, methods: 7 }],
  ])('%s is no description', async (_what, answer) => {
    await liar(() => answer)
    expect(await describe(pool.live('liar')[0]!)).toBeNull()
  })

  it.each([
    ['a name that is none', { ...edge, name: '../x' }],
    ['every name', { ...edge, name: '*' }],
    ['a range that is none', { ...edge, range: 'one' }],
    ['a range without end', { ...edge, range: '1 || '.repeat(100_000) }],
    ['null', null],
  ])('an edge to %s is left out', async (_what, bad) => {
    await liar(() => ({ ...honest, edges: [bad, edge] }))
    expect((await describe(pool.live('liar')[0]!))?.edges).toEqual([edge])
  })

  it('one that does not answer is given up', async () => {
    await liar(() => new Promise(() => undefined))
    const description = describe(pool.live('liar')[0]!)
    await clock.advance(3_000)
    expect(await description).toBeNull()
  })
})

suite('explorer - a service that changes all the time', () => {
  it('is not asked all the time, and not waited for for ever', async () => {
    let asked = 0
    await liar((session) => {
      session.changed('ready', ++asked)
      return honest
    })
    using explorer = new Explorer(pool, clock, () => undefined)
    explorer.follow([{ ...edge, name: 'liar', declaredIn: 'rely()' }])
    await clock.advance(2_000)
    expect(asked).toBeGreaterThan(5)
    expect(asked).toBeLessThan(30)
    expect(explorer.isSettled).toBe(false)
    await clock.advance(4_000)
    expect(explorer.isSettled).toBe(true)
  })
})
