/**
 * Attachments over loopback TCP against the same bytes over bare sockets: an echo in another process, in paired rounds.
 *
 *   node bench/wire/attachments.mjs [--size 1048576] [--in-flight 2] [--rounds 15] [--seconds 0.5]
 *
 *   raw       what comes is written back as it comes, and counted: nothing is gathered, nothing is parsed
 *   whole     as raw, but both sides gather what belongs together, in memory of its own, before they write it
 *   attached  rows with one attachment each, taken and sent by the library's connections
 *
 * It runs against dist, or against the folder that DSERVICE_DIST names. Prints and asserts nothing.
 */
import { fork } from 'node:child_process'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HOST = '127.0.0.1'
const dist = process.env.DSERVICE_DIST ?? fileURLToPath(new URL('../../dist', import.meta.url))
const load = (file) => import(`file://${dist}/lib/wire/${file}`)

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: String(1024 * 1024) },
    'in-flight': { type: 'string', default: '2' },
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '0.5' },
    serve: { type: 'string' },
  },
})
const size = Number(values.size)

/** How each way sends `bytes`, and hears of what came back whole. */
const ways = {
  raw(socket, heard) {
    let left = size
    socket.on('data', (chunk) => {
      for (left -= chunk.length; left <= 0; left += size) heard(null)
    })
    return (bytes) => socket.write(bytes)
  },
  whole(socket, heard) {
    let [whole, filled] = [Buffer.allocUnsafeSlow(size), 0]
    socket.on('data', (chunk) => {
      for (let at = 0; at < chunk.length;) {
        const count = chunk.copy(whole, filled, at)
        at += count
        if ((filled += count) < size) continue
        heard(whole)
        ;[whole, filled] = [Buffer.allocUnsafeSlow(size), 0]
      }
    })
    return (bytes) => socket.write(bytes)
  },
  async attached(socket, heard) {
    const [{ connectionOf }, { prefixOf }] = await Promise.all([load('stream.js'), load('attachments.js')])
    const clock = { after: () => ({ [Symbol.dispose]: () => undefined }) }
    const connection = connectionOf(socket, { clock, peer: { transport: 'tcp', address: 'bench' } })
    connection.attachmentLimit = 16 * 1024 * 1024
    connection.open({ row: (_row, [bytes]) => heard(bytes), drain: () => undefined })
    return (bytes) => connection.send([`${prefixOf([bytes])}[{"answer":1,"arguments":["bytes"]}]\n`, bytes])
  },
}

function serve(way) {
  const options = { noDelay: true, allowHalfOpen: true }
  const server = net.createServer(options, (socket) => void serveOne(socket, way))
  server.listen(0, HOST, () => process.send({ port: server.address().port }))
  process.on('message', () => process.send({ cpu: cpuOf() }))
  process.on('disconnect', () => process.exit())
}

async function serveOne(socket, way) {
  socket.on('error', () => socket.destroy())
  if (way === 'raw')
    return void socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end())
  const queue = []
  let send = (bytes) => queue.push(bytes)
  send = await ways[way](socket, (bytes) => send(bytes))
  for (const bytes of queue) send(bytes)
}

const cpuOf = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function start(way) {
  const child = fork(fileURLToPath(import.meta.url), ['--serve', way, '--size', String(size)])
  const ask = () => new Promise((done) => child.once('message', done))
  const { port } = await ask()
  const socket = net.connect({ port, host: HOST, noDelay: true, allowHalfOpen: true })
  await new Promise((done) => socket.once('connect', done))
  let heard = () => undefined
  const send = await ways[way](socket, () => heard())
  const bytes = Buffer.alloc(size, 'not zero\n')
  const cpu = async () => {
    child.send('cpu')
    return cpuOf() + (await ask()).cpu
  }
  return {
    /** MB a second in each direction, and microseconds of both processes a message. */
    async measure(ms) {
      const before = await cpu()
      const begin = performance.now()
      let [count, flying] = [0, 0]
      const fly = () => (flying++, send(bytes))
      await new Promise((done) => {
        heard = () => {
          count++
          flying--
          if (performance.now() - begin < ms) fly()
          else if (flying === 0) done()
        }
        for (let i = 0; i < Number(values['in-flight']); i++) fly()
      })
      const took = performance.now() - begin
      return { rate: (count * size) / 1e3 / took, cpu: ((await cpu()) - before) / count }
    },
    stop() {
      socket.destroy()
      child.disconnect()
    },
  }
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]

async function main() {
  const names = Object.keys(ways)
  const all = []
  for (const name of names) all.push(await start(name))
  const ms = Number(values.seconds) * 1000
  for (const one of all) await one.measure(1_000) // warm up
  const rounds = []
  for (let i = 0; i < Number(values.rounds); i++) {
    const figures = {}
    for (let k = 0; k < names.length; k++) {
      const which = (i + k) % names.length
      figures[names[which]] = await all[which].measure(ms)
    }
    rounds.push(figures)
  }
  for (const one of all) one.stop()
  for (const name of names) {
    const of = (key) => median(rounds.map((figures) => figures[name][key])).toFixed(0)
    const ratio = median(rounds.map((figures) => figures[name].rate / figures.raw.rate)).toFixed(2)
    console.log(
      `${name.padEnd(9)} ${of('rate').padStart(6)} MB/s  ${ratio} of raw  ${of('cpu').padStart(6)} us cpu a message`,
    )
  }
}

if (values.serve) serve(values.serve)
else await main()
