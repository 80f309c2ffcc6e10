/**
 * Real processes that are killed, frozen, stopped and started again, under a ledger: nothing hangs, nothing runs twice that must
 * not, and what says that it did not run did not.
 *
 *   CHAOS_SECONDS=20   how long
 *   CHAOS_SEED=7       which disturbances; printed
 */
import { expect, it } from 'vitest'
import { dservice, withOptions } from 'dservice'
import { Chance } from '../fuzz/chance.js'
import { Programs } from '../support/programs.js'
import { Crew } from './chaos/crew.js'
import { Gap } from './chaos/gap.js'
import { Ledger } from './chaos/ledger.js'
import { drive } from './chaos/drive.js'

interface D1 {
  run(id: number): number
  again(id: number): number
}

const MEMBER = 'test/mesh/chaos/member.mjs'
const seconds = Number(process.env['CHAOS_SECONDS'] ?? 20)
const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 2 ** 31)

/** Milliseconds. */
const TIMEOUT = 5_000
/** Of a call beyond its deadline, on a machine that is busy. */
const LATE = 2_000
/** Without an answer, though an instance is well. */
const LONGEST_GAP = 5_000

it(
  `chaos - ${seconds} s of kills, freezes and restarts (CHAOS_SEED=${seed})`,
  { timeout: seconds * 1000 + 90_000 },
  async () => {
    await using programs = new Programs()
    await using mesh = dservice({ mesh: programs.mesh })
    const gap = new Gap()
    using ledger = new Ledger(() => gap.answered())
    const start = () => programs.start(MEMBER, 'd1@1.0.0', ledger.file())
    const crew = new Crew(start, new Chance(seed), (well) => gap.isAnyWell(well > 0))
    await crew.mend()
    const d1 = await mesh.dnodeFor<D1>('d1', '^1', { timeout: TIMEOUT })
    const load = drive(ledger, { once: (id) => d1.run(id), often: (id) => d1.again(id) })
    const disturbing = setInterval(() => crew.disturb(), 200)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    clearInterval(disturbing)
    await crew.mend()
    await load.stop()
    const verdict = ledger.verdict()
    console.log(JSON.stringify({ seed, seconds, done: crew.done, ...verdict, gap: Math.round(gap.longest) }))
    expect(verdict).toMatchObject({ hung: 0, doubled: 0, lied: 0, invented: 0 })
    expect(verdict.longest).toBeLessThan(TIMEOUT + LATE)
    expect(gap.longest).toBeLessThan(LONGEST_GAP)
    // all of them are found again
    const met = new Set<number>()
    const patient = withOptions(d1, { balance: 'round-robin' })
    const end = performance.now() + LONGEST_GAP
    while (met.size < crew.pids.length && performance.now() < end) met.add(await patient.run(-1))
    expect(met).toEqual(new Set(crew.pids))
  },
)
