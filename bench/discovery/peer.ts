/** The other process of the discovery bench: announces or watches when it is told to, and says when it did. */
import { systemClock } from '../../lib/base/clock.js'
import { newId } from '../../lib/base/id.js'
import { createMdns } from '../../lib/engines/mdns.js'
import type { Announcement } from '../../lib/mesh/discovery.js'

/** What the bench tells its peer, and what the peer answers. Times are wall time: two processes share no other. */
export type Order = { readonly announce: string } | { readonly withdraw: true }
export interface Report {
  readonly at: number
}

const wallTime = (): number => performance.timeOrigin + performance.now()
// Listening to the channel first: it is what holds this process, the engine does not.
process.on('disconnect', () => process.exit(0))
process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

const mdns = await createMdns({ mesh: process.argv[2] ?? 'bench', clock: systemClock })
let announcement: Announcement | null = null

async function obey(order: Order): Promise<void> {
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
    } as const
    announcement = await mdns.announce(self, [{ host: '127.0.0.1', port: 4001 }])
  } else await announcement?.[Symbol.asyncDispose]()
  process.send?.({ at } satisfies Report)
}

process.send?.({ at: wallTime() } satisfies Report)
