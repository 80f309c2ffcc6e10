/** Processor time of a call in the caller's process: by a handle, and on a bare session to the same service, in turns. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { at, median } from '../figures.mjs'

const ROUNDS = 15
/** Milliseconds of a turn, and calls in flight. */
const TURN = 400
const IN_FLIGHT = 64

const dist = process.env.DSERVICE_DIST ?? new URL('../../../dist', import.meta.url).pathname
const load = (file) => import(`file://${dist}/lib/${file}`)

export async function cpu() {
  const member = await startPlain()
  try {
    const mesh = (await load('index.js')).dservice({ mesh: process.env.BENCH_MESH })
    const remote = await mesh.dnodeFor('plain', '^1')
    const session = await bareSession(await remote.where())
    const options = { timeout: 30_000 }
    const ways = {
      handle: () => remote.answer(1),
      session: async () => {
        const outcome = await session.call('answer', [1], options)
        if (!outcome.ok) throw outcome.error
      },
    }
    const costs = { handle: [], session: [] }
    for (const way of Object.keys(ways)) await turn(ways[way])
    for (let i = 0; i < ROUNDS; i++) {
      const order = i % 2 === 0 ? ['handle', 'session'] : ['session', 'handle']
      for (const way of order) costs[way].push(await turn(ways[way]))
    }
    const ratios = costs.handle.map((cost, i) => cost / costs.session[i])
    await session.close()
    await mesh.stop()
    return {
      handleUs: median(costs.handle),
      sessionUs: median(costs.session),
      ratio: median(ratios),
      ratioFrom: at(ratios, 0.1),
      ratioTo: at(ratios, 0.9),
    }
  } finally {
    member.kill()
  }
}

async function startPlain() {
  const child = fork(fileURLToPath(new URL('../plain.mjs', import.meta.url)), {
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  await once(child, 'message')
  return child
}

/** Microseconds of the processor a call. */
async function turn(call) {
  globalThis.gc()
  const before = process.cpuUsage()
  const end = performance.now() + TURN
  let calls = 0
  const loop = async () => {
    for (; performance.now() < end; calls++) await call()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

async function bareSession(where) {
  const [{ Session }, { tcpTransport }, { systemClock: clock }, { helloOf }] = await Promise.all(
    ['dnode/session.js', 'wire/tcp.js', 'base/clock.js', 'dnode/hello.js'].map(load),
  )
  const [host, port] = where.split(':')
  const connection = await tcpTransport({ clock, keepAlive: true }).dial({ host, port: Number(port) })
  const session = new Session(connection, { clock, api: {}, hello: () => helloOf(null) })
  await session.ready
  return session
}
