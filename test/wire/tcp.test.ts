/** TCP and Unix sockets: what only real sockets do. Whatever one peer does, the others never notice. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toError } from '../../lib/base/errors.js'
import { DEFAULTS } from '../../lib/base/options.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import type { Address, Connection, Listening } from '../../lib/wire/connection.js'
import { tcpTransport, type TcpOptions } from '../../lib/wire/tcp.js'
import { Reader, rowsOf } from '../support/rows.js'

const LOOPBACK = { host: '127.0.0.1', port: 0 }

/** A listener that echoes, and what it accepted. */
class Server {
  readonly clock = new VirtualClock()
  readonly accepted: Connection[] = []
  readonly readers: Reader[] = []
  listening!: Listening
  readonly #arrivals: (() => void)[] = []

  async listen(at: Address = LOOPBACK, options: Partial<TcpOptions> = {}): Promise<this> {
    this.listening = await tcpTransport({ clock: this.clock, ...options }).listen(at, (connection) => {
      this.accepted.push(connection)
      this.readers.push(new Reader(connection, (row) => connection.send(rowsOf(row))))
      for (const arrived of this.#arrivals.splice(0)) arrived()
    })
    return this
  }

  get port(): number {
    return (this.listening.address as { port: number }).port
  }

  /** Resolves with the connection number `n`. */
  async connection(n: number): Promise<Connection> {
    while (!this.accepted[n]) await new Promise<void>((resolve) => this.#arrivals.push(resolve))
    return this.accepted[n]
  }

  /** A raw socket to it. */
  async raw(): Promise<net.Socket> {
    const socket = net.connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => socket.destroy())
    await once(socket, 'connect')
    return socket
  }

  /** Fails unless a new client is still served. */
  async stillServes(): Promise<void> {
    const connection = await tcpTransport({ clock: this.clock }).dial(this.listening.address)
    const reader = new Reader(connection)
    connection.send(rowsOf('still'))
    assert.deepEqual(await reader.until(1), ['still'])
    await connection.close()
  }

  async end(): Promise<void> {
    await this.listening.close()
    for (const connection of this.accepted) connection.destroy(new Error('the test is over'))
  }
}

async function textOf(socket: net.Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

describe('TCP peers that misbehave', () => {
  let server: Server
  beforeEach(async () => {
    server = await new Server().listen()
  })
  afterEach(() => server.end())

  it('hang-up in the middle of a row - ends that connection with an error', async () => {
    const socket = await server.raw()
    socket.end('1\n{"method":')
    const connection = await server.connection(0)
    expect(await connection.closed).toMatchObject({
      code: 'DS_DISCONNECTED',
      message: expect.stringContaining('in the middle of a row, after 10 bytes'),
    })
    expect(server.readers[0]?.rows).toEqual([1])
    await server.stillServes()
  })

  it('hang-up after a whole row - is an end in order, and the answer still goes out', async () => {
    const socket = await server.raw()
    socket.end('"né"\n')
    expect(await textOf(socket)).toBe('"né"\n')
    expect(await (await server.connection(0)).closed).toBe(null)
  })

  it('reset - while answers are on their way is an error of that connection only', async () => {
    const socket = await server.raw()
    const connection = await server.connection(0)
    socket.pause()
    while (connection.send(rowsOf('x'.repeat(100_000)))) expect(connection.queued).toBe(0)
    socket.resetAndDestroy()
    expect(await connection.closed).toMatchObject({
      code: 'DS_DISCONNECTED',
      ran: 'maybe',
      message: expect.stringMatching(/ECONNRESET|EPIPE/),
    })
    connection.send(rowsOf('more'))
    await server.stillServes()
  })

  it('reset - right after connecting, a hundred times, harms nobody', async () => {
    for (let i = 0; i < 100; i++) (await server.raw()).resetAndDestroy()
    await server.stillServes()
  })

  it('a slow reader - is cut at the limit while another on the same listener is served', async () => {
    const slow = await server.raw()
    slow.pause()
    const connection = await server.connection(0)
    const other = await tcpTransport({ clock: server.clock }).dial(server.listening.address)
    const reader = new Reader(other)
    while (connection.send(rowsOf('x'.repeat(100_000)))) expect(connection.queued).toBe(0)
    other.send(rowsOf('served'))
    expect(await reader.until(1)).toEqual(['served'])
    for (let i = 0; i < 200; i++) connection.send(rowsOf('x'.repeat(100_000)))
    expect(await connection.closed).toMatchObject({ code: 'DS_LIMIT', ran: 'maybe' })
    expect(connection.queued).toBe(0)
    other.send(rowsOf('served', 'again'))
    expect(await reader.until(3)).toEqual(['served', 'served', 'again'])
    await other.close()
    slow.destroy()
  })

  it('a web page - that posts to the port is cut at its first line', async () => {
    const socket = await server.raw()
    socket.write('POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n{"method":0,"arguments":[]}\n')
    expect(await (await server.connection(0)).closed).toMatchObject({ code: 'DS_PROTOCOL' })
    expect(server.readers[0]?.rows).toEqual([])
    socket.destroy()
  })

  it('a flood without a newline - is cut at the limit of a hello', async () => {
    const socket = await server.raw()
    socket.write(Buffer.alloc(1_000_000, '1'))
    expect(await (await server.connection(0)).closed).toMatchObject({ code: 'DS_LIMIT' })
    await server.stillServes()
  })

  it('destroying - shows the peer a failure, not an end in order', async () => {
    const connection = await tcpTransport({ clock: server.clock }).dial(server.listening.address)
    const reader = new Reader(connection)
    const far = await server.connection(0)
    connection.send(rowsOf(1))
    await reader.until(1)
    far.destroy(new Error('no more'))
    expect(await connection.closed).toMatchObject({ code: 'DS_DISCONNECTED' })
  })

  it('accepting - an error in it costs that connection only', async () => {
    let isFirst = true
    const transport = tcpTransport({ clock: server.clock })
    const listening = await transport.listen(LOOPBACK, (connection) => {
      if (!isFirst) return void new Reader(connection, () => connection.send(rowsOf('ok')))
      isFirst = false
      throw new Error('bug')
    })
    const first = net.connect(listening.address as { host: string; port: number })
    await new Promise((resolve) => first.on('error', resolve).on('end', resolve))
    const second = await transport.dial(listening.address)
    const reader = new Reader(second)
    second.send(rowsOf(1))
    expect(await reader.until(1)).toEqual(['ok'])
    await second.close()
    await listening.close()
  })
})

describe('TCP listening', () => {
  const clock = new VirtualClock()
  const transport = tcpTransport({ clock })
  const ignore = (): void => undefined

  it.each([
    [{ host: '127.0.0.1', port: 70_000 }, 'ERR_SOCKET_BAD_PORT'],
    [{ host: '192.0.2.1', port: 0 }, 'EADDRNOTAVAIL'],
    [{ path: '/nowhere/at/all/s' }, 'EACCES'],
    [{ path: `/tmp/${'é'.repeat(60)}` }, 'ENAMETOOLONG'],
  ])('%j - fails with DS_LISTEN and the reason %s', async (at, reason) => {
    await expect(transport.listen(at, ignore)).rejects.toMatchObject({
      code: 'DS_LISTEN',
      details: { reason },
      hint: expect.stringMatching(/./),
    })
  })

  it('a taken port - fails with DS_LISTEN, and the first listener goes on', async () => {
    const server = await new Server().listen()
    await expect(transport.listen(server.listening.address, ignore)).rejects.toMatchObject({
      code: 'DS_LISTEN',
      message: expect.stringMatching(/^cannot listen on 127\.0\.0\.1:\d+: EADDRINUSE\. Stop what uses it/),
    })
    await server.stillServes()
    await server.end()
  })

  it('close - frees the port at once, while open connections live on; twice is fine', async () => {
    const server = await new Server().listen()
    const connection = await transport.dial(server.listening.address)
    const reader = new Reader(connection)
    await server.connection(0)
    await server.listening.close()
    await server.listening.close()
    const next = await transport.listen(server.listening.address, ignore)
    connection.send(rowsOf('alive'))
    expect(await reader.until(1)).toEqual(['alive'])
    await next[Symbol.asyncDispose]()
    await connection.close()
    await server.end()
  })

  it('too many connections - the extra one is closed, the others are served', async () => {
    const server = await new Server().listen(LOOPBACK, { connections: 1 })
    const first = await transport.dial(server.listening.address)
    const reader = new Reader(first)
    const extra = await transport.dial(server.listening.address)
    new Reader(extra)
    await extra.closed
    first.send(rowsOf(1))
    expect(await reader.until(1)).toEqual([1])
    await first.close()
    await server.stillServes()
    await server.end()
  })
})

describe('dialling', () => {
  it('no delay - is told to the socket itself: as an option of `connect` Node passes it over in silence', async () => {
    const told = vi.spyOn(net.Socket.prototype, 'setNoDelay')
    try {
      const server = await new Server().listen()
      const connection = await tcpTransport({ clock: new VirtualClock() }).dial(server.listening.address)
      expect(told).toHaveBeenCalledExactlyOnceWith(true)
      await connection.close()
      await server.listening.close()
    } finally {
      told.mockRestore()
    }
  })

  it('refused - fails with DS_UNREACHABLE, the address and the reason', async () => {
    const server = await new Server().listen()
    await server.end()
    const address = `127.0.0.1:${server.port}`
    const dial = tcpTransport({ clock: server.clock }).dial(server.listening.address)
    await expect(dial).rejects.toMatchObject({
      code: 'DS_UNREACHABLE',
      ran: 'no',
      message: `cannot connect to ${address}: ECONNREFUSED. Is the service running, and its address right?`,
      details: { tries: [{ address, reason: 'ECONNREFUSED' }] },
    })
    expect(server.clock.waiting).toBe(0)
  })

  it.each([
    [{ host: '127.0.0.1', port: 70_000 }, 'ERR_SOCKET_BAD_PORT'],
    [{ path: '/nowhere/at/all/s' }, 'ENOENT'],
    [{ path: `/tmp/${'é'.repeat(60)}` }, 'ENAMETOOLONG'],
  ])('%j - fails with the reason %s', async (to, reason) => {
    await expect(tcpTransport({ clock: new VirtualClock() }).dial(to)).rejects.toMatchObject({
      code: 'DS_UNREACHABLE',
      details: { tries: [{ reason }] },
    })
  })

  it('signal - aborts with its reason, before and meanwhile', async () => {
    const server = await new Server().listen()
    const transport = tcpTransport({ clock: server.clock })
    const reason = new Error('changed my mind')
    const { address } = server.listening
    await expect(transport.dial(address, AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const dial = transport.dial(address, controller.signal)
    controller.abort(reason)
    await expect(dial).rejects.toBe(reason)
    expect(server.clock.waiting).toBe(0)
    await server.end()
  })

  it('signal - once connected, it ends nothing: it cancels an operation, never a lifetime', async () => {
    const server = await new Server().listen()
    const controller = new AbortController()
    const connection = await tcpTransport({ clock: server.clock }).dial(
      server.listening.address,
      controller.signal,
    )
    controller.abort()
    const reader = new Reader(connection)
    connection.send(rowsOf(1))
    expect(await reader.until(1)).toEqual([1])
    await connection.close()
    await server.end()
  })

  it('no answer - fails after the connect timeout, by the clock', async () => {
    const clock = new VirtualClock()
    const { port, close } = await fullBacklog()
    const dial = tcpTransport({ clock }).dial({ host: '127.0.0.1', port })
    const outcome = dial.then(() => 'connected', toError)
    await clock.advance(DEFAULTS.connectTimeout)
    expect(await outcome).toMatchObject({
      code: 'DS_UNREACHABLE',
      details: { tries: [{ reason: 'no answer within 3000 ms' }] },
    })
    await close()
  })
})

/** A port whose system answers nobody: its queue is full, and its owner stopped accepting. */
async function fullBacklog(): Promise<{ port: number; close(): Promise<void> }> {
  const script = `
    const net = require('node:net')
    const server = net.createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(String(chunk))
  const fillers = [1, 2, 3].map(() => net.connect({ port, host: '127.0.0.1' }).on('error', () => undefined))
  await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, 'connect')))
  return {
    port,
    async close() {
      for (const socket of fillers) socket.destroy()
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

describe('Unix sockets', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'wire-'))
  })
  afterEach(() => rm(folder, { recursive: true }))
  const transport = tcpTransport({ clock: new VirtualClock() })
  const ignore = (): void => undefined

  it('a stale file - of a killed process is taken over', async () => {
    const at = { path: path.join(folder, 's') }
    const script = `require('node:net').createServer().listen(${JSON.stringify(at.path)}, () => process.kill(process.pid, 'SIGKILL'))`
    await once(spawn(process.execPath, ['-e', script]), 'exit')
    expect((await stat(at.path)).isSocket()).toBe(true)
    const server = await new Server().listen(at)
    await server.stillServes()
    await server.end()
  })

  it('a socket that is answered - is left alone', async () => {
    const at = { path: path.join(folder, 's') }
    const server = await new Server().listen(at)
    await expect(transport.listen(at, ignore)).rejects.toMatchObject({
      code: 'DS_LISTEN',
      details: { reason: 'EADDRINUSE' },
    })
    await server.stillServes()
    await server.end()
  })

  it('a file that is no socket - is left alone', async () => {
    const at = { path: path.join(folder, 's') }
    await writeFile(at.path, 'precious')
    await expect(transport.listen(at, ignore)).rejects.toMatchObject({ code: 'DS_LISTEN' })
    expect((await stat(at.path)).size).toBe(8)
  })
})

describe('sockets and the life of the process', () => {
  /** Sockets and listeners that would keep this process alive. */
  function holding(): number {
    return process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe)/.test(name)).length
  }

  it.each([
    [false, 0],
    [true, 3],
  ])('keepAlive %s - a listener and both ends of a connection hold it %i times', async (keepAlive, times) => {
    const before = holding()
    const server = await new Server().listen(LOOPBACK, { keepAlive })
    const connection = await tcpTransport({ clock: server.clock, keepAlive }).dial(server.listening.address)
    new Reader(connection)
    await server.connection(0)
    expect(holding() - before).toBe(times)
    await connection.close()
    await server.end()
  })
})
