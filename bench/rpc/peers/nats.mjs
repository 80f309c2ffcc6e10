/** NATS request and reply through a broker of its own, whose processor time counts too. */
import { spawn } from 'node:child_process'
import { connect as connectTo } from '@nats-io/transport-node'
import { answer } from '../payload.mjs'
import { dial, freePort, HOST } from './sockets.mjs'

export const needs = 'nats-server'

export async function serve() {
  const port = await freePort()
  const broker = spawn('nats-server', ['-a', HOST, '-p', String(port)], { stdio: 'ignore' })
  process.on('exit', () => broker.kill())
  await up(port)
  const server = await connectTo({ servers: `${HOST}:${port}` })
  server.subscribe('answer', {
    callback: (_error, message) => message.respond(JSON.stringify(answer(message.json()))),
  })
  server.subscribe('binary', { callback: (_error, message) => message.respond(message.data) })
  await server.flush()
  return { port, pids: [broker.pid] }
}

/** The broker says nowhere that it listens. */
async function up(port) {
  for (let left = 100; ; left--) {
    try {
      return (await dial({ port })).destroy()
    } catch (error) {
      if (left === 0) throw error
      await new Promise((done) => setTimeout(done, 20))
    }
  }
}

export async function connect({ port }) {
  const client = await connectTo({ servers: `${HOST}:${port}` })
  const call = async (value) =>
    (await client.request('answer', JSON.stringify(value), { timeout: 30_000 })).json()
  const binary = async (bytes) => (await client.request('binary', bytes, { timeout: 30_000 })).data
  return { call, binary, close: () => client.close() }
}
