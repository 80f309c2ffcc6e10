/** Ten thousand calls at once on one connection: all are answered, and what either end grows by at most. */
import { Members } from '../members.mjs'
import { driverOf } from '../peers.mjs'

const CALLS = 10_000
const ROUNDS = 5

export async function burst({ peer }) {
  const { connect } = await driverOf(peer)
  const members = new Members(peer)
  try {
    const member = await members.start()
    const client = await connect()
    await client.call()
    globalThis.gc()
    const before = { client: process.memoryUsage().rss / 1024, server: await member.tell('maxRss') }
    let answered = 0
    const begun = performance.now()
    for (let i = 0; i < ROUNDS; i++) {
      const outcomes = await Promise.allSettled(Array.from({ length: CALLS }, () => client.call()))
      answered += outcomes.filter(({ status }) => status === 'fulfilled').length
    }
    const took = performance.now() - begun
    const clientMb = (process.resourceUsage().maxRSS - before.client) / 1024
    const serverMb = ((await member.tell('maxRss')) - before.server) / 1024
    await client.close()
    return {
      calls: CALLS * ROUNDS,
      missing: CALLS * ROUNDS - answered,
      clientMb,
      serverMb,
      ms: took / ROUNDS,
    }
  } finally {
    await members.end()
  }
}
