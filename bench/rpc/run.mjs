/**
 * Calls measured beside those of other packages, in one run: a server and a client process each over loopback TCP, in
 * interleaved rounds. Needs `npm run build`, and `npm ci --prefix bench/rpc` for the other packages.
 *
 *   node bench/rpc/run.mjs [--peers dservice,capnweb] [--measures 1,64,256,big,first,idle,binary]
 *                          [--full] [--rounds 5] [--seconds 1] [--calm 0] [--json FILE] [--picture FILE]
 *
 * `--full` has the slow sink read the whole source, about a minute, in place of 10 seconds of it.
 * `--calm 60` waits before each measure, at most so many seconds, until nobody else uses the processors.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { barsOf } from './bars.mjs'
import { format, median, summarise, tablesOf } from './figures.mjs'
import { PEERS, reasonToSkip, takesPart } from './peers.mjs'
import { pictureOf } from './picture.mjs'
import { MEASURES, runRounds } from './rounds.mjs'

const { values: options } = parseArgs({
  options: {
    peers: { type: 'string', default: PEERS.join(',') },
    measures: { type: 'string', default: MEASURES.join(',') },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    calm: { type: 'string', default: '0' },
    full: { type: 'boolean', default: false },
    json: { type: 'string' },
    picture: { type: 'string' },
  },
})

/** Set in the run that is inside a network of its own. */
const IS_PRIVATE = process.env.BENCH_PRIVATE_NETWORK === '1'
const say = (text) => console.error(text)

/** Loopback and a route for multicast, seen by nobody: two packages find their peers in no other way. */
function rerunInPrivateNetwork() {
  const script = 'ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo && exec "$@"'
  const inside = ['-n', '--', 'sh', '-c', script, 'sh']
  if (spawnSync('unshare', [...inside, 'true']).status !== 0) return false
  const self = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const env = { ...process.env, BENCH_PRIVATE_NETWORK: '1' }
  process.exitCode = spawnSync('unshare', [...inside, ...self], { stdio: 'inherit', env }).status ?? 1
  return true
}

const percent = (share) => `${Math.round(share * 100)} %`

const listOf = (text, known, what) => {
  const list = text.split(',').filter((name) => name !== '')
  const unknown = list.find((name) => !known.includes(name))
  if (unknown === undefined) return list
  throw new Error(`${unknown} is none of the ${what}: ${known.join(', ')}`)
}

async function main() {
  const measures = listOf(options.measures, MEASURES, 'measures')
  const wanted = listOf(options.peers, PEERS, 'peers').filter((name) =>
    measures.some((measure) => takesPart(name, measure)),
  )
  const skipped = {}
  for (const name of wanted) {
    const reason = await reasonToSkip(name, IS_PRIVATE)
    if (reason) skipped[name] = reason
  }
  const peers = wanted.filter((name) => !(name in skipped))
  for (const [name, reason] of Object.entries(skipped)) say(`skipped: ${name}: ${reason}`)
  const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)]
  const patience = Number(options.calm) * 1000
  const { full } = options
  const { results, others, unable } = await runRounds({
    peers,
    measures,
    rounds,
    seconds,
    patience,
    full,
    say,
  })
  const machine = { node: process.version, cpus: os.cpus().length, others }
  report({ v: 1, machine, rounds, seconds, skipped, unable, summary: summarise(results), results })
}

function report(run) {
  for (const table of tablesOf(run.summary)) console.log(format(table) + '\n')
  const { others } = run.machine
  console.log(
    `others used ${percent(median(others))} of the processors between measures, at most ${percent(Math.max(...others))}`,
  )
  for (const { text, figure, isMet } of barsOf(run)) {
    console.log(`${isMet ? 'met    ' : 'NOT MET'}  ${text}: ${figure}`)
  }
  if (options.json) writeFileSync(options.json, JSON.stringify(run, null, 2) + '\n')
  if (options.picture) writeFileSync(options.picture, pictureOf(run))
}

if (IS_PRIVATE || !rerunInPrivateNetwork()) await main()
