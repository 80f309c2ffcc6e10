/**
 * npm's dnode 1.2.2 as the server, and three clients of it.
 *
 *   dnode           its own client
 *   classic         ours, by `dservice/dnode`
 *   classic:limit   sockets alone: rows that are serialised beforehand but for an id, one write a turn, answers not parsed:
 *                   what npm's server allows
 *
 * `weak` is off: that package does not build on the Node of today, and dnode runs without it (callbacks then stay).
 */
import { createRequire } from 'node:module'
import { answer, SMALL, SMALL_ANSWER } from '../payload.mjs'
import { callBack } from '../served.mjs'
import { dial, freePort, HOST, linesOf, perTurn } from './sockets.mjs'

const require = createRequire(import.meta.url)
const dist = process.env.DSERVICE_DIST ?? new URL('../../../dist', import.meta.url).pathname

export const idle = ['dnode', 'classic']

export async function serve() {
  const port = await freePort()
  const api = {
    answer: (value, done) => done(answer(value)),
    callback: (count, take, done) => void callBack(count, take).then(() => done()),
  }
  const server = require('dnode')(api, { weak: false }).listen(port, HOST)
  await new Promise((done) => server.on('listening', done))
  return { port }
}

export async function prepare(name) {
  if (name === 'dnode') {
    const dnode = require('dnode')
    return () => dnode({}, { weak: false })
  }
  if (name === 'classic') return (await import(`file://${dist}/lib/dnode/index.js`)).dnode
  return null
}

export async function connect(address, name, dnode) {
  if (name === 'classic:limit') return limit(await dial(address))
  const d = dnode()
  d.connect(address.port, HOST)
  const remote = await new Promise((done) => d.on('remote', done))
  return {
    call: (value) => new Promise((done) => remote.answer(value, done)),
    callback: (count, take) => new Promise((done) => remote.callback(count, take, done)),
    close: () => d.end(),
  }
}

/** Only for the small call: its answer is known, so that nothing needs to be parsed. */
function limit(socket) {
  const waiting = []
  let next = 0
  const before = `{"method":0,"arguments":[${JSON.stringify(SMALL)},"[Function]"],"callbacks":{"`
  const after = '":["1"]},"links":[]}\n'
  const send = perTurn((rows) => socket.write(rows.join('')))
  let isMet = false
  socket.write('{"method":"methods","arguments":[{}],"callbacks":{},"links":[]}\n')
  const ready = new Promise((done) => {
    linesOf(socket, () => {
      if (isMet) return waiting[next++](SMALL_ANSWER)
      isMet = true
      done()
    })
  })
  const call = () =>
    new Promise((done) => {
      const id = waiting.push(done)
      send(before + id + after)
    })
  return ready.then(() => ({ call, close: () => socket.destroy() }))
}
