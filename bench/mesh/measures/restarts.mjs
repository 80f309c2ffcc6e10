/** A service is restarted a thousand times, every tenth time by a kill: what stays of it in a client that lives on. */
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Members } from '../members.mjs'
import { driverOf } from '../peers.mjs'

const WARM_UP = 200
/** Every tenth. */
const KILL = 10
const MB = 1024 ** 2
/** Milliseconds until nobody is looked for that is gone. */
const PATIENCE = 30_000

export async function restarts({ peer, count, say }) {
  const { connect } = await driverOf(peer)
  const members = new Members(peer)
  try {
    let member = await members.start()
    const client = await connect()
    const times = async (number) => {
      for (let i = 1; i <= number; i++) {
        member = await once({ member, members, client, isKilled: i % KILL === 0 })
        if (i % 100 === 0) say(`${i} of ${number} restarts`)
      }
    }
    await times(WARM_UP)
    const before = await settled(null)
    await times(count)
    const after = await settled(before)
    await client.close()
    return {
      restarts: count,
      files: after.files - before.files,
      listeners: after.listeners - before.listeners,
      timers: after.timers - before.timers,
      heapMb: (after.heap - before.heap) / MB,
    }
  } finally {
    await members.end()
  }
}

/** The next instance has answered. */
async function once({ member, members, client, isKilled }) {
  let next = member
  if (isKilled) {
    member.kill()
    next = await members.start()
  } else await member.tell('restart')
  for (;;) {
    const pid = await client.again().catch((error) => error)
    if (pid === next.pid) return next
    if (pid instanceof Error && pid.code !== 'DS_DISCONNECTED') throw pid
  }
}

function look() {
  globalThis.gc()
  globalThis.gc()
  return {
    files: readdirSync('/proc/self/fd').length,
    listeners: process.eventNames().reduce((all, name) => all + process.listenerCount(name), 0),
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    heap: process.memoryUsage().heapUsed,
  }
}

/** As it is when what was is over: the least that is seen, until it is no more than before. */
async function settled(before) {
  const end = performance.now() + (before ? PATIENCE : PATIENCE / 3)
  let least = look()
  while (performance.now() < end) {
    await sleep(500)
    const now = look()
    least = Object.fromEntries(
      Object.entries(now).map(([what, value]) => [what, Math.min(value, least[what])]),
    )
    if (before && Object.keys(before).every((what) => least[what] <= before[what])) break
  }
  return least
}
