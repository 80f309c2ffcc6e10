/**
 * Where the time of small calls goes: the functions of both processes by their own share, from V8's sampling profiler.
 *
 *   node bench/rpc/profile.mjs [peer] [--seconds 4] [--in-flight 64] [--top 18]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { PEERS } from './peers.mjs'
import { startClient, startServer } from './processes.mjs'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '4' },
    'in-flight': { type: 'string', default: '64' },
    top: { type: 'string', default: '18' },
  },
})

/** Runs the calls with both processes profiled; resolves to their profiles. */
async function profiles(name) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'dservice-profile-'))
  const execArgv = (end) => [`--cpu-prof`, `--cpu-prof-dir=${path.join(folder, end)}`]
  try {
    const server = await startServer(name, { execArgv: execArgv('server') })
    const client = await startClient(name, server, { execArgv: execArgv('client') })
    await client.run('first')
    const ms = Number(options.seconds) * 1000
    const { calls, cpu } = await client.run('small', { ms, inFlight: Number(options['in-flight']) })
    await client.stop()
    await server.stop()
    console.log(
      `${name}: ${calls} calls, ${((cpu * 1000) / calls).toFixed(2)} us of cpu a call on both ends\n`,
    )
    return ['client', 'server'].map((end) => [end, readProfile(path.join(folder, end))])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readProfile(folder) {
  const [file] = readdirSync(folder)
  return JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
}

/** Functions and their own share of the samples in which something ran, the largest first. */
function shares({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]))
  const times = new Map()
  let sum = 0
  samples.forEach((id, i) => {
    const { functionName, url, lineNumber } = byId.get(id)
    if (functionName === '(idle)') return
    const where = url === '' ? '' : ` ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`
    const key = `${functionName || '(anonymous)'}${where}`
    times.set(key, (times.get(key) ?? 0) + timeDeltas[i])
    sum += timeDeltas[i]
  })
  return [...times].map(([name, time]) => [name, time / sum]).sort((a, b) => b[1] - a[1])
}

const [name = 'dservice'] = positionals
if (!PEERS.includes(name)) throw new Error(`${name} is none of the peers: ${PEERS.join(', ')}`)
for (const [end, profile] of await profiles(name)) {
  console.log(`${end}:`)
  for (const [what, share] of shares(profile).slice(0, Number(options.top))) {
    console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${what}`)
  }
}
