/** What a socket can do with bytes: a length, then so many bytes, gathered in memory of their own at both ends. */
import { dial, listen } from './sockets.mjs'

export function serve() {
  return listen((socket) => framesOf(socket, (frame) => send(socket, frame)))
}

export async function connect(address) {
  const socket = await dial(address)
  const waiting = []
  framesOf(socket, (frame) => waiting.shift()(frame))
  const binary = (bytes) =>
    new Promise((done) => {
      waiting.push(done)
      send(socket, bytes)
    })
  return { binary, close: () => socket.destroy() }
}

function send(socket, bytes) {
  const head = Buffer.allocUnsafe(4)
  head.writeUInt32LE(bytes.length)
  socket.cork()
  socket.write(head)
  socket.write(bytes)
  socket.uncork()
}

/** Calls `take` with each whole frame. */
function framesOf(socket, take) {
  let part = Buffer.allocUnsafeSlow(4)
  let filled = 0
  let isHead = true
  const next = (size) => {
    part = Buffer.allocUnsafeSlow(size)
    filled = 0
    isHead = !isHead
  }
  socket.on('data', (chunk) => {
    for (let at = 0; at < chunk.length;) {
      const count = chunk.copy(part, filled, at)
      at += count
      filled += count
      if (filled < part.length) continue
      if (isHead) next(part.readUInt32LE())
      else {
        take(part)
        next(4)
      }
    }
  })
}
