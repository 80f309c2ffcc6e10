/** gRPC in JavaScript: a method of its own for each of the two kinds of call, JSON text for the large one. */
import { promisify } from 'node:util'
import grpc from '@grpc/grpc-js'
import loader from '@grpc/proto-loader'
import { answer } from '../payload.mjs'
import { HOST } from './sockets.mjs'

const definition = loader.loadSync(new URL('grpc.proto', import.meta.url).pathname)
const { Bench } = grpc.loadPackageDefinition(definition)

export async function serve() {
  const server = new grpc.Server()
  server.addService(Bench.service, {
    small: ({ request }, done) => done(null, { s: answer(request) }),
    big: ({ request }, done) => done(null, { json: JSON.stringify(answer(JSON.parse(request.json))) }),
  })
  const credentials = grpc.ServerCredentials.createInsecure()
  const port = await new Promise((done, fail) =>
    server.bindAsync(`${HOST}:0`, credentials, (error, bound) =>
      error ? fail(new Error('gRPC could not listen', { cause: error })) : done(bound),
    ),
  )
  return { port }
}

export async function connect({ port }) {
  const client = new Bench(`${HOST}:${port}`, grpc.credentials.createInsecure())
  await promisify(client.waitForReady).call(client, Date.now() + 10_000)
  const [askSmall, askBig] = [promisify(client.small).bind(client), promisify(client.big).bind(client)]
  const options = () => ({ deadline: Date.now() + 30_000 })
  const small = async (value) => (await askSmall(value, options())).s
  const big = async (value) => JSON.parse((await askBig({ json: JSON.stringify(value) }, options())).json)
  return { call: (value) => (value.s === undefined ? big(value) : small(value)), close: () => client.close() }
}
