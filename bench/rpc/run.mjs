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
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { IS_PRIVATE, rerunInPrivateNetwork } from '../private-network.mjs'
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

const say = (text) => console.error(text)

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

if (IS_PRIVATE || !rerunInPrivateNetwork(fileURLToPath(import.meta.url))) await main()
