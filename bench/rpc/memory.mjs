/** What is measured of memory: each in two processes of its own. */
import { readFileSync } from 'node:fs'
import { driverOf } from './peers.mjs'
import { startClient, startServer } from './processes.mjs'

const PAGE_KB = 4
const MB = 1024 ** 2

const CONNECTIONS = 1_000
const WARM_UP = 50

/** Milliseconds of the slow sink: a part of the source, or as many as all of it needs, and some more. */
const SINK = { part: 10_000, full: 120_000 }
/** A peer that has grown by so much holds the source, and needs not show how much more it would. */
const ENOUGH_MB = 512
const LOOK = 20

const CALLBACKS = 1_000_000
const STREAMS = 100_000
/** Portions between two collections. */
const PORTIONS = 20
const COLLECTIONS = 4

/** measure -> figures of one peer. */
export const MEMORY = { idle, slow, leak }

/** KB that the server's memory grows by a connection that does nothing, collected before and after. */
async function idle(name) {
  const rss = async (server) => {
    await server.collect()
    return rssOf(server.pids[0])
  }
  return withPair(name, async ({ server, client }) => {
    await client.run('open', { count: WARM_UP })
    const before = await rss(server)
    await client.run('open', { count: CONNECTIONS })
    return { kb: ((await rss(server)) - before) / CONNECTIONS }
  })
}

/** MB that each end grows by at most while a sink takes its time with a large source. */
async function slow(name, isFull) {
  return withPair(name, async ({ server, client }) => {
    await client.run('first')
    await collect({ server, client })
    const growth = watchRss({ server: server.pids[0], client: client.pid })
    const ms = isFull ? SINK.full : SINK.part
    try {
      const sunk = await Promise.race([client.run('sink', { ms }, 2 * SINK.full), growth.isEnough])
      const rate = sunk && { sink: sunk.bytes / sunk.took / 1000 }
      return { ...growth.seen(), ...rate }
    } finally {
      growth.stop()
    }
  })
}

/** Looks at the memory of processes often: by how many MB each has grown at most, and when that is enough. */
function watchRss(pids) {
  const now = () => Object.entries(pids).map(([end, pid]) => [end, rssOf(pid)])
  const start = Object.fromEntries(now())
  const peak = { ...start }
  let finish
  const isEnough = new Promise((done) => (finish = done))
  const look = () => {
    for (const [end, kb] of now()) {
      peak[end] = Math.max(peak[end], kb)
      if (peak[end] - start[end] > ENOUGH_MB * 1024) finish()
    }
  }
  const timer = setInterval(look, LOOK)
  const seen = () => {
    look()
    return Object.fromEntries(Object.keys(pids).map((end) => [end, (peak[end] - start[end]) / 1024]))
  }
  return { isEnough, seen, stop: () => clearInterval(timer) }
}

/** MB of live heap that remain at each end of functions and streams that are done with. */
async function leak(name) {
  return withPair(name, async (pair) => {
    const { client } = pair
    const portion = async () => {
      await client.run('useFunctions', { count: CALLBACKS / PORTIONS })
      await client.run('useStreams', { count: STREAMS / PORTIONS })
      return collect(pair)
    }
    await client.run('first')
    const before = await portion()
    let after = before
    for (let i = 0; i < PORTIONS; i++) after = await portion()
    return { server: (after.server - before.server) / MB, client: (after.client - before.client) / MB }
  })
}

/** Collects at both ends in turn, so that what an end says of it reaches the other; bytes of live heap. */
async function collect({ server, client }) {
  const heap = {}
  for (let i = 0; i < COLLECTIONS; i++) {
    heap.client = await client.run('collect')
    heap.server = await server.collect()
  }
  return heap
}

async function withPair(name, measure) {
  const server = await startServer(name)
  try {
    const client = await startClient(name, server, { execArgv: ['--expose-gc'] })
    try {
      return await measure({ server, client })
    } finally {
      await client.stop()
    }
  } finally {
    await server.stop()
  }
}

/** Whether connections of this peer can be made that do nothing. */
export async function canIdle(name) {
  const { idle: can = false } = await driverOf(name)
  return Array.isArray(can) ? can.includes(name) : can
}

function rssOf(pid) {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_KB
}
