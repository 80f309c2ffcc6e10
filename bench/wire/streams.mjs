/**
 * Streams of bytes over loopback TCP against the same stream of plain items: this process reads what another
 * one gives, in paired rounds.
 *
 *   node bench/wire/streams.mjs [--bytes 64,1024,16384,65536] [--rounds 9] [--seconds 0.4] [--against <dist>]
 *
 *   json    items {"n":1}
 *   text    items that are texts of so many characters
 *   bytes   items that are Buffers of so many bytes, of an async generator
 *   node    a Readable of bytes whose source gives so many at a time
 *
 * It runs against dist, or against the folder that DSERVICE_DIST names; `--against` runs another build beside it, and says
 * the ratio of the two, round by round. Prints and asserts nothing.
 */
import { fork } from 'node:child_process'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort, HOST } from '../rpc/peers/sockets.mjs'

const own = process.env.DSERVICE_DIST ?? fileURLToPath(new URL('../../dist', import.meta.url))

const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: '64,1024,16384,65536' },
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '0.4' },
    ways: { type: 'string', default: 'text,bytes,node' },
    against: { type: 'string' },
    serve: { type: 'string' },
  },
})

/** `count` items as each way has them; the bytes of an item are made once, since it is their way that is measured. */
const sources = {
  async *json(count) {
    for (let n = 0; n < count; n++) yield { n }
  },
  async *text(count, size) {
    const text = 'x'.repeat(size)
    for (let n = 0; n < count; n++) yield text
  },
  async *bytes(count, size) {
    const bytes = Buffer.alloc(size, 'not zero\n')
    for (let n = 0; n < count; n++) yield bytes
  },
  node(count, size) {
    const bytes = Buffer.alloc(size, 'not zero\n')
    let n = 0
    return new Readable({
      read() {
        this.push(n++ < count ? bytes : null)
      },
    })
  },
}

const cpuOf = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

const load = async (dist) => (await import(`file://${dist}/lib/index.js`)).dservice
const NAME = 'streams'
const engineAt = (port) => `static:${NAME}=${HOST}:${port}`

async function serve(dist) {
  const port = await freePort()
  const api = { stream: (way, count, size) => sources[way](count, size), cpu: cpuOf }
  await (await load(dist))(`${NAME}@1.0.0`, api, { engine: engineAt(port), port, mesh: 'bench' }).start()
  process.send(port)
  process.on('disconnect', () => process.exit())
}

/** A server of that build in a process of its own, and a client here. */
async function start(dist) {
  const child = fork(fileURLToPath(import.meta.url), ['--serve', dist])
  const port = await new Promise((done) => child.once('message', done))
  const mesh = (await load(dist))({ engine: engineAt(port), mesh: 'bench' })
  const remote = await mesh.dnodeFor(NAME, '^1')
  let count = 1_000
  return {
    /** Items a second, and microseconds of both processes an item; as many items as take about that long. */
    async measure(way, { size, ms }) {
      const before = cpuOf() + (await remote.cpu())
      const begin = performance.now()
      let [came, bytes] = [0, 0]
      for await (const item of await remote.stream(way, count, size)) {
        came++
        bytes += item.length ?? 0
      }
      const took = performance.now() - begin
      const cpu = cpuOf() + (await remote.cpu()) - before
      // a Readable of bytes may come in other pieces
      const items = way === 'node' ? count : came
      if (items !== count || (way !== 'json' && bytes !== count * size)) throw new Error(`${came} items came`)
      count = Math.max(100, Math.round((count * ms) / took))
      return { rate: (items / took) * 1e3, cpu: cpu / items }
    },
    async stop() {
      await mesh.stop()
      child.disconnect()
    },
  }
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]

/** The rounds of one way and size, each build in turn. */
async function rounds(builds, way, size) {
  const of = { size, ms: Number(values.seconds) * 1e3 }
  for (const build of builds) for (let i = 0; i < 3; i++) await build.measure(way, of) // warm up, and find how many
  const all = []
  for (let i = 0; i < Number(values.rounds); i++) {
    const figures = []
    for (let k = 0; k < builds.length; k++) {
      const which = (i + k) % builds.length
      figures[which] = await builds[which].measure(way, of)
    }
    all.push(figures)
  }
  return all
}

function print(name, all) {
  const of = (key, k) => median(all.map((figures) => figures[k][key]))
  const text = all[0].map(
    (_, k) => `${of('rate', k).toFixed(0).padStart(8)} items/s ${of('cpu', k).toFixed(2).padStart(8)} us cpu`,
  )
  const ratio = (key) => median(all.map(([here, there]) => here[key] / there[key])).toFixed(2)
  if (values.against) text.push(`  ${ratio('rate')} of its items/s, ${ratio('cpu')} of its cpu`)
  console.log(name.padEnd(14), text.join('  |'))
}

async function main() {
  const builds = []
  for (const dist of [own, values.against].filter(Boolean)) builds.push(await start(dist))
  print('json', await rounds(builds, 'json', 0))
  for (const size of values.bytes.split(',').map(Number)) {
    for (const way of values.ways.split(',')) print(`${way} ${size}`, await rounds(builds, way, size))
  }
  for (const build of builds) await build.stop()
}

if (values.serve) await serve(values.serve)
else await main()
