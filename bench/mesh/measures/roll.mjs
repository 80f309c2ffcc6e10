/** Three instances are stopped in order and replaced, one after the other: no call is to fail of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { codesOf, most } from '../figures.mjs'
import { Load } from '../load.mjs'
import { Members } from '../members.mjs'
import { driverOf } from '../peers.mjs'

const SIZE = 3
/** How often all of them are restarted. */
const ROUNDS = 10

export async function roll({ peer }) {
  const { connect } = await driverOf(peer)
  const members = new Members(peer)
  const [gaps, stops] = [[], []]
  try {
    let crew = []
    for (let i = 0; i < SIZE; i++) crew.push(await members.start())
    const client = await connect()
    const load = new Load(() => client.call())
    await Promise.all(crew.map(({ pid }) => load.until(({ value }) => value === pid)))
    load.mark()
    for (let i = 0; i < ROUNDS * SIZE; i++) {
      const [first, ...others] = crew
      const begun = performance.now()
      await first.stop()
      stops.push(performance.now() - begun)
      const next = await members.start()
      await load.until(({ value }) => value === next.pid)
      crew = [...others, next]
      gaps.push(load.gap)
      load.gap = 0
      await sleep(50)
    }
    const hung = await load.end()
    await client.close()
    const errors = codesOf(load.all)
    const { answered, failed } = load
    return {
      restarts: stops.length,
      answered,
      failed: failed.length,
      errors,
      gap: most(gaps),
      stop: most(stops),
      hung,
    }
  } finally {
    await members.end()
  }
}
