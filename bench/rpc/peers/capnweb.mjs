/**
 * capnweb.
 *
 *   capnweb      over TCP, one line a message, by its own seam for transports: its fastest way between two processes
 *   capnweb:ws   over WebSockets, as its manual shows
 */
import { once } from 'node:events'
import { newWebSocketRpcSession, RpcSession, RpcTarget } from 'capnweb'
import { WebSocket, WebSocketServer } from 'ws'
import { answer } from '../payload.mjs'
import { callBack, callBackAwaited } from '../served.mjs'
import { dial, HOST, linesOf, listen } from './sockets.mjs'

// Node 20 has no WebSocket of its own, and capnweb looks for the global one
globalThis.WebSocket ??= WebSocket

export const idle = true

class Api extends RpcTarget {
  answer(value) {
    return answer(value)
  }
  binary(bytes) {
    return bytes
  }
  callback(count, take) {
    // to dispose what each call returns frees memory, and costs a fifth of the speed: this is the best it can do
    return callBack(count, take)
  }
  awaited(count, take) {
    return callBackAwaited(count, take)
  }
  stream(count) {
    let n = 0
    const pull = (to) => (n < count ? to.enqueue({ n: n++ }) : to.close())
    return new ReadableStream({ pull })
  }
}

const faceOf = (stub, close) => ({
  call: (value) => stub.answer(value),
  // a Buffer is none of its types
  binary: ({ buffer, byteOffset, length }) => stub.binary(new Uint8Array(buffer, byteOffset, length)),
  callback: (count, take) => stub.callback(count, take),
  awaited: (count, take) => stub.awaited(count, take),
  stream: (count) => stub.stream(count),
  close,
})

export async function serve(name) {
  if (name === 'capnweb') return listen((socket) => new RpcSession(lines(socket), new Api()))
  const server = new WebSocketServer({ port: 0, host: HOST, backlog: 2048 })
  server.on('connection', (socket) => newWebSocketRpcSession(socket, new Api()))
  await once(server, 'listening')
  return { port: server.address().port }
}

export async function connect(address, name) {
  if (name === 'capnweb') {
    const socket = await dial(address)
    const stub = new RpcSession(lines(socket)).getRemoteMain()
    return faceOf(stub, () => socket.destroy())
  }
  const socket = new WebSocket(`ws://${HOST}:${address.port}`)
  await once(socket, 'open')
  const stub = newWebSocketRpcSession(socket)
  return faceOf(stub, () => socket.terminate())
}

/** Lines as capnweb's transport. */
function lines(socket) {
  const held = []
  let waiting = null
  let ended = null
  const end = (error) => {
    ended = error
    waiting?.fail(error)
  }
  socket.on('error', end).on('close', () => end(new Error('closed')))
  linesOf(socket, (line) => {
    if (!waiting) return held.push(line)
    waiting.done(line)
    waiting = null
  })
  return {
    send: (message) => void socket.write(message + '\n'),
    receive: () =>
      new Promise((done, fail) => {
        if (held.length > 0) return done(held.shift())
        waiting = { done, fail }
        if (ended) waiting.fail(ended)
      }),
  }
}
