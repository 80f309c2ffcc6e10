/** A TCP proxy between a client and a service cuts and heals, in silence or with a reset: when calls are answered again. */
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, most, sum } from '../figures.mjs'

const HOST = '127.0.0.1'
/** Pairs that are cut at the same time, and how often each is. */
const LANES = 6
const CUTS = 5
/** Milliseconds of a cut; every second one is silent, and long enough to be noticed. */
const SHORT = 100
const LONG = 4_000
const NOTICED = 3_000
/** Of a call while it is measured, and between two. */
const TIMEOUT = '10s'
const PAUSE = 5
const HEALTHY = 300

const dist = process.env.DSERVICE_DIST ?? new URL('../../../dist', import.meta.url).pathname
const { dservice } = await import(`file://${dist}/lib/index.js`)

export async function cut() {
  const lanes = await Promise.all(Array.from({ length: LANES }, (_, i) => lane(i)))
  const all = lanes.flat()
  const of = (isSilent) => all.filter((one) => one.isSilent === isSilent).map(({ took }) => took)
  return {
    cuts: all.length,
    silent: of(true).length,
    silent50: median(of(true)),
    reset50: median(of(false)),
    reconnect50: median(all.map(({ took }) => took)),
    reconnectMost: most(all.map(({ took }) => took)),
    failed: sum(all.map(({ failed }) => failed)),
  }
}

/** One service, its proxy and its client. */
async function lane(number) {
  const proxy = await makeProxy()
  const service = dservice(
    'bench@1.0.0',
    { run: (value) => value },
    {
      mesh: `cut-${number}`,
      engine: `static:bench=${HOST}:${proxy.target}`,
      port: proxy.target,
    },
  )
  await service.start()
  const mesh = dservice({
    mesh: `cut-${number}`,
    engine: `static:bench=${HOST}:${proxy.port}`,
    instanceWait: TIMEOUT,
  })
  const remote = await mesh.dnodeFor('bench', '^1', { timeout: TIMEOUT })
  const cuts = []
  for (let i = 0; i < CUTS; i++) {
    await sleep(HEALTHY)
    cuts.push(await once({ proxy, remote, isSilent: (number + i) % 2 === 0 }))
  }
  await mesh.stop()
  await service.stop()
  await proxy.close()
  return cuts
}

async function once({ proxy, remote, isSilent }) {
  let failed = 0
  let healedAt = Infinity
  let finish
  const answered = new Promise((done) => (finish = done))
  const probe = async () => {
    const begun = performance.now()
    try {
      await remote.run(1)
      if (performance.now() > healedAt) finish(performance.now())
    } catch (error) {
      if (begun > healedAt) failed++
      if (error.code === undefined) throw error
    }
  }
  const timer = setInterval(() => void probe(), PAUSE)
  const least = isSilent ? NOTICED : SHORT
  proxy.cut(isSilent)
  await sleep(least + Math.random() * (LONG - least))
  healedAt = performance.now()
  proxy.heal()
  const took = (await answered) - healedAt
  clearInterval(timer)
  await sleep(HEALTHY)
  return { isSilent, took, failed }
}

/** Passes bytes on between the port and the target, where nothing listens yet. */
async function makeProxy() {
  const pairs = new Set()
  let mode = 'well'
  const server = net.createServer({ allowHalfOpen: true }, (near) => {
    near.on('error', () => near.destroy())
    if (mode === 'cut') return near.resetAndDestroy()
    const pair = { near, far: null }
    pairs.add(pair)
    if (mode === 'well') join(pair)
    else near.pause()
  })
  const join = (pair) => {
    const { near } = pair
    const far = (pair.far = net.connect({ port: target, host: HOST, allowHalfOpen: true, noDelay: true }))
    far.on('error', () => far.destroy())
    near.on('close', () => (far.destroy(), pairs.delete(pair)))
    far.on('close', () => near.destroy())
    near.pipe(far).pipe(near)
  }
  const target = await freePort()
  await new Promise((done) => server.listen(0, HOST, done))
  return {
    port: server.address().port,
    target,
    /** In silence bytes lie, and connections are made to nobody; else everything is reset. */
    cut(isSilent) {
      mode = isSilent ? 'silent' : 'cut'
      for (const { near, far } of pairs) {
        if (isSilent) for (const socket of [near, far]) socket?.unpipe().pause()
        else for (const socket of [near, far]) socket?.resetAndDestroy()
      }
    },
    heal() {
      mode = 'well'
      for (const pair of pairs) {
        if (pair.far) pair.near.pipe(pair.far).pipe(pair.near)
        else join(pair)
      }
    },
    close: () => new Promise((done) => server.close(done)),
  }
}

async function freePort() {
  const server = net.createServer()
  await new Promise((done) => server.listen(0, HOST, done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}
