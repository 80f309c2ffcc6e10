/** Clients in other languages, written from docs/protocol.md alone: what the page says is enough to speak with us. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../support/build.js'
import { need } from '../support/need.js'
import { Programs } from '../support/programs.js'

const MEMBER = 'test/peers/member.mjs'
const LANGUAGES = [
  { language: 'python', command: 'python3', file: 'test/peers/client.py', isThere: need.python().ok },
  { language: 'perl', command: 'perl', file: 'test/peers/client.pl', isThere: need.perl().ok },
]

interface Way {
  readonly error: object
  readonly more: readonly unknown[]
}

interface Ended {
  readonly exit: unknown
  readonly out: string
  readonly err: string
}

/** Runs a client to its end; one that hangs is killed. */
function run(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: ROOT, timeout: 30_000, killSignal: 'SIGKILL' } as const
    execFile(command, args, options, (error, out, err) =>
      resolve({ exit: error?.code ?? (error ? null : 0), out, err }),
    )
  })
}

/** What both print: `[error, value]` of each call. The error is an object of the one way to speak or of the other; `more` only one has. */
const transcript = (id: string, { error, more }: Way): readonly unknown[] => [
  [
    null,
    {
      name: 'd1',
      version: '1.2.0',
      id,
      state: 'ready',
      started: expect.any(Number) as number,
      edges: [],
      methods: ['transform', 'fails', 'echo', 'nested.deep.twice', 'visit', 'ask', 'nothing'],
      contract: expect.stringMatching(/^sha256-[0-9a-f]{64}$/) as string,
      about: {},
    },
  ],
  [null, 'BOOP'],
  [null, 'abab'],
  [null, 'Grüße, 世界 🌍'],
  [{ name: 'TextError', message: 's is no text', code: 'E_TEXT', ...error }, null],
  [null, 'heard: Grüß dich, d1'],
  ...more,
]

/** A peer that says these bytes to whoever connects, and ends there if told so. */
class Liar implements AsyncDisposable {
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  constructor(bytes: string, ends: boolean) {
    this.#server = net.createServer((socket) => {
      this.#sockets.add(socket)
      // the client goes when it has refused, at times with bytes of ours unread
      socket.on('error', () => socket.destroy()).resume()
      if (ends) socket.end(bytes)
      else socket.write(bytes)
    })
  }

  async port(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return String((this.#server.address() as net.AddressInfo).port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

const METHODS = '{"method":"methods","arguments":[{}],"callbacks":{},"links":[]}\n'

describe.each(LANGUAGES)('peers - a client in $language', ({ command, file, isThere }) => {
  it.skipIf(!isThere).each([
    { way: 'classic dnode', flags: [], error: { position: 3 }, more: [] },
    {
      way: 'the dialect',
      flags: ['--dialect'],
      error: { ran: 'yes', properties: { position: 3 } },
      more: [
        [null, 'true: Grüß dich, d2, Grüß dich, d3'],
        [null, null],
      ],
    },
  ])('calls, is called back, and hears of errors in $way', async ({ flags, error, more }) => {
    await using programs = new Programs()
    const said = await programs.start(MEMBER, 'd1@1.2.0').said(/^ready/)
    const [, address = '', id = ''] = said.split(' ')
    const { exit, out, err } = await run(command, [file, ...address.split(':'), ...flags])
    expect([exit, err]).toEqual([0, ''])
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(transcript(id, { error, more }))
  })

  it.skipIf(!isThere).each([
    { what: 'text that is no JSON', bytes: 'HTTP/1.1 400 Bad Request\r\n', says: /JSON/ },
    { what: 'a row that is no object', bytes: 'null\n', says: /NoneType|their methods first/ },
    {
      what: 'a call before the methods',
      bytes: '{"method":0,"arguments":[]}\n',
      says: /expected their methods first/,
    },
    { what: 'half a row', bytes: METHODS.slice(0, 40), ends: true, says: /expected a row/ },
    { what: 'a row without an end', bytes: 'x'.repeat(1_100_000), says: /expected a row/ },
    {
      what: 'a path that leads nowhere',
      bytes: METHODS.replace('{},"l', '{"0":["7","a","b"]},"l'),
      says: /IndexError|expected a value at/,
    },
    { what: 'no hello, where it wants one', bytes: METHODS, flags: ['--dialect'], says: /expected a hello/ },
  ])('refuses $what', async ({ bytes, says, ends = false, flags = [] }) => {
    await using liar = new Liar(bytes, ends)
    const { exit, out, err } = await run(command, [file, '127.0.0.1', await liar.port(), ...flags])
    expect([exit, out, err]).toEqual([1, '', expect.stringMatching(/^refused: .+\n$/)])
    expect(err).toMatch(says)
  })
})
