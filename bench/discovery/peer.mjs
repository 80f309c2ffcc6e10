/** The other process of engine.mjs: announces or watches when it is told to, and says when it did. */
import { systemClock } from '../../dist/lib/base/clock.js'
import { newId } from '../../dist/lib/base/id.js'
import { createMdns } from '../../dist/lib/engines/mdns.js'

const MESH = process.argv[2] ?? 'bench'
const wallTime = () => performance.timeOrigin + performance.now()
// Listening to the channel first: it is what holds this process, the engine does not.
process.on('disconnect', () => process.exit(0))
process.on('message', (order) => {
  void obey(order)
})

const mdns = await createMdns({ mesh: MESH, clock: systemClock })
let running = null

async function obey(order) {
  const at = wallTime()
  if ('announce' in order) {
    const id = newId(systemClock)
    const self = {
      id,
      name: order.announce,
      version: '1.0.0',
      mesh: '',
      state: 'ready',
      started: Date.now(),
    }
    running = await mdns.announce(self, [{ host: '127.0.0.1', port: 4001 }])
  } else await running?.[Symbol.asyncDispose]()
  process.send({ at })
}

process.send({ at: wallTime() })
