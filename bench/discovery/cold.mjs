/**
 * Does a client ever miss a service that starts beside it? `node bench/discovery/cold.mjs`, after a build; real
 * processes, in a mesh of their own. Ends with 1 when a round was lost.
 *
 *   ROUNDS=200   how often a service and a client are started side by side
 *   LOAD=2       processes beside them that only burn cpu
 *   FLOOD=2000   datagrams a second beside them, each a new instance of the same name; 0: none
 *   FLOOD_OF=other   in another mesh; `own`: in this one, where nobody listens
 */
import { fork, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../dist/lib/base/clock.js'
import { newId } from '../../dist/lib/base/id.js'
import { pack } from '../../dist/lib/engines/dnssd/pack.js'
import { Claim } from '../../dist/lib/engines/mdns/claim.js'
import { dservice } from 'dservice'

const { ROUNDS = 50, LOAD = 2, FLOOD = 0, FLOOD_OF = 'other' } = process.env
const SELF = fileURLToPath(import.meta.url)
const MESH = process.env.DSERVICE_MESH ?? `cold-${process.pid}`
const now = () => performance.timeOrigin + performance.now()

async function serve() {
  const service = dservice('d1@1.0.0', { ping: () => 'pong' })
  await service.start()
  console.log(now())
}

async function ask() {
  const mesh = dservice()
  try {
    console.log(await (await mesh.dnodeFor('d1', '^1', { timeout: '10s' })).ping(), now())
  } catch (error) {
    console.log(error.code, error.message)
  }
  await mesh.stop()
}

/** Announces instances that do not exist, so many a second, from the address and port of the members. */
async function flood() {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind({ port: 5353, address: '127.0.0.1', exclusive: true })
  await once(socket, 'listening')
  socket.setMulticastInterface('127.0.0.1')
  const fakes = Array.from({ length: 5_000 }, fake)
  let sent = 0
  let last = now()
  setInterval(() => {
    // what a busy machine made us miss is not made up for: at most a tenth of a second at once
    const due = Math.min(((now() - last) * FLOOD) / 1_000, FLOOD / 10)
    last = now()
    for (let i = 0; i < due; i++) socket.send(fakes[sent++ % fakes.length], 5353, '224.0.0.251')
  }, 5)
}

function fake() {
  const id = newId(systemClock)
  const mesh = FLOOD_OF === 'own' ? process.env.FLOOD_MESH : 'flood'
  const self = { id, name: 'd1', version: '1.0.0', mesh, state: 'ready', started: 1 }
  const claim = new Claim({ self, port: 9, addresses: ['127.0.0.1'] }, 0)
  const answers = [...claim.records.values()].filter(({ type }) => type !== 'NSEC')
  return pack({
    kind: 'response',
    id: 0,
    questions: [],
    authorities: [],
    groups: [{ answers, additionals: [] }],
  })[0]
}

/** One start of both; a line when the client missed the service, else how long it took. */
async function round(mesh) {
  const options = { env: { ...process.env, DSERVICE_MESH: mesh }, stdio: ['ignore', 'pipe', 'inherit'] }
  const start = now()
  const service = spawn(process.execPath, [SELF, 'serve'], options)
  const ready = once(service.stdout, 'data').then(([text]) => Number(text))
  const client = spawn(process.execPath, [SELF, 'ask'], options)
  const ended = once(client, 'exit')
  const [said] = await Promise.race([once(client.stdout, 'data'), ended.then(() => ['nothing'])])
  await ended
  const readyAt = await ready
  service.kill()
  await once(service, 'exit')
  const [word, at] = String(said).split(' ')
  if (word !== 'pong')
    return `lost: ${String(said).trim()} (the service was ready after ${Math.round(readyAt - start)} ms)`
  return Number(at) - start
}

async function main() {
  const helpers = Array.from({ length: Number(LOAD) }, () => spawn(process.execPath, ['-e', 'for (;;);']))
  if (Number(FLOOD) > 0) helpers.push(fork(SELF, ['flood'], { env: { ...process.env, FLOOD_MESH: MESH } }))
  const times = []
  let lost = 0
  try {
    for (let i = 0; i < Number(ROUNDS); i++) {
      const result = await round(FLOOD_OF === 'own' ? MESH : `${MESH}-${i}`)
      if (typeof result === 'number') times.push(result)
      else console.log(`round ${i} ${result}`, ++lost)
    }
  } finally {
    for (const helper of helpers) helper.kill('SIGKILL')
  }
  times.sort((a, b) => a - b)
  const at = (part) => Math.round(times[Math.floor(part * (times.length - 1))] ?? NaN)
  console.log(
    `${ROUNDS} cold starts, ${LOAD} busy, ${FLOOD} datagrams/s of ${FLOOD_OF}: ${lost} lost; spawn to answer median ${at(0.5)} ms, 95 % ${at(0.95)}, most ${at(1)}`,
  )
  process.exitCode = lost > 0 ? 1 : 0
}

const roles = { serve, ask, flood }
await (roles[process.argv[2]] ?? main)()
