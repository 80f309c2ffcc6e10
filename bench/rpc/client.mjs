/** The calling process of one peer: connects, runs the measures it is told, and says what it saw. */
import { PerformanceObserver } from 'node:perf_hooks'
import { median } from './figures.mjs'
import { driverOf } from './peers.mjs'
import { flood, latency } from './measures.mjs'
import { BIG, BIG_BYTES, SMALL, SMALL_ANSWER } from './payload.mjs'
import { checkTravel, runTravel, sink, useFunctions, useStreams } from './travels.mjs'

const [name, where] = process.argv.slice(2)
const address = JSON.parse(where)
const { connect, prepare } = await driverOf(name)
const prepared = await prepare?.(name)
let peer = null

/** Connects and calls once: when that began and ended, and the connection. */
async function answered() {
  const start = performance.now()
  const connected = await connect(address, name, prepared)
  const value = await connected.call(SMALL)
  const end = performance.now()
  if (value !== SMALL_ANSWER) throw new Error(`${name} answered ${JSON.stringify(value)}`)
  return { start, end, connected }
}

/** From here on notes when sockets of Node are connected: answers when the last one was, undefined where none was. */
function watchSockets() {
  let last
  const see = (entries) => entries.forEach(({ startTime, duration }) => (last = startTime + duration))
  const observer = new PerformanceObserver((list) => see(list.getEntries()))
  observer.observe({ entryTypes: ['net'] })
  return () => {
    see(observer.takeRecords())
    observer.disconnect()
    return last
  }
}

const tasks = {
  /** From nothing but loaded code to the first answer, milliseconds, and the part of it since the socket was connected. */
  async first() {
    const lastConnected = watchSockets()
    const { start, end, connected } = await answered()
    const socket = lastConnected()
    peer = connected
    return { ms: end - start, ...(socket === undefined ? {} : { answer: end - socket }) }
  },
  /** The same, once the code has run: the median of some more connections. */
  async again({ count }) {
    const times = []
    for (let i = 0; i < count; i++) {
      const { start, end, connected } = await answered()
      times.push(end - start)
      await connected.close()
    }
    return median(times)
  },
  /** For peers that have no small calls. */
  async connect() {
    peer = await connect(address, name, prepared)
  },
  async checkBig() {
    const answered = await peer.call(BIG)
    if (JSON.stringify(answered).length !== BIG_BYTES)
      throw new Error(`${name} does not return a large value`)
  },
  ping: ({ ms }) => latency(() => peer.call(SMALL), ms),
  small: ({ ms, inFlight }) => flood(() => peer.call(SMALL), { ms, inFlight }),
  big: ({ ms, inFlight }) => flood(() => peer.call(BIG), { ms, inFlight }),
  checkTravel: (options) => checkTravel(peer, options),
  travel: (options) => runTravel(peer, options),
  sink: (options) => sink(peer, options),
  useFunctions: (options) => useFunctions(peer, options),
  useStreams: (options) => useStreams(peer, options),
  /** Collects what nobody holds; the bytes of live heap. */
  collect() {
    globalThis.gc()
    return process.memoryUsage().heapUsed
  },
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
