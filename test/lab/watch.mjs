/** Watches the whole mesh by the engine itself, and prints what it is told before any connection is made. */
import { systemClock } from '../../dist/lib/base/clock.js'
import { createMdns } from '../../dist/lib/engines/mdns.js'

setInterval(() => undefined, 1_000)
const mdns = await createMdns({ mesh: process.env.DSERVICE_MESH, clock: systemClock })
await mdns.watch('*', ({ type, hint }) => console.log(`${type} ${hint.name}`))
console.log('watching')
