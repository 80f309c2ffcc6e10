/**
 * One instance: `node member.mjs <peer>`. Loads its code and says so, starts when it is told `start` and says `ready`; told `stop` it
 * ends in order, told `restart` it stops and starts again. Ends with the process that started it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { CALL } from './figures.mjs'
import { driverOf } from './peers.mjs'

const { serve } = await driverOf(process.argv[2])
let stop = null

async function run() {
  await sleep(CALL)
  return process.pid
}

const orders = {
  async start() {
    stop = await serve(run)
    return 'ready'
  },
  async stop() {
    await stop()
    process.exit()
  },
  async restart() {
    await stop()
    return orders.start()
  },
  maxRss: () => process.resourceUsage().maxRSS,
}

async function carryOut(order) {
  process.send(await orders[order]())
}

process.on('disconnect', () => process.exit())
process.on('message', (order) => void carryOut(order))
process.send('loaded')
