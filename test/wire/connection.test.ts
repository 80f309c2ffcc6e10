/** The contracts of connections, on every one that there is. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { DEFAULTS } from '../../lib/base/options.js'
import type { Address, Connection, Transport } from '../../lib/wire/connection.js'
import { memoryPair, MemoryNetwork } from '../../lib/wire/memory.js'
import { tcpTransport } from '../../lib/wire/tcp.js'
import { attachmentContract } from '../contracts/attachments.js'
import { connectionContract, type ConnectionHarness, type ConnectionWorld } from '../contracts/connection.js'

/** Pairs through a transport; the clock stands still unless the test moves it. */
async function worldOf(
  at: Address,
  [server, client]: readonly [Transport, Transport],
  clock: VirtualClock,
): Promise<ConnectionWorld> {
  const open: Connection[] = []
  const accepted: Connection[] = []
  const arrivals: ((connection: Connection) => void)[] = []
  const listening = await server.listen(at, (connection) => {
    open.push(connection)
    const next = arrivals.shift()
    if (next) next(connection)
    else accepted.push(connection)
  })
  return {
    async pair() {
      const near = await client.dial(listening.address)
      open.push(near)
      const far = accepted.shift() ?? (await new Promise<Connection>((resolve) => arrivals.push(resolve)))
      return [near, far]
    },
    passCloseTimeout: () => clock.advance(DEFAULTS.closeTimeout),
    async dispose() {
      await listening.close()
      for (const connection of open) connection.destroy(new Error('the test is over'))
      await Promise.all(open.map((connection) => connection.closed))
      await clock.settle()
      assert.equal(clock.waiting, 0)
    },
  }
}

/** All that a connection must do. */
function contracts(harness: ConnectionHarness): void {
  connectionContract(harness)
  attachmentContract(harness)
}

contracts({
  name: 'TCP',
  create() {
    const clock = new VirtualClock()
    const transport = tcpTransport({ clock })
    return worldOf({ host: '127.0.0.1', port: 0 }, [transport, transport], clock)
  },
})

contracts({
  name: 'Unix socket',
  async create() {
    const clock = new VirtualClock()
    const transport = tcpTransport({ clock })
    const folder = await mkdtemp(path.join(tmpdir(), 'wire-'))
    const world = await worldOf({ path: path.join(folder, 's') }, [transport, transport], clock)
    return {
      ...world,
      async dispose() {
        await world.dispose()
        assert.deepEqual(await readdir(folder), [])
        await rm(folder, { recursive: true })
      },
    }
  },
})

contracts({
  name: 'memory network',
  async create() {
    const clock = new VirtualClock()
    const network = new MemoryNetwork(clock)
    const nodes = [network.transport('n1'), network.transport('n2')] as const
    const world = await worldOf({ host: 'n1', port: 0 }, nodes, clock)
    return {
      ...world,
      async dispose() {
        await world.dispose()
        assert.deepEqual([network.connections, network.listeners], [0, 0])
      },
    }
  },
})

contracts({
  name: 'memory pair',
  async create() {
    const clock = new VirtualClock()
    return {
      pair: async () => memoryPair({ clock }),
      passCloseTimeout: () => clock.advance(DEFAULTS.closeTimeout),
      dispose: async () => assert.equal(clock.waiting, 0),
    }
  },
})
