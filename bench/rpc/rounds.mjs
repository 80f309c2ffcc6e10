/** Rounds: every measure of every peer once, in turn, so that what disturbs the machine disturbs all of them. */
import { calm } from './calm.mjs'
import { BIG_BYTES } from './payload.mjs'
import { driverOf } from './peers.mjs'
import { startClient, startServer } from './processes.mjs'

const CONNECTIONS = 1_000
const WARM_UP = 50
const AGAIN = 10

const rate = ({ calls, took, cpu }) => ({ rate: (calls / took) * 1000, cpu: (cpu * 1000) / calls })
const small = (inFlight) => async (client, ms) => rate(await client.run('small', { ms, inFlight }))

/** What is measured in the client that stays: name -> figures of one round. */
const STEADY = {
  async 1(client, ms) {
    const seen = await client.run('ping', { ms })
    return { ...rate(seen), p50: seen.p50, p99: seen.p99 }
  },
  64: small(64),
  256: small(256),
  async big(client, ms) {
    const { calls, took } = await client.run('big', { ms, inFlight: 4 })
    return { rate: (calls * BIG_BYTES) / took / 1000 }
  },
}
export const MEASURES = [...Object.keys(STEADY), 'first', 'idle']

/** Peers whose large values mean nothing. */
const NO_BIG = ['classic:limit']

/**
 * Runs all rounds; `say` hears how far it is. Before each measure it waits at most `patience` milliseconds for a calm machine.
 * Returns peer -> measure -> figures of each round, and the shares of the processors that others used.
 */
export async function runRounds({ peers, measures, rounds, seconds, patience, say }) {
  const results = Object.fromEntries(peers.map((name) => [name, {}]))
  const running = []
  const others = []
  try {
    for (const name of peers) running.push(await startPeer(name, { measures, seconds, say }))
    for (let i = 0; i < rounds; i++) {
      say(`round ${i + 1} of ${rounds}`)
      const order = i % 2 === 0 ? running : running.toReversed()
      for (const measure of measures) {
        others.push(await calm(patience))
        for (const peer of order) await measureOnce(peer, { measure, seconds, of: results[peer.name] })
      }
    }
  } finally {
    for (const { client, server } of running) await Promise.all([client.stop(), server.stop()])
  }
  return { results, others }
}

/** A server and a client that is warm. */
async function startPeer(name, { measures, seconds, say }) {
  say(`warming up ${name}`)
  const server = await startServer(name)
  const client = await startClient(name, server)
  await client.run('first')
  await client.run('small', { ms: Math.max(500, seconds * 1000), inFlight: 64 })
  if (measures.includes('big') && !NO_BIG.includes(name)) await client.run('checkBig')
  return { name, server, client }
}

async function measureOnce({ name, server, client }, { measure, seconds, of }) {
  if (measure === 'big' && NO_BIG.includes(name)) return
  const add = (figures) => (of[measure] ??= []).push(figures)
  if (measure === 'first') add(await firstAnswer(name, server))
  else if (measure !== 'idle') add(await STEADY[measure](client, seconds * 1000))
  else if (await canIdle(name)) add({ kb: await idleConnection(name) })
}

/** A client that has called nothing yet, where it can its later connections, and the server that is warm. */
async function firstAnswer(name, server) {
  const client = await startClient(name, server)
  try {
    const { cpu: _ofBothEnds, ...first } = await client.run('first')
    return (await canIdle(name)) ? { ...first, again: await client.run('again', { count: AGAIN }) } : first
  } finally {
    await client.stop()
  }
}

async function canIdle(name) {
  const { idle = false } = await driverOf(name)
  return Array.isArray(idle) ? idle.includes(name) : idle
}

/** KB that the server's memory grows by a connection that does nothing, collected before and after. */
async function idleConnection(name) {
  const server = await startServer(name)
  const client = await startClient(name, server)
  try {
    await client.run('open', { count: WARM_UP })
    const before = await server.rss()
    await client.run('open', { count: CONNECTIONS })
    return ((await server.rss()) - before) / CONNECTIONS
  } finally {
    await Promise.all([client.stop(), server.stop()])
  }
}
