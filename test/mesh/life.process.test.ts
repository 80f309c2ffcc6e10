/** When a process of ours lives on, when it ends, and with what. */
import net from 'node:net'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { dservice } from 'dservice'
import { Programs } from '../support/programs.js'

const MEMBER = 'test/mesh/member.mjs'
const hello = "dservice('d1@1.0.0', { hi: () => 'hi', pid: () => process.pid, hang: (cb) => {} })"
const cjs = (code: string): string[] => ['-e', `const dservice = require('dservice'); ${code}`]

/** Sends bytes as they are, and answers what came back until the peer hung up. */
async function talk(address: string, bytes: string): Promise<string> {
  const [host = '', port = ''] = address.split(':')
  const socket = net.connect(Number(port), host)
  let heard = ''
  socket.on('data', (chunk) => (heard += chunk.toString()))
  socket.write(bytes)
  // turned away with bytes unread, the peer hears of it by a reset
  await new Promise<void>((resolve) => {
    socket.on('error', () => resolve()).on('close', () => resolve())
  })
  return heard
}

describe('life - how long a process lives', () => {
  it('a client that was answered ends by itself, in both styles', async () => {
    await using programs = new Programs()
    await programs.start(MEMBER, 'd1@1.0.0').said(/^ready/)
    const awaited = programs.start(
      ...cjs("dservice().dnodeFor('d1').then((d1) => d1.echo('yes')).then(console.log)"),
    )
    const classic = programs.start(
      ...cjs(
        "dservice().dnodeFor('d1', (err, d1, d) => d1.echo('yes', (e, v) => { console.log(v); d.end() }))",
      ),
    )
    expect(await awaited.ended).toBe(0)
    expect(await classic.ended).toBe(0)
    expect([awaited.lines, classic.lines]).toEqual([['yes'], ['yes']])
  })

  it('a classic client whose service dies in the middle ends in order, told by `end`', async () => {
    await using programs = new Programs()
    const member = programs.start(MEMBER, 'd1@1.0.0')
    await member.said(/^ready/)
    const client = programs.start(
      ...cjs(
        "dservice().dnodeFor('d1', (err, d1, d) => { d.on('end', () => console.log('end')); d1.hang(() => {}); console.log('asked') })",
      ),
    )
    await client.said(/asked/)
    member.kill('SIGKILL')
    expect(await client.ended).toBe(0)
    expect(client.lines).toEqual(['asked', 'end'])
  })

  it('a started service lives until it is stopped, then its process ends', async () => {
    await using programs = new Programs()
    const service = programs.start(
      ...cjs(
        `const d1 = ${hello}; process.on('SIGTERM', () => d1.stop()); d1.start(() => console.log('up'))`,
      ),
    )
    await service.said(/up/)
    service.kill('SIGTERM')
    expect(await service.ended).toBe(0)
  })

  it('`signals: true` drains, and the process ends by the signal', async () => {
    await using programs = new Programs()
    const code = "dservice('d1', { hi: () => 1 }, { signals: true }).start(() => console.log('up'))"
    const service = programs.start(...cjs(code))
    await service.said(/up/)
    await using mesh = dservice({ mesh: programs.mesh, instanceWait: '30s' })
    await mesh.dnodeFor('d1')
    service.kill('SIGTERM')
    expect(await service.ended).toBeNull()
    expect((await mesh.inspect()).instances).toEqual([])
  })

  it('a failed start that nobody awaits ends the program with its error', async () => {
    await using programs = new Programs()
    const taken = net.createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as net.AddressInfo
    const code = `dservice('d1', { hi: () => 1 }, { port: ${port} }).start()`
    const service = programs.start(
      '-e',
      `const dservice = require('dservice'); process.on('exit', (c) => console.log('exit', c)); ${code}`,
    )
    expect(await service.ended).toBe(1)
    taken.close()
  })

  it('a listener that throws is an uncaught exception of the program, and harms nothing of ours', async () => {
    await using programs = new Programs()
    const code = `process.on('uncaughtException', (error) => console.log(error.message))
      const d1 = ${hello}
      d1.on('state', (state) => { throw new Error('no ' + state) })
      d1.start().then(() => d1.stop()).then(() => console.log('stopped', d1.state, d1.address))`
    const program = programs.start(...cjs(code))
    expect(await program.ended).toBe(0)
    const states = ['starting', 'waiting', 'ready', 'draining', 'stopped'].map((state) => `no ${state}`)
    expect(program.lines.filter((line) => line.startsWith('no'))).toEqual(states)
    expect(program.lines).toContain('stopped stopped null')
  })

  it('require gives the function, with the other exports on it', async () => {
    await using programs = new Programs()
    const names =
      "console.log(typeof dservice, typeof dservice.dservice, typeof dservice.DServiceError, typeof require('dservice/dnode'))"
    const program = programs.start(...cjs(names))
    expect(await program.ended).toBe(0)
    expect(program.lines).toEqual(['function function function function'])
  })
})

describe('life - what strangers send', () => {
  it.each([
    [
      "a web page's POST",
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\r\n{"method":0,"arguments":[]}\n',
    ],
    [
      'a call before the methods',
      '{"method":"pid","arguments":["[Function]"],"callbacks":{"0":["0"]},"links":[]}\n',
    ],
    ['null', 'null\n'],
    ['half a row', '{"method":"methods","argu'],
    ['a row without an end', 'x'.repeat(200_000)],
  ])('%s ends that connection alone', async (_what, bytes) => {
    await using programs = new Programs()
    const member = programs.start(MEMBER, 'd1@1.0.0')
    const address = (await member.said(/^ready/)).split(' ')[2] ?? ''
    await using mesh = dservice({ mesh: programs.mesh, instanceWait: '30s' })
    const d1 = await mesh.dnodeFor<{ pid(): number }>('d1')
    const heard = await talk(address, bytes)
    for (const row of heard.trim().split('\n').filter(Boolean)) {
      expect(JSON.parse(row)).toMatchObject({ method: 'methods' })
    }
    expect(await d1.pid()).toBe(member.pid)
  })
})

describe('life - two meshes on one machine', () => {
  it('do not see each other', async () => {
    await using here = new Programs()
    await using there = new Programs()
    await here.start(MEMBER, 'd1@1.0.0').said(/^ready/)
    await there.start(MEMBER, 'd2@1.0.0').said(/^ready/)
    await using mesh = dservice({ mesh: here.mesh, instanceWait: 300 })
    expect((await mesh.inspect()).instances.map(({ name }) => name)).toEqual(['d1'])
    await expect(mesh.dnodeFor('d2')).rejects.toMatchObject({ code: 'DS_NO_INSTANCE' })
  })
})
