/** moleculer over its TCP transport, which finds peers by multicast: only in a network of its own. */
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { answer } from '../payload.mjs'
import { items, source } from '../served.mjs'

const { ServiceBroker } = createRequire(import.meta.url)('moleculer')

export const multicasts = true

const broker = (nodeID) =>
  new ServiceBroker({ nodeID, transporter: 'TCP', logger: false, metrics: false, requestTimeout: 30_000 })

export async function serve() {
  const server = broker('server')
  const actions = {
    answer: ({ params }) => answer(params),
    stream: ({ params }) => Readable.from(items(params.count)),
    source: () => Readable.from(source(), { objectMode: false }),
  }
  server.createService({ name: 'bench', actions })
  await server.start()
  return {}
}

export async function connect() {
  const client = broker(`client-${process.pid}`)
  await client.start()
  await client.waitForServices('bench')
  return {
    call: (value) => client.call('bench.answer', value),
    stream: (count) => client.call('bench.stream', { count }),
    source: () => client.call('bench.source'),
    close: () => client.stop(),
  }
}
