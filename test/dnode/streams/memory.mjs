/** What streams hold, measured in a process of its own: node --expose-gc memory.mjs. Prints one line of JSON. */
import { Readable } from 'node:stream'
import { systemClock } from '../../../dist/lib/base/clock.js'
import { silentLogger } from '../../../dist/lib/base/logger.js'
import { Streams } from '../../../dist/lib/dnode/streams/table.js'

const NONE = []

/** One side; what it sends arrives in the next turn. */
function side() {
  let under = []
  const self = { peer: null, streams: null }
  const deliver = () => {
    const came = under
    under = []
    for (const message of came) self.peer.streams.handle(message)
  }
  self.streams = new Streams({
    clock: systemClock,
    logger: silentLogger,
    write: (item) => ({ values: [item], attachments: NONE, tags: NONE, size: 20 }),
    read: (item) => item,
    send: (message) => {
      if (under.push(message) === 1) setImmediate(deliver)
      return true
    },
    hold: () => ({ [Symbol.dispose]: () => undefined }),
    bad: (error) => {
      throw error
    },
  })
  return self
}

const [a, b] = [side(), side()]
a.peer = b
b.peer = a

async function heap() {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc()
  }
  return process.memoryUsage().heapUsed
}

async function* one() {
  yield { s: 'beep' }
}

const pass = (source, form, as = form) => b.streams.take(a.streams.offer(source, form), as)

/** Bytes of an idle stream of each kind at each end, without its source. */
async function idle(count, form, make) {
  const kept = Array.from({ length: count }, make)
  const ids = new Int32Array(count)
  const start = await heap()
  for (const [i, source] of kept.entries()) ids[i] = a.streams.offer(source, form)
  const offered = await heap()
  const taken = Array.from(ids, (id) => b.streams.take(id, form))
  const end = await heap()
  const open = [a.streams.outgoing, b.streams.incoming, taken.length]
  for (const stream of taken) await (stream.return ?? stream.cancel ?? stream.destroy).call(stream)
  kept.length = taken.length = 0
  await heap()
  return { out: Math.round((offered - start) / count), in: Math.round((end - offered) / count), open }
}

async function readToEnd(count) {
  for (let i = 0; i < count; i += 1_000) {
    const streams = Array.from({ length: 1_000 }, () => pass(one(), 'iterable'))
    await Promise.all(
      streams.map(async (stream) => {
        for await (const item of stream) if (item.s !== 'beep') throw new Error('another item')
      }),
    )
  }
}

async function dropped(count) {
  for (let i = 0; i < count; i++) pass(one(), 'iterable')
  await heap()
  await heap()
}

async function grown(run) {
  const start = await heap()
  await run()
  const bytes = (await heap()) - start
  return { bytes, left: a.streams.size + b.streams.size }
}

await readToEnd(2_000)
await dropped(2_000)
const idles = {
  iterable: await idle(10_000, 'iterable', one),
  node: await idle(10_000, 'node', () => new Readable({ objectMode: true, read: () => undefined })),
  web: await idle(10_000, 'web', () => new ReadableStream()),
}
const ended = await grown(() => readToEnd(100_000))
const gone = await grown(() => dropped(50_000))
console.log(JSON.stringify({ idles, ended, dropped: gone }))
