/** Sockets, lines and turns: what the raw drivers and the transports made by hand share. */
import net from 'node:net'

export const HOST = '127.0.0.1'

/** Serves each connection by `accept`; resolves to the port. */
export async function listen(accept, path) {
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    accept(socket)
  })
  await new Promise((done) => (path ? server.listen(path, done) : server.listen(0, HOST, 2048, done)))
  return { port: server.address().port }
}

export function dial({ port }) {
  return new Promise((done, fail) => {
    const socket = net.connect({ port, host: HOST, noDelay: true }, () => done(socket))
    socket.on('error', fail)
  })
}

/** A port that is free now. */
export async function freePort() {
  const server = net.createServer()
  await new Promise((done) => server.listen(0, HOST, done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

/** Calls `take` with each whole line. */
export function linesOf(socket, take) {
  let held = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    if (!chunk.includes('\n')) return void (held += chunk)
    const lines = (held + chunk).split('\n')
    held = lines.pop()
    for (const line of lines) take(line)
  })
}

/** Gathers what is sent in one turn of the event loop, and writes it at once. */
export function perTurn(write) {
  let gathered = []
  const flush = () => {
    const all = gathered
    gathered = []
    write(all)
  }
  return (item) => {
    if (gathered.push(item) === 1) process.nextTick(flush)
  }
}
