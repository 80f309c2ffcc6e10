/** One of two instances is killed, again and again: how long calls fail, which of those in flight are lost, and how they end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { at, codesOf, DEADLINE, median, most, sum } from '../figures.mjs'
import { Load } from '../load.mjs'
import { Members } from '../members.mjs'
import { driverOf } from '../peers.mjs'

/** Of four calls one may run twice. */
const OFTEN = 4
/** Milliseconds after a kill until the next instance starts. */
const SETTLE = 300

export async function kill({ peer, kills, otherKills, say }) {
  const { connect, isHonest = () => true } = await driverOf(peer)
  const members = new Members(peer)
  const rounds = []
  try {
    let victims = [await members.start(), await members.start()]
    const client = await connect()
    const isOften = (number) => client.again && number % OFTEN === 0
    const load = new Load((number) => (isOften(number) ? client.again() : client.call()))
    await isMet(load, victims)
    const count = peer === 'dservice' ? kills : otherKills
    for (let i = 0; i < count; i++) {
      const [victim, other] = i % 2 === 0 ? victims : victims.toReversed()
      rounds.push({ ...(await once(load, victim)), isOften, isHonest })
      const next = await members.start()
      await isMet(load, [next])
      victims = i % 2 === 0 ? [next, other] : [other, next]
      if ((i + 1) % 20 === 0) say(`${i + 1} of ${count} kills`)
    }
    const hung = await load.end()
    await client.close()
    return { ...figures(rounds, hung), errors: codesOf(load.all) }
  } finally {
    await members.end()
  }
}

/** All of them have answered. */
async function isMet(load, members) {
  await Promise.all(members.map(({ pid }) => load.until(({ value }) => value === pid)))
}

/** Kills one; what fails from then on, until long after. */
async function once(load, victim) {
  load.mark()
  const killed = performance.now()
  victim.kill()
  await sleep(SETTLE)
  // calls without a word from a dead process end at their deadline: wait for all that were made by now
  const end = performance.now() + DEADLINE + SETTLE
  const now = performance.now()
  while ([...load.pending].some(({ begun }) => begun < now) && performance.now() < end) await sleep(5)
  return { killed, failed: load.failed }
}

function figures(rounds, hung) {
  const heals = rounds.map(healed)
  const all = (fits) => sum(rounds.map((round) => round.failed.filter((call) => fits(call, round)).length))
  const inFlight = ({ begun }, { killed }) => begun <= killed
  return {
    kills: rounds.length,
    heal50: median(heals),
    heal99: at(heals, 0.99),
    healMost: most(heals),
    lost: all((call, round) => inFlight(call, round) && !round.isOften(call.number)) / rounds.length,
    later: all((call, round) => !inFlight(call, round)) / rounds.length,
    oftenLost: all(({ number }, { isOften }) => isOften(number)),
    odd: all(({ error }, { isHonest }) => !isHonest(error)),
    lateEnd: most(
      rounds.map(({ killed, failed }) => most([0, ...failed.map(({ ended }) => ended - killed)])),
    ),
    hung,
  }
}

/** From the kill to the beginning of the last call that failed: the next one, and all after it, went well at their first try. */
function healed({ killed, failed }) {
  return most([0, ...failed.map(({ begun }) => begun - killed)])
}
