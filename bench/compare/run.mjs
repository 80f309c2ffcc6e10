/**
 * Holds this checkout, or one commit, against another commit: small calls of both, in paired rounds.
 *
 *   node bench/compare/run.mjs <rev> [own rev] [--rounds 20] [--seconds 0.5] [--in-flight 64]
 *
 * A commit is built in a temporary worktree. Ends with 1 only when the whole 95 % interval of the calls a second, or of
 * the processor time a call, lies past 5 % worse; with 2 when nothing could be compared.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startClient, startServer } from '../rpc/processes.mjs'
import { bootstrap, isWorse } from './bootstrap.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TOLERANCE = 0.05

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '0.5' },
    'in-flight': { type: 'string', default: '64' },
  },
})

function run(cwd, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status === 0) return stdout.trim()
  throw new Error(`${command} ${args.join(' ')} failed in ${cwd}:\n${error?.message ?? stdout + stderr}`)
}

/** Builds a commit in a worktree of its own; `remove` takes it away again. */
function buildOf(rev) {
  const temp = mkdtempSync(path.join(os.tmpdir(), 'dservice-compare-'))
  const tree = path.join(temp, 'tree')
  const remove = () => {
    if (existsSync(tree)) run(ROOT, 'git', 'worktree', 'remove', '--force', tree)
    rmSync(temp, { recursive: true, force: true })
  }
  try {
    run(ROOT, 'git', 'worktree', 'add', '--detach', tree, rev)
    run(tree, 'npm', 'ci', '--prefer-offline', '--no-audit', '--no-fund')
    run(tree, 'npm', 'run', '--silent', 'build')
    return { dist: path.join(tree, 'dist'), remove }
  } catch (error) {
    remove()
    throw error
  }
}

async function start(dist) {
  const env = { DSERVICE_DIST: dist }
  const server = await startServer('dservice', { env })
  const client = await startClient('dservice', server, { env })
  await client.run('first')
  return {
    async measure(ms) {
      const { calls, took, cpu } = await client.run('small', { ms, inFlight: Number(options['in-flight']) })
      return { rate: (calls / took) * 1000, cpu: (cpu * 1000) / calls }
    },
    stop: () => Promise.all([client.stop(), server.stop()]),
  }
}

/** Pairs of figures; who begins changes from round to round. */
async function pairs(here, there) {
  const ms = Number(options.seconds) * 1000
  const both = [await start(here), await start(there)]
  try {
    for (const build of both) await build.measure(1_000) // warm up
    const rounds = []
    for (let i = 0; i < Number(options.rounds); i++) {
      const figures = []
      for (const k of i % 2 === 0 ? [0, 1] : [1, 0]) figures[k] = await both[k].measure(ms)
      rounds.push(figures)
    }
    return rounds
  } finally {
    for (const build of both) await build.stop()
  }
}

/** Prints one figure; true when it got worse. */
function judge(rounds, { key, what, wants }) {
  const result = bootstrap(rounds.map(([here, there]) => here[key] / there[key]))
  const worse = isWorse(result, { tolerance: TOLERANCE, wants })
  const [ratio, low, high] = [result.ratio, result.low, result.high].map((value) => value.toFixed(3))
  console.log(
    `${what}: ${ratio} of the other build (95 %: ${low} to ${high}), ${wants} is better${worse ? ': WORSE' : ''}`,
  )
  return worse
}

/** This checkout as it stands, changes that are not committed included. */
function buildHere() {
  run(ROOT, 'npm', 'run', '--silent', 'build')
  return { dist: path.join(ROOT, 'dist'), remove: () => undefined }
}

async function main(rev, own) {
  if (rev === undefined) throw new Error('name the commit to compare with: node bench/compare/run.mjs HEAD~1')
  const [there, ...mine] = [rev, ...(own === undefined ? [] : [own])].map(commitOf)
  const builds = []
  try {
    builds.push(mine.length === 0 ? buildHere() : buildOf(mine[0]))
    builds.push(buildOf(there))
    const rounds = await pairs(...builds.map(({ dist }) => dist))
    const verdicts = [
      judge(rounds, { key: 'rate', what: 'calls a second    ', wants: 'more' }),
      judge(rounds, { key: 'cpu', what: 'cpu of both a call', wants: 'less' }),
    ]
    return verdicts.includes(true) ? 1 : 0
  } finally {
    for (const { remove } of builds) remove()
  }
}

const commitOf = (rev) => run(ROOT, 'git', 'rev-parse', '--verify', `${rev}^{commit}`)

try {
  process.exitCode = await main(...positionals)
} catch (error) {
  console.error(error.message)
  process.exitCode = 2
}
