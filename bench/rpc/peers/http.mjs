/** HTTP: fastify serves, undici asks, with as many connections as calls in flight, at most 64. */
import fastify from 'fastify'
import { Pool } from 'undici'
import { answer, BYTES } from '../payload.mjs'
import { HOST } from './sockets.mjs'

const BINARY = 'application/octet-stream'

export async function serve() {
  const app = fastify({ bodyLimit: 2 * BYTES.length })
  app.addContentTypeParser(BINARY, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.post('/binary', (request, reply) => reply.type(BINARY).send(request.body))
  app.post('/answer', async ({ body }) => ({ value: answer(body) }))
  await app.listen({ port: 0, host: HOST })
  return { port: app.server.address().port }
}

export async function connect({ port }) {
  const pool = new Pool(`http://${HOST}:${port}`, { connections: 64 })
  const post = async (path, type, given) => {
    const { body } = await pool.request({
      path,
      method: 'POST',
      headers: { 'content-type': type },
      body: given,
    })
    return body
  }
  const call = async (value) =>
    (await (await post('/answer', 'application/json', JSON.stringify(value))).json()).value
  const binary = async (bytes) => new Uint8Array(await (await post('/binary', BINARY, bytes)).arrayBuffer())
  return { call, binary, close: () => pool.destroy() }
}
