/** gRPC in JavaScript: a method of its own for each kind of call, JSON text for the large one. */
import { once } from 'node:events'
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
    binary: ({ request }, done) => done(null, request),
    stream: (call) => void write(call),
  })
  const credentials = grpc.ServerCredentials.createInsecure()
  const port = await new Promise((done, fail) =>
    server.bindAsync(`${HOST}:0`, credentials, (error, bound) =>
      error ? fail(new Error('gRPC could not listen', { cause: error })) : done(bound),
    ),
  )
  return { port }
}

/** As fast as the other end reads. */
async function write(call) {
  for (let n = 0; n < call.request.count; n++) {
    if (!call.write({ n })) await once(call, 'drain')
  }
  call.end()
}

export async function connect({ port }) {
  const client = new Bench(`${HOST}:${port}`, grpc.credentials.createInsecure())
  await promisify(client.waitForReady).call(client, Date.now() + 10_000)
  const [askSmall, askBig, askBinary] = ['small', 'big', 'binary'].map((name) =>
    promisify(client[name]).bind(client),
  )
  const options = () => ({ deadline: Date.now() + 30_000 })
  const small = async (value) => (await askSmall(value, options())).s
  const big = async (value) => JSON.parse((await askBig({ json: JSON.stringify(value) }, options())).json)
  return {
    call: (value) => (value.s === undefined ? big(value) : small(value)),
    binary: async (data) => (await askBinary({ data }, options())).data,
    stream: (count) => client.stream({ count }, options()),
    close: () => client.close(),
  }
}
