/**
 * Many functions go from one table to another, are called, answered and dropped; run with --expose-gc. What it finds is one line of JSON.
 *
 *   million.mjs gc|peak <functions>     with or without a collection asked for in between
 *   million.mjs size <functions>        bytes of each, on either side, while all are held
 */
import { systemClock } from '../../../dist/lib/base/clock.js'
import { Pending } from '../../../dist/lib/dnode/pending.js'
import { Exports } from '../../../dist/lib/dnode/refs/exports.js'
import { Gatherer } from '../../../dist/lib/dnode/refs/gather.js'
import { Sending } from '../../../dist/lib/dnode/refs/sending.js'
import { Stubs } from '../../../dist/lib/dnode/refs/stubs.js'

const [, , mode, count] = process.argv
const N = Number(count)
const BATCH = 1_000

const exports = new Exports()
const sending = new Sending(exports, { idOf: () => undefined })
const pending = new Pending(systemClock)
const answer = (id) => pending.settle(id, { ok: true, value: undefined })
const done = new Gatherer((ids) => process.nextTick(() => ids.forEach(answer)))
const releases = new Gatherer((list) => {
  for (let i = 0; i < list.length; i += 2) exports.release(list[i], list[i + 1])
})
const port = {
  clock: systemClock,
  pending,
  goneAs: null,
  turn: 0,
  call({ target, id }, args) {
    exports.forCall(target)?.run(...args)
    done.add(id)
  },
  cancel: () => undefined,
  failed(error) {
    throw error
  },
  hold: () => undefined,
  letGo: () => undefined,
}
const stubs = new Stubs(port, releases)

let called = 0
function send() {
  sending.begin()
  const [, id] = sending.function((n) => void (called += n))
  sending.done(null)
  return stubs.take(id)
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
async function settle() {
  for (let i = 0; i < 20; i++) {
    gc()
    await turn()
  }
}
const heap = () => process.memoryUsage().heapUsed

async function many() {
  for (let i = 0; i < 20_000; i++) send()(0)
  await settle()
  const before = heap()
  let peak = 0
  let peakHeap = 0
  for (let sent = 0; sent < N; sent += BATCH) {
    for (let i = 0; i < BATCH; i++) send()(1)
    await turn()
    peak = Math.max(peak, exports.size)
    peakHeap = Math.max(peakHeap, heap())
    if (mode === 'gc' && sent % 50_000 === 0) gc()
  }
  await settle()
  const grown = heap() - before
  return {
    called,
    exported: exports.size,
    imported: stubs.size,
    pending: pending.size,
    grown,
    peak,
    peakHeap,
  }
}

async function size() {
  const ids = []
  await settle()
  const start = heap()
  for (let i = 0; i < N; i++) {
    sending.begin()
    ids.push(sending.function((n) => n + i)[1])
    sending.done(null)
  }
  await settle()
  const exported = heap()
  const held = []
  for (let i = 0; i < N; i++) held.push(stubs.take(ids[i]))
  await settle()
  const imported = heap()
  return { exported: (exported - start) / N, imported: (imported - exported) / N, held: held.length }
}

console.log(JSON.stringify(await (mode === 'size' ? size() : many())))
