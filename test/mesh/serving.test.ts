import { expect, it } from 'vitest'
import type { LogFields } from '../../lib/base/logger.js'
import { silentLogger } from '../../lib/base/logger.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { helloOf } from '../../lib/dnode/hello.js'
import { MemoryHub } from '../../lib/engines/memory.js'
import { Serving } from '../../lib/mesh/serving/serving.js'
import { MemoryNetwork } from '../../lib/wire/memory.js'

it('serving - a hello that is refused is a warning with the reason, one in a minute; silence is none', async () => {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const told: LogFields[] = []
  const serving = await Serving.open({
    clock,
    logger: { ...silentLogger, warn: (fields) => void told.push(fields) },
    transport: network.transport('d1'),
    discovery: new MemoryHub(network).engine({ mesh: 'default', node: 'd1' }),
    listenAt: async () => ({ host: 'd1', port: 0 }),
    advertise: (at) => at,
    session: { clock, api: { f: () => 1 }, hello: () => helloOf(null) },
  })
  const come = async (row: string | null): Promise<void> => {
    const connection = await network.transport('peer').dial(serving.address)
    connection.open({ row: () => undefined, drain: () => undefined })
    if (row !== null) connection.send([`${row}\n`])
    await clock.advance(3_000)
    await connection.close()
  }
  const bad = { method: 'methods', arguments: [{}], callbacks: {}, links: [], dservice: { protocol: 'one' } }
  await come(null)
  expect(told).toEqual([])
  for (let i = 0; i < 5; i++) await come(JSON.stringify(bad))
  expect(told).toEqual([
    { peer: expect.any(String) as string, reason: expect.stringContaining('"protocol"') as string },
  ])
  await clock.advance(60_000)
  await come('GET / HTTP/1.1')
  expect(told).toHaveLength(2)
  await serving.drain(0)
})
