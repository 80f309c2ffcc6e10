/** The calling process of one peer: connects, runs the measures it is told, and says what it saw. */
import { median } from './figures.mjs'
import { driverOf } from './peers.mjs'
import { flood, latency } from './measures.mjs'
import { BIG, BIG_BYTES, SMALL, SMALL_ANSWER } from './payload.mjs'

const [name, where] = process.argv.slice(2)
const address = JSON.parse(where)
const { connect, prepare } = await driverOf(name)
const prepared = await prepare?.(name)
let peer = null

/** Connects and calls once: how long that took, and the connection. */
async function answered() {
  const start = performance.now()
  const connected = await connect(address, name, prepared)
  const value = await connected.call(SMALL)
  const took = performance.now() - start
  if (value !== SMALL_ANSWER) throw new Error(`${name} answered ${JSON.stringify(value)}`)
  return [took, connected]
}

const tasks = {
  /** From nothing but loaded code to the first answer, milliseconds. */
  async first() {
    const [took, first] = await answered()
    peer = first
    return took
  },
  /** The same, once the code has run: the median of some more connections. */
  async again({ count }) {
    const times = []
    for (let i = 0; i < count; i++) {
      const [took, next] = await answered()
      times.push(took)
      await next.close()
    }
    return median(times)
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
