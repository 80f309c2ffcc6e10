/** The calling process of one peer: connects, runs the measures it is told, and says what it saw. */
import { driverOf } from './peers.mjs'
import { flood, latency } from './measures.mjs'
import { BIG, BIG_BYTES, SMALL, SMALL_ANSWER } from './payload.mjs'

const [name, where] = process.argv.slice(2)
const address = JSON.parse(where)
const { connect, prepare } = await driverOf(name)
const prepared = await prepare?.(name)
let peer = null

const tasks = {
  /** From nothing but loaded code to the first answer, milliseconds. */
  async first() {
    const start = performance.now()
    peer = await connect(address, name, prepared)
    const answered = await peer.call(SMALL)
    const took = performance.now() - start
    if (answered !== SMALL_ANSWER) throw new Error(`${name} answered ${JSON.stringify(answered)}`)
    return took
  },
  async checkBig() {
    const answered = await peer.call(BIG)
    if (JSON.stringify(answered).length !== BIG_BYTES)
      throw new Error(`${name} does not return a large value`)
  },
  ping: ({ ms }) => latency(() => peer.call(SMALL), ms),
  small: ({ ms, inFlight }) => flood(() => peer.call(SMALL), { ms, inFlight }),
  big: ({ ms, inFlight }) => flood(() => peer.call(BIG), { ms, inFlight }),
  async open({ count }) {
    for (let i = 0; i < count; i += 50) {
      await Promise.all(
        Array.from({ length: Math.min(50, count - i) }, () => connect(address, name, prepared)),
      )
    }
  },
}

async function carryOut({ task, ...options }) {
  try {
    process.send({ result: (await tasks[task](options)) ?? null })
  } catch (error) {
    process.send({ error: error?.stack ?? String(error) })
  }
}

// an exit, not a death by the signal: a profile is written at `exit`
process.on('SIGTERM', () => process.exit())
process.on('disconnect', () => process.exit())
process.on('message', (order) => void carryOut(order))
process.send('ready')
