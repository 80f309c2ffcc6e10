/**
 * Calls a service at a steady rate, from a network of its own: `node caller.mjs <engine>`. Prints each call that has ended, as
 * JSON: `id`, `mayRepeat`, `begun` (wall time), `took`, `end`. Told SIGTERM it makes no more, and says `done` when all have ended.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { dservice } from 'dservice'

/** Milliseconds between two calls, of a call, and until one counts as hung. */
const PAUSE = 10
const TIMEOUT = 5_000
const PATIENCE = 10_000

const mesh = dservice({ engine: process.argv[2], insecure: true, instanceWait: '30s' })
const d1 = await mesh.dnodeFor('d1', '^1', { timeout: TIMEOUT })
const pending = new Set()
let isOver = false

async function one(id) {
  const mayRepeat = id % 2 === 1
  const begun = Date.now()
  pending.add(id)
  const end = await (mayRepeat ? d1.again(id) : d1.run(id)).then(
    () => 'ok',
    ({ code, ran }) => ({ code, ran }),
  )
  pending.delete(id)
  console.log(JSON.stringify({ id, mayRepeat, begun, took: Date.now() - begun, end }))
}

process.on('SIGTERM', () => (isOver = true))
for (let id = 0; !isOver; id++) {
  void one(id)
  await sleep(PAUSE)
}
const end = Date.now() + PATIENCE
while (pending.size > 0 && Date.now() < end) await sleep(PAUSE)
for (const id of pending)
  console.log(JSON.stringify({ id, mayRepeat: id % 2 === 1, begun: 0, took: 0, end: 'pending' }))
console.log('done')
process.exit()
