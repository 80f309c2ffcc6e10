/**
 * How long discovery takes between two processes on this machine: `node dist/bench/discovery/run.js`.
 *
 *   announce -> up   the watcher was there before
 *   watch -> up      the service was there before
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../lib/base/clock.js'
import { KeepAlive } from '../../lib/base/keepalive.js'
import { createMdns } from '../../lib/engines/mdns.js'
import type { Discovery } from '../../lib/mesh/discovery.js'
import type { Order, Report } from './peer.js'

const ROUNDS = 20
const MESH = `bench-${process.pid}`
const PEER = fileURLToPath(new URL('./peer.js', import.meta.url))

const wallTime = (): number => performance.timeOrigin + performance.now()

async function report(peer: ChildProcess): Promise<Report> {
  const [message] = (await once(peer, 'message')) as [Report]
  return message
}

async function tell(peer: ChildProcess, order: Order): Promise<Report> {
  const answer = report(peer)
  peer.send(order)
  return answer
}

/** Watches `name`; resolves at its first `up`. */
async function firstUp(
  mdns: Discovery,
  name: string,
): Promise<{ watching: Promise<void>; up: Promise<number> }> {
  let seen: (at: number) => void = () => undefined
  const up = new Promise<number>((resolve) => (seen = resolve))
  const watch = await mdns.watch(name, ({ type }) => {
    if (type === 'up') seen(wallTime())
  })
  return { watching: up.then(() => watch[Symbol.asyncDispose]()), up }
}

async function announceToUp(mdns: Discovery, peer: ChildProcess, name: string): Promise<number> {
  const { up, watching } = await firstUp(mdns, name)
  const { at } = await tell(peer, { announce: name })
  const took = (await up) - at
  await watching
  await tell(peer, { withdraw: true })
  return took
}

async function watchToUp(mdns: Discovery, peer: ChildProcess, name: string): Promise<number> {
  await tell(peer, { announce: name })
  await systemClock.sleep(100)
  const start = wallTime()
  const { up, watching } = await firstUp(mdns, name)
  const took = (await up) - start
  await watching
  await tell(peer, { withdraw: true })
  return took
}

function line(what: string, times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (part: number): string => (sorted[Math.floor(part * (sorted.length - 1))] ?? NaN).toFixed(1)
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
const [announced, watched]: [number[], number[]] = [[], []]
for (let i = 0; i < ROUNDS; i++) {
  announced.push(await announceToUp(mdns, peer, `a${i}`))
  watched.push(await watchToUp(mdns, peer, `w${i}`))
}
console.log(line('announce -> up', announced))
console.log(line('watch -> up', watched))
peer.disconnect()
alive.release()
await mdns[Symbol.asyncDispose]()
