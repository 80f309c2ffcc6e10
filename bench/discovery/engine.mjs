/**
 * What of the discovery time is the engine's, between two processes on this machine: `node bench/discovery/engine.mjs`, after a build.
 *
 *   announce -> up   the watcher was there before
 *   watch -> up      the service was there before
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../dist/lib/base/clock.js'
import { KeepAlive } from '../../dist/lib/base/keepalive.js'
import { createMdns } from '../../dist/lib/engines/mdns.js'

const ROUNDS = 20
const MESH = `bench-${process.pid}`
const PEER = fileURLToPath(new URL('./peer.mjs', import.meta.url))

const wallTime = () => performance.timeOrigin + performance.now()

async function report(peer) {
  const [message] = await once(peer, 'message')
  return message
}

async function tell(peer, order) {
  const answer = report(peer)
  peer.send(order)
  return answer
}

/** Watches `name`; resolves at its first `up`. */
async function firstUp(mdns, name) {
  let seen = () => undefined
  const up = new Promise((resolve) => (seen = resolve))
  const watch = await mdns.watch(name, ({ type }) => {
    if (type === 'up') seen(wallTime())
  })
  return { watching: up.then(() => watch[Symbol.asyncDispose]()), up }
}

async function announceToUp(mdns, peer, name) {
  const { up, watching } = await firstUp(mdns, name)
  const { at } = await tell(peer, { announce: name })
  const took = (await up) - at
  await watching
  await tell(peer, { stop: true })
  return took
}

async function watchToUp(mdns, peer, name) {
  await tell(peer, { announce: name })
  await systemClock.sleep(100)
  const start = wallTime()
  const { up, watching } = await firstUp(mdns, name)
  const took = (await up) - start
  await watching
  await tell(peer, { stop: true })
  return took
}

function line(what, times) {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (part) => (sorted[Math.floor(part * (sorted.length - 1))] ?? NaN).toFixed(1)
  return `${what.padEnd(16)} median ${at(0.5)} ms, least ${at(0)}, most ${at(1)} (${times.length} rounds)`
}

// Neither the engine nor its timers hold the process.
const alive = new KeepAlive()
alive.hold()
const peer = fork(PEER, [MESH])
peer.once('exit', (code) => {
  if (code !== 0) process.exit(1)
})
await report(peer)
const mdns = await createMdns({ mesh: MESH, clock: systemClock })
const [announced, watched] = [[], []]
for (let i = 0; i < ROUNDS; i++) {
  announced.push(await announceToUp(mdns, peer, `a${i}`))
  watched.push(await watchToUp(mdns, peer, `w${i}`))
}
console.log(line('announce -> up', announced))
console.log(line('watch -> up', watched))
peer.disconnect()
alive.release()
await mdns[Symbol.asyncDispose]()
