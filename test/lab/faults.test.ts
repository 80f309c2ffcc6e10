/** A cable between two machines that fails in the ways of cables: in one direction, again and again, now and then. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Chance } from '../fuzz/chance.js'
import { Ledger, type Entry } from '../mesh/chaos/ledger.js'
import { need } from '../support/need.js'
import type { Program } from '../support/programs.js'
import { cable, Namespace } from './namespace.js'

const MEMBER = 'test/mesh/chaos/member.mjs'
const CALLER = 'test/lab/caller.mjs'
const AT = '10.99.0.2:4001'
const env = { DSERVICE_MESH: 'lab', DSERVICE_ENGINE: `static:d1=${AT}` }

/** Milliseconds until calls are answered again at the latest, and of a machine that is busy. */
const HEALED = 5_000
const LATE = 3_000
/** Long enough for both ends to give the other up, where calls wait. */
const NOTICED = 4_000

interface Ends {
  readonly caller: Namespace
  readonly callee: Namespace
  readonly chance: Chance
}

/** What is sent to the other end goes to a machine that is not there. */
function mute(from: Namespace, to: string): Disposable {
  const neighbour = ['neigh', 'replace', to, 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0', 'nud', 'permanent']
  from.ip(...neighbour)
  return { [Symbol.dispose]: () => void from.ip('neigh', 'del', to, 'dev', 'eth0') }
}

async function oneWay(from: Namespace, to: string): Promise<void> {
  using _muted = mute(from, to)
  await sleep(NOTICED)
}

/** Each ends when the cable is well. */
const FAULTS: readonly (readonly [string, (ends: Ends) => Promise<void>])[] = [
  ['answers do not come back for 4 s', ({ callee }) => oneWay(callee, '10.99.0.1')],
  ['calls do not get there for 4 s', ({ caller }) => oneWay(caller, '10.99.0.2')],
  [
    'it flaps',
    async ({ caller, chance }) => {
      for (let i = 0; i < 10; i++) {
        caller.ip('link', 'set', 'eth0', 'down')
        await sleep(chance.about(10, 500))
        caller.ip('link', 'set', 'eth0', 'up')
        await sleep(chance.about(10, 500))
      }
    },
  ],
  [
    'a third is lost, in bursts and either direction',
    async ({ caller, callee, chance }) => {
      for (let i = 0; i < 30; i++) {
        const muted = chance.once(2) ? mute(caller, '10.99.0.2') : mute(callee, '10.99.0.1')
        await sleep(chance.about(5, 100))
        muted[Symbol.dispose]()
        await sleep(chance.about(10, 200))
      }
    },
  ],
]

function entriesOf({ lines }: Program): (Entry & { readonly begun: number })[] {
  return lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Entry & { begun: number })
}

/** How long after that moment the first call that was made then was answered; Infinity: it was not in time. */
async function answeredAfter(calling: Program, moment: number): Promise<number> {
  for (const end = performance.now() + HEALED + LATE; performance.now() < end; await sleep(50)) {
    const first = entriesOf(calling).find(({ begun, end: how }) => begun >= moment && how === 'ok')
    if (first) return first.begun + first.took - moment
  }
  return Infinity
}

describe.skipIf(!need.namespace().ok)('faults of the network', () => {
  it.each(FAULTS)('%s: nothing hangs or runs twice, and calls are answered again', async (what, fail) => {
    const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 2 ** 31)
    await using caller = new Namespace()
    await using callee = new Namespace()
    cable(caller, callee)
    using ledger = new Ledger()
    const service = callee.start(process.execPath, [MEMBER, 'd1@1.0.0', ledger.file(), AT], env)
    await service.said(/^ready/)
    const calling = caller.start(process.execPath, [CALLER, env.DSERVICE_ENGINE], env)
    await calling.said(/"ok"/)
    await fail({ caller, callee, chance: new Chance(seed) })
    const healed = Date.now()
    const again = await answeredAfter(calling, healed)
    calling.kill('SIGTERM')
    await calling.said(/^done/)
    const verdict = ledger.verdict(entriesOf(calling))
    console.log(JSON.stringify({ what, seed, again, ...verdict }))
    expect(verdict).toMatchObject({ hung: 0, doubled: 0, lied: 0, invented: 0 })
    expect(again).toBeLessThan(HEALED + LATE)
    // the fault was one
    expect(verdict.longest).toBeGreaterThan(50)
  })
})
