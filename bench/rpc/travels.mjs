/** What travels beside plain values, measured in the calling process: bytes, functions, streams. */
import { setTimeout as sleep } from 'node:timers/promises'
import { flood } from './measures.mjs'
import { BYTES } from './payload.mjs'
import { SOURCE } from './served.mjs'

/** Calls and items of one go. */
const MANY = 100_000
/** Bytes a millisecond of the slow sink. */
const SLOW = 20_000

/** measure -> `check(peer)`, which throws where the peer cannot do it, and `run(peer, options)`. */
const WAYS = {
  binary: {
    async check(peer) {
      const back = await peer.binary(BYTES)
      if (!(back instanceof Uint8Array)) throw new Error(`bytes came back as ${kindOf(back)}`)
      if (BYTES.compare(back) !== 0) throw new Error('bytes came back changed')
    },
    run: (peer, { ms }) => flood(() => peer.binary(BYTES), { ms, inFlight: 2 }),
  },
  callback: {
    check: (peer) => calledBack(1_000, peer.callback),
    run: (peer, { ms }) => repeat(() => calledBack(MANY, peer.callback), ms),
  },
  awaited: {
    check: (peer) => calledBack(1_000, peer.awaited),
    run: (peer, { ms }) => repeat(() => calledBack(MANY, peer.awaited), ms),
  },
  stream: {
    check: (peer) => readAll(peer, 1_000),
    run: (peer, { ms }) => repeat(() => readAll(peer, MANY), ms),
  },
}

/** Says with an error why a peer cannot take part in a measure. */
export const checkTravel = (peer, { measure }) => inTime(WAYS[measure].check(peer))

/** `{ calls, took }` of a measure. */
export const runTravel = (peer, { measure, ...options }) => WAYS[measure].run(peer, options)

/** Goes of MANY until `ms` are over. */
async function repeat(go, ms) {
  const start = performance.now()
  let took = 0
  let calls = 0
  while (took < ms) {
    await go()
    calls += MANY
    took = performance.now() - start
  }
  return { calls, took }
}

/** Has the server call a function of ours so many times; resolves when it was. */
async function calledBack(count, ask) {
  let sum = 0
  let left = count
  let finish
  const finished = new Promise((done) => (finish = done))
  const take = (n) => {
    sum += n
    if (--left === 0) finish()
    return n
  }
  await Promise.all([ask(count, take), finished])
  if (sum !== (count * (count - 1)) / 2) throw new Error('the callbacks came with other arguments')
}

async function readAll(peer, count) {
  let next = 0
  for await (const { n } of await peer.stream(count)) {
    if (n !== next++) throw new Error(`item ${next - 1} of the stream was ${n}`)
  }
  if (next !== count) throw new Error(`${next} of ${count} items of the stream came`)
}

/** Reads the large source no faster than SLOW allows, for at most `ms`: the bytes that came, and how long it took. */
export async function sink(peer, { ms }) {
  const start = performance.now()
  const passed = () => performance.now() - start
  let bytes = 0
  for await (const chunk of await peer.source()) {
    if (!(chunk instanceof Uint8Array)) throw new Error(`the source sent ${kindOf(chunk)}`)
    bytes += chunk.length
    const early = bytes / SLOW - passed()
    if (early >= 1) await sleep(early)
    if (passed() >= ms) return { bytes, took: passed() }
  }
  if (bytes !== SOURCE) throw new Error(`${bytes} of ${SOURCE} bytes of the source came`)
  return { bytes, took: passed() }
}

/** Each call brings a function that is new, which the server calls once and has no use for then. */
export async function useFunctions(peer, { count }) {
  let [next, called] = [0, 0]
  const loop = async () => {
    while (next++ < count) await peer.callback(1, () => called++)
  }
  await Promise.all(Array.from({ length: 64 }, loop))
  // calls back and answers travel in order, on one connection
  if (called !== count) throw new Error(`${called} of ${count} functions were called`)
}

/** Opens streams one after the other; reads every second to its end, and leaves the others after the first item. */
export async function useStreams(peer, { count }) {
  for (let i = 0; i < count; i++) {
    let seen = 0
    for await (const { n } of await peer.stream(2)) {
      if (n !== seen++) throw new Error(`item ${seen - 1} of the stream was ${n}`)
      if (i % 2 === 1) break
    }
    if (seen !== 2 - (i % 2)) throw new Error(`${seen} items of a stream came`)
  }
}

/** A peer that cannot do it may as well say nothing. */
async function inTime(checked) {
  const late = async () => {
    await sleep(10_000, null, { ref: false })
    throw new Error('nothing came within 10 s')
  }
  await Promise.race([checked, late()])
}

function kindOf(value) {
  if (typeof value !== 'object' || value === null) return String(value)
  return `${value.constructor?.name} ${JSON.stringify(value)?.slice(0, 40)}`
}
