/** cote, as it comes but for a deadline: without one, lost calls are never ended. */
import { createRequire } from 'node:module'
import { DEADLINE } from '../figures.mjs'

const options = { log: false, helloLogsEnabled: false, statusLogsEnabled: false, multicast: '239.1.11.112' }
const cote = createRequire(new URL('../../rpc/package.json', import.meta.url))('cote')(options)

export async function serve(run) {
  const server = new cote.Responder({ name: 'bench server' }, options)
  server.on('run', (_value, done) => void run().then((value) => done(null, value), done))
  return async () => server.close()
}

export async function connect() {
  const client = new cote.Requester({ name: 'bench client' }, options)
  const call = () => client.send({ type: 'run', __timeout: DEADLINE })
  // requests before the server is known are held, and sent then
  await new Promise((done) => client.send({ type: 'run' }, done))
  return { call, each: call, close: async () => client.close() }
}
