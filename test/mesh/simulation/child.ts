/** Plays seeds one after the other, as its parent wants, and tells it in lines: `at <seed>`, `wrong <json>`, `done <json>`. */
import { round } from './rounds.js'

/** Every so many runs one is played twice. */
const TWICE = 25

async function main(): Promise<void> {
  const [from = '1', seconds = '1'] = process.argv.slice(2)
  const until = performance.now() + Number(seconds) * 1_000
  let [runs, calls, faults] = [0, 0, 0]
  for (let seed = Number(from); performance.now() < until || runs === 0; seed++) {
    console.log(`at ${seed}`)
    const { played, wrong } = await round(seed, runs % TWICE === 0)
    runs++
    calls += played.ledger.made.length
    faults += played.plan.events.filter(({ do: what }) => what !== 'call' && what !== 'watch').length
    if (wrong.length > 0) console.log(`wrong ${JSON.stringify({ seed, wrong })}`)
  }
  console.log(`done ${JSON.stringify({ runs, calls, faults })}`)
}

await main()
