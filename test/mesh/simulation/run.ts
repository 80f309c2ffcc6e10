/**
 * The simulation: whole meshes on a virtual clock, in which by chance all goes wrong that can, and what must be true in spite of that.
 *
 *   node dist/test/mesh/simulation/run.js                  55 s in two processes: seeds that stay, and seeds that are new
 *   SIM_SECONDS=3600 node dist/test/mesh/simulation/run.js longer
 *   SIM_SEED=7 node dist/test/mesh/simulation/run.js       that run alone, twice, with all that happened in it
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { round } from './rounds.js'

/** The first of the seeds that stay. */
const SEED = 1
const SECONDS = Number(process.env['SIM_SECONDS'] ?? 55)

/** Milliseconds for one run, which takes some ten. */
const STUCK = 60_000

/** Failures that are printed. */
const SHOWN = 5

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))

interface Done {
  readonly runs: number
  readonly calls: number
  readonly faults: number
}

interface Result {
  readonly failures: readonly string[]
  readonly done: Done
}

/** A process that plays from a seed on. */
function playFrom(seed: number): Promise<Result> {
  const args = ['--no-warnings', CHILD, String(seed), String(SECONDS)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const failures: string[] = []
  let [at, errors] = [seed, '']
  let done: Done | null = null
  const kill = (): void => void child.kill('SIGKILL')
  let timer = setTimeout(kill, STUCK)
  createInterface({ input: child.stdout }).on('line', (line) => {
    clearTimeout(timer)
    timer = setTimeout(kill, STUCK)
    const [word = ''] = line.split(' ', 1)
    const said = JSON.parse(line.slice(word.length)) as unknown
    if (word === 'at') at = Number(said)
    else if (word === 'done') done = said as Done
    else if (word === 'wrong') failures.push(told(said as { seed: number; wrong: readonly string[] }))
  })
  child.stderr.on('data', (bytes: Buffer) => (errors = (errors + bytes.toString()).slice(-2_000)))
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (!done) failures.push(told({ seed: at, wrong: [`the process ended by ${signal ?? code}`, errors] }))
      resolve({ failures, done: done ?? { runs: at - seed + 1, calls: 0, faults: 0 } })
    })
  })
}

function told({ seed, wrong }: { readonly seed: number; readonly wrong: readonly string[] }): string {
  const again = `again: SIM_SEED=${seed} node dist/test/mesh/simulation/run.js`
  return [`seed ${seed}`, ...wrong, again].join('\n').replaceAll('\n', '\n  ')
}

/** One run, with all that is known of it. */
async function alone(seed: number): Promise<number> {
  const { played, wrong } = await round(seed, true)
  console.log(inspect(played.plan, { depth: null, maxArrayLength: null, breakLength: 200 }))
  console.log(played.trace.join('\n'))
  console.log(wrong.length === 0 ? `seed ${seed} went well, twice alike` : told({ seed, wrong }))
  return wrong.length === 0 ? 0 : 1
}

async function all(): Promise<number> {
  const fresh = randomInt(1_000_000, 2 ** 31)
  console.log(`seeds from ${SEED} and from ${fresh} on, for ${SECONDS} s`)
  const results = await Promise.all([playFrom(SEED), playFrom(fresh)])
  const failures = results.flatMap((result) => result.failures)
  for (const failure of failures.slice(0, SHOWN)) console.log(failure)
  const sum = (of: keyof Done): number => results.reduce((total, { done }) => total + done[of], 0)
  const [runs, failed] = [sum('runs'), failures.length]
  console.log(
    `${runs} runs, ${sum('calls')} calls, ${sum('faults')} faults: ${runs - failed} passed, ${failed} failed`,
  )
  return failed === 0 ? 0 : 1
}

const { SIM_SEED: seed } = process.env
process.exitCode = seed === undefined ? await all() : await alone(Number(seed))
