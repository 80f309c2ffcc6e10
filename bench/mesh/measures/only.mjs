/** The only instance is killed, and another one starts 300 ms later: calls that are made after the loss wait for it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { codesOf, median, most, sum } from '../figures.mjs'
import { Load } from '../load.mjs'
import { Members } from '../members.mjs'
import { driverOf } from '../peers.mjs'

const ROUNDS = 20
/** Calls a second: of one name at most 1 000 wait, and this is to say how they fare, on a machine that is slow to start as well. */
const RATE = 500
/** Milliseconds without an instance. */
const AWAY = 300

export async function only({ peer }) {
  const { connect } = await driverOf(peer)
  const members = new Members(peer)
  const rounds = []
  try {
    let member = await members.start()
    const client = await connect()
    const load = new Load(() => client.call(), RATE)
    for (let i = 0; i < ROUNDS; i++) {
      const { pid } = member
      await load.until(({ value }) => value === pid)
      await sleep(200)
      const round = await once(load, members, member)
      member = round.next
      rounds.push(round)
    }
    const hung = await load.end()
    await client.close()
    return {
      rounds: ROUNDS,
      lostInFlight: sum(rounds.map(({ before }) => before)) / ROUNDS,
      waited: sum(rounds.map(({ waited }) => waited)) / ROUNDS,
      lostLater: sum(rounds.map(({ later }) => later)),
      back50: median(rounds.map(({ back }) => back)),
      backMost: most(rounds.map(({ back }) => back)),
      errors: codesOf(load.all),
      hung,
    }
  } finally {
    await members.end()
  }
}

async function once(load, members, member) {
  load.mark()
  member.kill()
  await sleep(AWAY)
  const waited = load.pending.size
  const told = performance.now()
  const next = await members.start()
  const { ended } = await load.until(({ value }) => value === next.pid)
  await sleep(AWAY)
  // the loss is noticed when the first call in flight fails of it
  const noticed = Math.min(...load.failed.map((call) => call.ended))
  const later = load.failed.filter(({ begun }) => begun > noticed).length
  return { next, waited, later, before: load.failed.length - later, back: ended - told }
}
