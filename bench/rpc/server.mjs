/** The serving process of one peer: serves, says where, and ends with the process that started it. */
import { driverOf } from './peers.mjs'

const name = process.argv[2]
// an exit, not a death by the signal: what a driver started ends at `exit`
process.on('SIGTERM', () => process.exit())
process.on('disconnect', () => process.exit())
process.on('message', () => {
  globalThis.gc()
  process.send(process.memoryUsage().heapUsed)
})
process.send(await (await driverOf(name)).serve(name))
