/**
 * How long a user waits for discovery, between real processes on this machine: `node bench/discovery/mesh.mjs`.
 *
 *   found   from the later of the client's `dnodeFor` and the service's announcement to the proved hello
 *   cold    from the spawning of a service and a client side by side to the client's first answer
 */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { dservice } from 'dservice'

const ROUNDS = 20
const SELF = fileURLToPath(import.meta.url)
const now = () => performance.timeOrigin + performance.now()

/** Starts a service under each name it is told, and says when it was about to announce it. */
async function serve() {
  process.on('disconnect', () => process.exit())
  process.on('message', (name) => {
    const service = dservice(`${String(name)}@1.0.0`, { ping: () => 'pong' })
    service.on('state', (state) => state === 'ready' && process.send(now()))
    void service.start()
  })
  process.send('up')
}

async function found() {
  const child = fork(SELF, ['serve'], { env })
  await once(child, 'message')
  const mesh = dservice({ mesh: env.DSERVICE_MESH })
  const times = { 'the client waits': [], 'the service is there': [] }
  for (let i = 0; i < 2 * ROUNDS; i++) {
    const [first, name] = [i % 2 === 0 ? 'the client waits' : 'the service is there', `s${i}`]
    const announced = once(child, 'message').then(([at]) => at)
    let asked = now()
    const handle = first === 'the client waits' ? mesh.dnodeFor(name) : null
    if (handle) await new Promise((resolve) => setTimeout(resolve, 100))
    child.send(name)
    if (!handle) {
      await announced
      await new Promise((resolve) => setTimeout(resolve, 100))
      asked = now()
    }
    await (handle ?? mesh.dnodeFor(name))
    times[first].push(now() - Math.max(asked, await announced))
  }
  child.disconnect()
  await mesh.stop()
  for (const [what, of] of Object.entries(times)) show(`found, ${what}`, of)
}

async function cold() {
  const client =
    "import('dservice').then(async ({ dservice }) => console.log(await (await dservice().dnodeFor('cold')).ping()))"
  const times = []
  for (let i = 0; i < ROUNDS; i++) {
    const start = now()
    const service = fork(SELF, ['serve'], { env: { ...env, DSERVICE_MESH: `${env.DSERVICE_MESH}-${i}` } })
    service.once('message', () => service.send('cold'))
    const asking = spawn(process.execPath, ['-e', client], {
      env: { ...env, DSERVICE_MESH: `${env.DSERVICE_MESH}-${i}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(asking.stdout, 'data')
    times.push(now() - start)
    service.disconnect()
  }
  show('cold, spawn to first answer', times)
}

function show(what, times) {
  const sorted = times.sort((a, b) => a - b)
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))].toFixed(1)
  console.log(
    `${what.padEnd(30)} median ${at(0.5)} ms, least ${at(0)}, most ${at(1)} (${times.length} rounds)`,
  )
}

const env = { ...process.env, DSERVICE_MESH: process.env.DSERVICE_MESH ?? `bench-${process.pid}` }
if (process.argv[2] === 'serve') await serve()
else {
  await found()
  await cold()
}
