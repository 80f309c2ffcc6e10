/** moleculer over its TCP transporter, as it comes but for a deadline: without one, lost calls are never ended. */
import { createRequire } from 'node:module'
import { DEADLINE } from '../figures.mjs'

const { ServiceBroker } = createRequire(new URL('../../rpc/package.json', import.meta.url))('moleculer')

const broker = (kind) =>
  new ServiceBroker({
    nodeID: `${kind}-${process.pid}`,
    transporter: 'TCP',
    logger: false,
    metrics: false,
    requestTimeout: DEADLINE,
  })

export async function serve(run) {
  const server = broker('server')
  server.createService({ name: 'bench', actions: { run } })
  await server.start()
  return () => server.stop()
}

export async function connect() {
  const client = broker('client')
  await client.start()
  await client.waitForServices('bench')
  const call = () => client.call('bench.run')
  return { call, each: call, close: () => client.stop() }
}
