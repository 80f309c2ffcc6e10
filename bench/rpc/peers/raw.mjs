/**
 * What a socket can do: newline JSON, parsed and serialised at both ends, answers matched by their order.
 *
 *   raw          one write a turn of the event loop: the limit that all others are held against
 *   raw:single   a write for each message: the limit of the way there and back of one call
 *   raw:rows     an array of messages with ids a row, one row a turn: the dialect of dservice without anything around it
 */
import { answer } from '../payload.mjs'
import { dial, linesOf, listen, perTurn } from './sockets.mjs'

export const idle = true

const sends = {
  raw: (socket) => {
    const send = perTurn((lines) => socket.write(lines.join('')))
    return (value) => send(JSON.stringify(value) + '\n')
  },
  'raw:single': (socket) => (value) => socket.write(JSON.stringify(value) + '\n'),
  'raw:rows': (socket) => perTurn((messages) => socket.write(JSON.stringify(messages) + '\n')),
}

export function serve(name) {
  return listen((socket) => {
    const send = sends[name](socket)
    const one = (value) => send(answer(value))
    const rows = (messages) => messages.forEach(([id, value]) => send([id, answer(value)]))
    const take = name === 'raw:rows' ? rows : one
    linesOf(socket, (line) => take(JSON.parse(line)))
  })
}

export async function connect(address, name) {
  const socket = await dial(address)
  const send = sends[name](socket)
  const call = name === 'raw:rows' ? byId(socket, send) : inOrder(socket, send)
  return { call, close: () => socket.destroy() }
}

function inOrder(socket, send) {
  let waiting = []
  let next = 0
  linesOf(socket, (line) => {
    waiting[next++](JSON.parse(line))
    if (next < 1024) return
    waiting = waiting.slice(next)
    next = 0
  })
  return (value) =>
    new Promise((done) => {
      waiting.push(done)
      send(value)
    })
}

function byId(socket, send) {
  const waiting = new Map()
  let next = 0
  linesOf(socket, (line) => {
    for (const [id, value] of JSON.parse(line)) {
      waiting.get(id)(value)
      waiting.delete(id)
    }
  })
  return (value) =>
    new Promise((done) => {
      waiting.set(next, done)
      send([next++, value])
    })
}
