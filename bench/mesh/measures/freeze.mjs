/** One of two instances is frozen (SIGSTOP): when it is noticed, and how many calls it takes along. */
import { setTimeout as sleep } from 'node:timers/promises'
import { codesOf, median, most, sum } from '../figures.mjs'
import { Load } from '../load.mjs'
import { Members } from '../members.mjs'
import { driverOf } from '../peers.mjs'

const ROUNDS = 5
/** Milliseconds. */
const FROZEN = 5_000
const PATIENCE = 10_000

export async function freeze({ peer }) {
  const { connect } = await driverOf(peer)
  const members = new Members(peer)
  const rounds = []
  try {
    const both = [await members.start(), await members.start()]
    const client = await connect()
    const load = new Load(() => client.call())
    for (let i = 0; i < ROUNDS; i++) {
      const { pid } = both[i % 2]
      await load.until(({ value }) => value === pid)
      rounds.push(await once(load, pid))
    }
    const hung = await load.end()
    await client.close()
    return {
      rounds: ROUNDS,
      noticed50: median(rounds.map(({ noticed }) => noticed)),
      noticedMost: most(rounds.map(({ noticed }) => noticed)),
      lost: sum(rounds.map(({ lost }) => lost)) / ROUNDS,
      back50: median(rounds.map(({ back }) => back)),
      backMost: most(rounds.map(({ back }) => back)),
      errors: codesOf(load.all),
      hung,
    }
  } finally {
    await members.end()
  }
}

async function once(load, pid) {
  load.mark()
  process.kill(pid, 'SIGSTOP')
  const stopped = performance.now()
  await sleep(FROZEN)
  const { failed } = load
  process.kill(pid, 'SIGCONT')
  const thawed = performance.now()
  const back = load.until(({ value, begun }) => value === pid && begun > thawed)
  const answered = await Promise.race([back, sleep(PATIENCE, { ended: Infinity }, { ref: false })])
  return {
    noticed: most([NaN, ...failed.map(({ ended }) => ended - stopped)].slice(failed.length > 0 ? 1 : 0)),
    lost: failed.length,
    back: answered.ended - thawed,
  }
}
