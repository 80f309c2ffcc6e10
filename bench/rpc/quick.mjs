/**
 * Small calls against what a socket can do: a session beside a raw echo of batched JSON, in two processes over loopback.
 * Run `npm run build` first, then `node bench/rpc/quick.mjs [seconds a round] [folder of the build]`.
 */
import { fork } from 'node:child_process'
import net from 'node:net'
import { fileURLToPath } from 'node:url'

const ROUNDS = 5
const IN_FLIGHT = 64
const [seconds = '1', dist = fileURLToPath(new URL('../../dist', import.meta.url))] = process.argv.slice(2)
const load = (path) => import(new URL(path, `file://${dist}/`).href)
const { Session } = await load('lib/dnode/session.js')
const { connectionOf } = await load('lib/wire/stream.js')
const { systemClock } = await load('lib/base/clock.js')
const { helloOf } = await load('lib/dnode/hello.js')

/** A batch of messages a turn, an array a row: the fewest bytes of code that still batch. */
function rawPeer(socket, take) {
  let held = ''
  let batch = []
  const flush = () => {
    socket.write(JSON.stringify(batch) + '\n')
    batch = []
  }
  socket.setEncoding('utf8').on('data', (chunk) => {
    const rows = (held + chunk).split('\n')
    held = rows.pop()
    for (const row of rows) for (const message of JSON.parse(row)) take(message)
  })
  return (message) => {
    if (batch.push(message) === 1) process.nextTick(flush)
  }
}

function session(socket, api) {
  const connection = connectionOf(socket, {
    peer: { transport: 'tcp', address: 'bench' },
    clock: systemClock,
  })
  return new Session({ connection, clock: systemClock, api, hello: () => helloOf(null) })
}

async function listen(serve) {
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, serve)
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return server.address().port
}

async function serve() {
  const raw = await listen((socket) => {
    const send = rawPeer(socket, ([id, args]) => send([id, args[0]]))
    socket.on('error', () => socket.destroy())
  })
  const dservice = await listen((socket) => session(socket, { echo: (value) => value }))
  const dserviceAsync = await listen((socket) => session(socket, { echo: async (value) => value }))
  process.on('message', () => process.send(process.cpuUsage()))
  process.on('disconnect', () => process.exit(0))
  process.send({ raw, dservice, dserviceAsync })
}

async function dial(port) {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  await new Promise((done) => socket.once('connect', done))
  return socket
}

async function rawClient(port) {
  const waiting = new Map()
  let next = 0
  const send = rawPeer(await dial(port), ([id, value]) => {
    waiting.get(id)(value)
    waiting.delete(id)
  })
  return (value) =>
    new Promise((done) => {
      const id = next++
      waiting.set(id, done)
      send([id, [value]])
    })
}

async function sessionClient(port) {
  const client = session(await dial(port), {})
  await client.ready
  return async (value) => {
    const outcome = await client.call('echo', [value], { timeout: 30_000 })
    if (!outcome.ok) throw outcome.error
    return outcome.value
  }
}

/** Calls a second, and processor time of both ends a call, in microseconds. */
async function round(call, serverCpu) {
  const before = [process.cpuUsage(), await serverCpu()]
  const start = performance.now()
  const end = start + Number(seconds) * 1000
  let calls = 0
  const loop = async () => {
    while (performance.now() < end) {
      await call('beep')
      calls++
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
  const took = (performance.now() - start) / 1000
  const after = [process.cpuUsage(), await serverCpu()]
  const cpu = after.reduce(
    (sum, { user, system }, i) => sum + user + system - before[i].user - before[i].system,
    0,
  )
  return { rate: calls / took, cpu: cpu / calls }
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]

async function measure() {
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
    env: { ...process.env, BENCH_SERVES: '1' },
  })
  const message = () => new Promise((done) => child.once('message', done))
  const ports = await message()
  const serverCpu = () => {
    const answer = message()
    child.send('cpu')
    return answer
  }
  const clients = {
    raw: await rawClient(ports.raw),
    dservice: await sessionClient(ports.dservice),
    'dservice async': await sessionClient(ports.dserviceAsync),
  }
  const results = Object.fromEntries(Object.keys(clients).map((name) => [name, []]))
  for (const call of Object.values(clients)) await round(call, serverCpu) // warm up
  for (let i = 0; i < ROUNDS; i++) {
    for (const [name, call] of Object.entries(clients)) results[name].push(await round(call, serverCpu))
  }
  for (const [name, rounds] of Object.entries(results)) {
    const ratio = median(rounds.map(({ rate }, i) => rate / results.raw[i].rate))
    const cpu = median(rounds.map((r) => r.cpu))
    console.log(
      `${name.padEnd(15)} ${median(rounds.map((r) => r.rate))
        .toFixed(0)
        .padStart(8)} calls/s  ${cpu.toFixed(2)} us cpu/call, both ends  ratio ${ratio.toFixed(2)}`,
    )
  }
  child.disconnect()
  process.exit(0)
}

await (process.env.BENCH_SERVES ? serve() : measure())
