/** What a project command finds: all that are there, also those that answer late. */
import { expect, it } from 'vitest'
import { contracts } from '../../../lib/index.js'
import { lookFor } from '../../../lib/tools/project/look.js'
import { simulate } from '../../../lib/testing/index.js'

it('look - waits for an instance that answers later than the first one', async () => {
  await using world = simulate()
  const api = { ping: () => 'pong' }
  void world.service('d1@1.0.0', api, { node: 'near' }).start()
  void world.service('d1@1.1.0', api, { node: 'far' }).start()
  await world.settle()
  world.latency(100, { to: 'far' })
  // the command loads it when it is needed, which takes no time of this world: it is loaded
  expect(contracts).toBeTypeOf('function')
  const [seen] = await world.until(lookFor(world.client(), [{ name: 'd1', range: '^1' }]))
  expect(seen?.found.map(({ instance }) => instance.version)).toEqual(['1.1.0', '1.0.0'])
})
