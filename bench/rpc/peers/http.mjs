/** HTTP: fastify serves, undici asks, with as many connections as calls in flight, at most 64. */
import fastify from 'fastify'
import { Pool } from 'undici'
import { answer } from '../payload.mjs'
import { HOST } from './sockets.mjs'

export async function serve() {
  const app = fastify()
  app.post('/answer', async ({ body }) => ({ value: answer(body) }))
  await app.listen({ port: 0, host: HOST })
  return { port: app.server.address().port }
}

export async function connect({ port }) {
  const pool = new Pool(`http://${HOST}:${port}`, { connections: 64 })
  const headers = { 'content-type': 'application/json' }
  const call = async (value) => {
    const { body } = await pool.request({
      path: '/answer',
      method: 'POST',
      headers,
      body: JSON.stringify(value),
    })
    return (await body.json()).value
  }
  return { call, close: () => pool.destroy() }
}
