/**
 * How the mesh heals, between real processes on this machine: kills, cuts, restarts under calls. Needs `npm run build`, and
 * `npm ci --prefix bench/rpc` for the other packages, which are measured beside it where they can be.
 *
 *   node bench/mesh/run.mjs [--measures kill,only,freeze,roll,cut,restarts,burst,cpu] [--peers dservice,moleculer,cote]
 *                           [--kills 200] [--other-kills 10] [--restarts 1000] [--calm 0] [--json FILE]
 *
 * `--calm 60` waits before each measure, at most so many seconds, until nobody else uses the processors.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { IS_PRIVATE, rerunInPrivateNetwork } from '../private-network.mjs'
import { calm } from '../rpc/calm.mjs'
import { format, median } from '../rpc/figures.mjs'
import { barsOf } from './bars.mjs'
import { PEERS, reasonToSkip } from './peers.mjs'
import { tablesOf } from './tables.mjs'

/** Measures, and who takes part. */
const MEASURES = {
  kill: PEERS,
  only: ['dservice'],
  freeze: PEERS,
  roll: ['dservice', 'moleculer'],
  cut: ['dservice'],
  restarts: ['dservice'],
  burst: ['dservice'],
  cpu: ['dservice'],
}

const { values: options } = parseArgs({
  options: {
    measures: { type: 'string', default: Object.keys(MEASURES).join(',') },
    peers: { type: 'string', default: PEERS.join(',') },
    kills: { type: 'string', default: '200' },
    'other-kills': { type: 'string', default: '10' },
    restarts: { type: 'string', default: '1000' },
    calm: { type: 'string', default: '0' },
    json: { type: 'string' },
  },
})

const MEASURE = fileURLToPath(new URL('measure.mjs', import.meta.url))
const say = (text) => console.error(text)

function listOf(text, known, what) {
  const list = text.split(',').filter((name) => name !== '')
  const unknown = list.find((name) => !known.includes(name))
  if (unknown === undefined) return list
  throw new Error(`${unknown} is none of the ${what}: ${known.join(', ')}`)
}

/** The figures of a measure, and the seconds that it took. */
async function run(measure, peer) {
  const given = {
    peer,
    kills: Number(options.kills),
    otherKills: Number(options['other-kills']),
    count: Number(options.restarts),
  }
  const env = { ...process.env, BENCH_MESH: `bench-${process.pid}-${measure}` }
  const begun = performance.now()
  const child = fork(MEASURE, [measure, JSON.stringify(given)], {
    env,
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const ended = once(child, 'exit')
  const [said] = await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => [{ error: `it ended with ${code}` }]),
  ])
  child.kill()
  await ended
  if (said.error) throw new Error(`${measure} of ${peer}: ${said.error}`)
  return { ...said.figures, seconds: (performance.now() - begun) / 1000 }
}

async function main() {
  const measures = listOf(options.measures, Object.keys(MEASURES), 'measures')
  const wanted = listOf(options.peers, PEERS, 'peers')
  const [results, others, skipped, unable] = [{}, [], {}, {}]
  for (const peer of wanted) {
    const reason = await reasonToSkip(peer, IS_PRIVATE)
    if (reason) say(`skipped: ${peer}: ${(skipped[peer] = reason)}`)
  }
  for (const measure of measures) {
    for (const peer of wanted.filter((one) => MEASURES[measure].includes(one) && !(one in skipped))) {
      others.push(await calm(Number(options.calm) * 1000))
      say(`${measure}, ${peer}`)
      try {
        ;(results[measure] ??= {})[peer] = await run(measure, peer)
      } catch (error) {
        say(`left out: ${(unable[`${measure}, ${peer}`] = error.message)}`)
      }
    }
  }
  report({
    v: 1,
    machine: { node: process.version, cpus: os.cpus().length, others },
    skipped,
    unable,
    results,
  })
}

function report(result) {
  const { results, machine } = result
  for (const { title, rows } of tablesOf(results)) console.log(`${title}\n\n${format(rows)}\n`)
  const percent = (share) => `${Math.round(share * 100)} %`
  const { others } = machine
  console.log(
    `others used ${percent(median(others))} of the processors between measures, at most ${percent(Math.max(...others))}`,
  )
  for (const { text, figure, isMet } of barsOf(result)) {
    console.log(`${isMet ? 'met    ' : 'NOT MET'}  ${text}: ${figure}`)
  }
  if (options.json) writeFileSync(options.json, JSON.stringify(result, null, 2) + '\n')
}

if (IS_PRIVATE || !rerunInPrivateNetwork(fileURLToPath(import.meta.url))) await main()
