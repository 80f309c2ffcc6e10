/**
 * Plays rounds of one case in a process of its own, which dies of what the victim dies of. Tells its parent by lines of
 * stdout: `round <seed>` before each, `done <json>` or `problem <json>` at the end.
 *
 *   node --expose-gc child.js <case> <seconds> <seed>…     rounds by turns of these seeds
 *   node --expose-gc child.js <case> round <seed>          that round alone
 */
import { writeSync } from 'node:fs'
import { CASES, judged, roundsOf, type Rounds } from './cases.js'
import { seedOf } from './chance.js'
import type { Plan } from './mutate.js'
import type { Outcome } from './round.js'
import { shrink } from './shrink.js'

/** Rounds after which everything that is made once has been made. */
const WARM = 40

/** Bytes of heap that may be more at the end than after those, whatever the number of rounds between. */
const GROWTH = 4 * 2 ** 20

/** Characters of a row that are shown. */
const SHOWN = 600

/** Told of what should never happen; set anew for each round. */
let crashed: (error: unknown) => void = () => undefined

function say(word: string, what: unknown): void {
  writeSync(1, `${word} ${JSON.stringify(what)}\n`)
}

/** One round, with whatever the process would have died of. */
async function play(rounds: Rounds, plan: Plan): Promise<Outcome> {
  const crash = new Promise<Outcome>((resolve) => {
    crashed = (error) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      resolve({ problem: `uncaught: ${text}`, longest: 0 })
    }
  })
  const played = judged(plan, (again) => rounds.play(again)).catch((error: unknown) => {
    crashed(error)
    return crash
  })
  const outcome = await Promise.race([crash, played])
  // what was rejected and never handled is told of a turn later
  await new Promise((resolve) => setImmediate(resolve))
  return outcome.problem ? outcome : Promise.race([crash, played])
}

/** Two problems of one kind differ in numbers at most. */
function kindOf(problem: string | null): string | undefined {
  return problem?.split('\n')[0]?.replace(/\d+/g, 'n')
}

async function report(rounds: Rounds, plan: Plan, problem: string): Promise<void> {
  say('problem', { seed: plan.seed, problem })
  const small = await shrink(
    plan,
    async (smaller) => kindOf((await play(rounds, smaller)).problem) === kindOf(problem),
  )
  const { rows, ...how } = small
  const shown = rows
    .map((row) => row.toString('utf8'))
    .map((row) => ({ bytes: row.length, row: row.slice(0, SHOWN) }))
  say('smallest', { ...how, rows: shown.slice(0, 20) })
  process.exitCode = 1
}

function heap(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** What the last rounds have begun may hold something still; a leak stays, however many rounds come after it. */
const LOOKS = 4

async function run(rounds: Rounds, seconds: number, seeds: readonly number[]): Promise<void> {
  const until = performance.now() + seconds * 1000
  let longest = 0
  let before = 0
  let grown = 0
  let looks = 0
  const isDone = async (n: number): Promise<boolean> => {
    if (n === WARM) before = heap()
    if (n < 2 * WARM || n % WARM > 0 || performance.now() < until) return false
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve))
    grown = heap() - before
    return grown <= GROWTH || ++looks === LOOKS
  }
  let n = 0
  for (; !(await isDone(n)); n++) {
    const plan = rounds.planOf(seedOf(seeds[n % seeds.length] as number, Math.floor(n / seeds.length)))
    say('round', plan.seed)
    const outcome = await play(rounds, plan)
    if (outcome.problem) return report(rounds, plan, outcome.problem)
    longest = Math.max(longest, outcome.longest)
  }
  if (grown > GROWTH) {
    const text = `after ${n} rounds the heap has ${grown} bytes more than after ${WARM}, and ${GROWTH} are allowed`
    say('problem', { seed: null, problem: text })
    process.exitCode = 1
  } else say('done', { rounds: n, longest, grown, rss: process.resourceUsage().maxRSS * 1024 })
}

async function main([name, how, ...seeds]: readonly string[]): Promise<void> {
  const target = CASES.find((one) => one.name === name)
  if (!target) throw new Error(`no such case: ${name}. There are ${CASES.map((one) => one.name).join(', ')}`)
  const rounds = await roundsOf(target)
  for (const event of ['uncaughtException', 'unhandledRejection'])
    process.on(event, (error) => crashed(error))
  if (how !== 'round') return run(rounds, Number(how), seeds.map(Number))
  const plan = rounds.planOf(Number(seeds[0]))
  const { problem, longest } = await play(rounds, plan)
  if (problem) await report(rounds, plan, problem)
  else say('done', { rounds: 1, longest, grown: 0, rss: 0 })
}

await main(process.argv.slice(2))
// connections of the last round may keep the process
process.exit()
