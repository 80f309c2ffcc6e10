/**
 * The mutator: every case in a process of its own, one after the other.
 *
 *   node dist/test/fuzz/run.js                              30 s, by a seed that stays and one that is new
 *   FUZZ_SECONDS=3600 node dist/test/fuzz/run.js            longer
 *   FUZZ_SEED=7 node dist/test/fuzz/run.js                  by that seed alone
 *   FUZZ_ROUND=server-dialect:123 node dist/test/fuzz/run.js   one round again, and the smallest of it that fails
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { CASES } from './cases.js'

const SEED = 20_261_122
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 30)

/** Megabytes that the JavaScript heap of a victim may have: what is not bounded runs into it. */
const HEAP = 192
/** Bytes of memory that its whole process may have had. */
const RSS = 450 * 2 ** 20

/** Milliseconds for one round, the shrinking of a plan apart: a round takes some ten. */
const STUCK = 60_000

/** How a child ended. */
interface Result {
  readonly isGood: boolean
  readonly text: string
}

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))

function runCase(name: string, args: readonly string[]): Promise<Result> {
  const flags = ['--expose-gc', '--no-warnings', `--max-old-space-size=${HEAP}`]
  const child = spawn(process.execPath, [...flags, CHILD, name, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let last = ''
  let found = ''
  let errors = ''
  let done: { rounds: number; longest: number; grown: number; rss: number } | null = null
  let timer = setTimeout(() => child.kill('SIGKILL'), STUCK)
  createInterface({ input: child.stdout }).on('line', (line) => {
    clearTimeout(timer)
    timer = setTimeout(() => child.kill('SIGKILL'), STUCK)
    const [word = ''] = line.split(' ', 1)
    const said: unknown = JSON.parse(line.slice(word.length))
    if (word === 'round') last = String(said)
    else if (word === 'done') done = said as NonNullable<typeof done>
    else if (word === 'problem') {
      const { seed, problem } = said as { seed: number | null; problem: string }
      found = `${problem}${seed === null ? '' : again(name, String(seed))}`
    } else if (word === 'smallest')
      found += `\n  smallest: ${JSON.stringify(said, null, 2).replaceAll('\n', '\n  ')}`
  })
  child.stderr.on('data', (bytes: Buffer) => (errors = (errors + bytes.toString()).slice(-2_000)))
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0 && done) return resolve(judge(name, done))
      const ended = `the process ended by ${signal ?? code}${again(name, last)}\n${errors}`
      resolve({ isGood: false, text: found || ended })
    })
  })
}

function again(name: string, seed: string): string {
  return `\n  again: FUZZ_ROUND=${name}:${seed} node dist/test/fuzz/run.js`
}

function judge(name: string, done: { rounds: number; longest: number; grown: number; rss: number }): Result {
  const mb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  const text = `${done.rounds} rounds, longest turn ${done.longest.toFixed(0)} ms, heap +${mb(done.grown)}, at most ${mb(done.rss)}`
  return { isGood: done.rss <= RSS, text: done.rss <= RSS ? text : `${text}: ${mb(RSS)} are allowed` }
}

async function main(): Promise<void> {
  const { FUZZ_SEED: seed, FUZZ_ROUND: round } = process.env
  const [only, roundSeed] = round?.split(':') ?? []
  const seeds = seed === undefined ? [SEED, randomInt(2 ** 31)] : [Number(seed)]
  const args =
    roundSeed === undefined ? [String(SECONDS / CASES.length), ...seeds.map(String)] : ['round', roundSeed]
  let failed = 0
  const names = only ? [only] : CASES.map(({ name }) => name)
  for (const name of names) {
    const { isGood, text } = await runCase(name, args)
    if (!isGood) failed++
    console.log(`${isGood ? '✓' : '✗'} ${name.padEnd(15)} ${text}`)
  }
  console.log(`seeds ${seeds.join(', ')}: ${names.length - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

await main()
