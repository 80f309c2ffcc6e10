/** Rounds: every measure of every peer once, in turn, so that what disturbs the machine disturbs all of them. */
import { calm } from './calm.mjs'
import { canIdle, MEMORY } from './memory.mjs'
import { BIG_BYTES, BYTES } from './payload.mjs'
import { takesPart } from './peers.mjs'
import { startClient, startServer } from './processes.mjs'

const AGAIN = 10

const rate = ({ calls, took, cpu }) => ({ rate: (calls / took) * 1000, cpu: (cpu * 1000) / calls })
const small = (inFlight) => async (client, ms) => rate(await client.run('small', { ms, inFlight }))
const travel = (measure) => async (client, ms) => rate(await client.run('travel', { measure, ms }))

/** What travels beside plain values: checked first, since not every version of a peer can do it. */
const TRAVELS = {
  async binary(client, ms) {
    const seen = await client.run('travel', { measure: 'binary', ms })
    return { ...rate(seen), rate: (seen.calls * BYTES.length) / seen.took / 1000 }
  },
  callback: travel('callback'),
  awaited: travel('awaited'),
  stream: travel('stream'),
}

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
  ...TRAVELS,
}
export const MEASURES = [...Object.keys(STEADY), 'first', ...Object.keys(MEMORY)]

/** Long, and the same each time: measured in the first round only. */
const ONCE = ['slow', 'leak']

/**
 * Runs all rounds; `say` hears how far it is. Before each measure it waits at most `patience` milliseconds for a calm machine.
 * Returns peer -> measure -> figures of each round, the shares of the processors that others used, and what peers were
 * unable to do, with the reason.
 */
export async function runRounds({ peers, measures, rounds, patience, ...options }) {
  const { say, seconds } = options
  const results = Object.fromEntries(peers.map((name) => [name, {}]))
  const [running, others, unable] = [[], [], {}]
  const cannot = (name, measure, error) => {
    const [reason] = error.message.split('\n')
    say(`left out: ${name}, ${measure}: ${(unable[`${name}, ${measure}`] = reason)}`)
  }
  try {
    for (const name of peers) running.push(await startPeer(name, { measures, seconds, say, cannot }))
    for (let i = 0; i < rounds; i++) {
      say(`round ${i + 1} of ${rounds}`)
      const order = i % 2 === 0 ? running : running.toReversed()
      for (const measure of measures.filter((one) => i === 0 || !ONCE.includes(one))) {
        others.push(await calm(patience))
        for (const peer of order)
          await measureOnce(peer, { ...options, cannot, measure, of: results[peer.name] })
      }
    }
  } finally {
    for (const { client, server } of running) await Promise.all([client.stop(), server.stop()])
  }
  return { results, others, unable }
}

/** A server and a client that is warm. `unable` are the measures that it turned out to be no peer for. */
async function startPeer(name, { measures, seconds, say, cannot }) {
  say(`warming up ${name}`)
  const server = await startServer(name)
  const peer = { name, server, client: await warmClient(name, server, seconds), unable: [] }
  if (measures.includes('big') && takesPart(name, 'big')) await peer.client.run('checkBig')
  for (const measure of measures.filter((one) => one in TRAVELS && takesPart(name, one))) {
    try {
      await peer.client.run('checkTravel', { measure })
      await STEADY[measure](peer.client, seconds * 1000)
    } catch (error) {
      cannot(name, measure, error)
      peer.unable.push(measure)
      // what was tried may have ended the connection
      await peer.client.stop()
      peer.client = await warmClient(name, server, seconds)
    }
  }
  return peer
}

async function warmClient(name, server, seconds) {
  const client = await startClient(name, server)
  if (!takesPart(name, '1')) await client.run('connect')
  else {
    await client.run('first')
    await client.run('small', { ms: Math.max(500, seconds * 1000), inFlight: 64 })
  }
  return client
}

async function measureOnce({ name, server, client, unable }, { measure, seconds, full, cannot, of }) {
  if (!takesPart(name, measure) || unable.includes(measure)) return
  const add = (figures) => (of[measure] ??= []).push(figures)
  if (measure === 'first') add(await firstAnswer(name, server))
  else if (measure in STEADY) add(await STEADY[measure](client, seconds * 1000))
  else if (measure !== 'idle')
    await MEMORY[measure](name, full).then(add, (error) => cannot(name, measure, error))
  else if (await canIdle(name)) add(await MEMORY.idle(name))
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
