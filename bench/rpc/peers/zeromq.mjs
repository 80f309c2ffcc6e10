/** ZeroMQ: DEALER asks, ROUTER answers, with ids in a frame of their own, so that many are in flight. */
import { Dealer, Router } from 'zeromq'
import { answer } from '../payload.mjs'
import { freePort, HOST } from './sockets.mjs'

export async function serve() {
  const router = new Router({ sendHighWaterMark: 0, receiveHighWaterMark: 0 })
  const port = await freePort()
  await router.bind(`tcp://${HOST}:${port}`)
  void serveAll(router)
  return { port }
}

async function serveAll(router) {
  const send = inOrder(router)
  for await (const [client, id, json, bytes] of router) {
    if (bytes) send([client, id, json, bytes])
    else send([client, id, JSON.stringify(answer(JSON.parse(json.toString())))])
  }
}

export async function connect({ port }) {
  const dealer = new Dealer({ sendHighWaterMark: 0, receiveHighWaterMark: 0 })
  dealer.connect(`tcp://${HOST}:${port}`)
  const send = inOrder(dealer)
  const waiting = new Map()
  let next = 0
  const take = async () => {
    for await (const [id, json, bytes] of dealer) {
      const key = id.toString()
      waiting.get(key)(bytes ?? JSON.parse(json.toString()))
      waiting.delete(key)
    }
  }
  void take()
  const ask = (...frames) =>
    new Promise((done) => {
      const id = String(next++)
      waiting.set(id, done)
      send([id, ...frames])
    })
  const call = (value) => ask(JSON.stringify(value))
  const binary = (bytes) => ask('', bytes)
  return { call, binary, close: () => dealer.close() }
}

/** A socket takes one message at a time. */
function inOrder(socket) {
  const queue = []
  let isSending = false
  const run = async () => {
    isSending = true
    while (queue.length > 0) await socket.send(queue.shift())
    isSending = false
  }
  return (frames) => {
    queue.push(frames)
    if (!isSending) void run()
  }
}
