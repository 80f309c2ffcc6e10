/** cote, which finds peers by broadcast or multicast: only in a network of its own. */
import { createRequire } from 'node:module'
import { answer } from '../payload.mjs'

export const multicasts = true

const options = { log: false, helloLogsEnabled: false, statusLogsEnabled: false, multicast: '239.1.11.111' }
const cote = createRequire(import.meta.url)('cote')(options)

export async function serve() {
  const server = new cote.Responder({ name: 'bench server' }, options)
  server.on('answer', ({ value }, done) => done(null, answer(value)))
  return {}
}

export async function connect() {
  const client = new cote.Requester({ name: 'bench client' }, options)
  const call = (value) => client.send({ type: 'answer', value })
  // requests before the server is known are held, and sent then
  await call({ s: '' })
  return { call, close: () => client.close() }
}
