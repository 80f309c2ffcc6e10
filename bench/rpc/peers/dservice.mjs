/**
 * dservice itself, as built in the folder that DSERVICE_DIST names.
 *
 *   dservice   the public handle of `dnodeFor`, found by `static:`; deadlines, ids and errors on
 *   session    the bare session below it: no look-up, no choice of an instance
 */
import net from 'node:net'
import { answer } from '../payload.mjs'
import { callBack, callBackAwaited, items, source } from '../served.mjs'
import { freePort, HOST, listen } from './sockets.mjs'

const dist = process.env.DSERVICE_DIST ?? new URL('../../../dist', import.meta.url).pathname
const load = (file) => import(`file://${dist}/lib/${file}`)

export const idle = true

const api = {
  answer,
  binary: (bytes) => bytes,
  callback: callBack,
  awaited: callBackAwaited,
  stream: items,
  source,
}

export async function serve(name) {
  if (name === 'session') {
    const toSession = await sessions()
    return listen((socket) => toSession(socket, api))
  }
  const { dservice } = await load('index.js')
  const port = await freePort()
  const engine = `static:bench=${HOST}:${port}`
  await dservice('bench@1.0.0', api, { engine, port, mesh: 'bench' }).start()
  return { port }
}

/** What takes time before there is anything to measure: the loading of code. */
export async function prepare(name) {
  if (name === 'session') return sessions()
  return (await load('index.js')).dservice
}

export async function connect({ port }, name, prepared) {
  if (name === 'session') return connectSession(port, prepared)
  const mesh = prepared({ engine: `static:bench=${HOST}:${port}`, mesh: 'bench' })
  const remote = await mesh.dnodeFor('bench', '^1')
  return {
    call: (value) => remote.answer(value),
    binary: (bytes) => remote.binary(bytes),
    callback: (count, take) => remote.callback(count, take),
    awaited: (count, take) => remote.awaited(count, take),
    stream: (count) => remote.stream(count),
    source: () => remote.source(),
    close: () => mesh.stop(),
  }
}

async function connectSession(port, toSession) {
  const socket = net.connect({ port, host: HOST, noDelay: true, allowHalfOpen: true })
  await new Promise((done) => socket.once('connect', done))
  const session = toSession(socket, {})
  await session.ready
  const options = { timeout: 30_000 }
  const ask =
    (method) =>
    async (...values) => {
      const outcome = await session.call(method, values, options)
      if (!outcome.ok) throw outcome.error
      return outcome.value
    }
  const { answer: call, ...travels } = Object.fromEntries(Object.keys(api).map((name) => [name, ask(name)]))
  return { call, ...travels, close: () => session.close() }
}

/** Makes a session of a socket, as the serving and the dialling half of the library do. */
async function sessions() {
  const [{ Session }, { connectionOf }, { systemClock: clock }, { helloOf }] = await Promise.all(
    ['dnode/session.js', 'wire/stream.js', 'base/clock.js', 'dnode/hello.js'].map(load),
  )
  const peer = { transport: 'tcp', address: 'bench' }
  return (socket, api) =>
    new Session(connectionOf(socket, { peer, clock, writesOut: true }), {
      clock,
      api,
      hello: () => helloOf(null),
    })
}
