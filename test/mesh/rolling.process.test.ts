/** Real processes under calls: restarted in order, one after the other; and one that is frozen. */
import { describe, expect, it } from 'vitest'
import { dservice } from 'dservice'
import { Programs, type Program } from '../support/programs.js'
import { drive } from './chaos/drive.js'
import { Ledger } from './chaos/ledger.js'

interface D1 {
  run(id: number): number
  again(id: number): number
}

const MEMBER = 'test/mesh/chaos/member.mjs'
const SIZE = 3
/** Milliseconds after which a silent peer is given up, and of a machine that is busy. */
const NOTICED = 3_000
const LATE = 2_000

/** The call of this one was answered by that process. */
async function until(d1: { run(id: number): Promise<number> }, pid: number): Promise<void> {
  while ((await d1.run(-1)) !== pid);
}

describe('rolling restart - real processes', () => {
  it('no call fails while each of three is stopped in order and replaced', async () => {
    await using programs = new Programs()
    await using mesh = dservice({ mesh: programs.mesh })
    using ledger = new Ledger()
    const start = (): Program => programs.start(MEMBER, 'd1@1.0.0', ledger.file())
    const crew = Array.from({ length: SIZE }, start)
    await Promise.all(crew.map((program) => program.said(/^ready/)))
    const d1 = await mesh.dnodeFor<D1>('d1', '^1', { balance: 'round-robin' })
    for (const { pid } of crew) await until(d1, pid)
    const load = drive(ledger, { once: (id) => d1.run(id), often: (id) => d1.run(id), rate: 400 })
    for (const old of crew) {
      old.kill('SIGTERM')
      await old.ended
      const next = start()
      await next.said(/^ready/)
      await until(d1, next.pid)
    }
    await load.stop()
    const verdict = ledger.verdict()
    expect(verdict).toMatchObject({ failed: {}, hung: 0, doubled: 0, invented: 0 })
    expect(verdict.answered).toBe(verdict.calls)
    expect(verdict.calls).toBeGreaterThan(SIZE * 20)
  })

  it('one that is frozen is given up within 3 s of its last byte, and called again when it goes on', async () => {
    await using programs = new Programs()
    await using mesh = dservice({ mesh: programs.mesh, instanceWait: '30s' })
    using ledger = new Ledger()
    const only = programs.start(MEMBER, 'd1@1.0.0', ledger.file())
    await only.said(/^ready/)
    const d1 = await mesh.dnodeFor<D1>('d1', '^1', { timeout: '60s' })
    await d1.run(0)
    only.kill('SIGSTOP')
    const frozen = performance.now()
    await expect(d1.run(1)).rejects.toMatchObject({ code: 'DS_DISCONNECTED', ran: 'maybe' })
    expect(performance.now() - frozen).toBeLessThan(NOTICED + LATE)
    const waiting = d1.again(2)
    only.kill('SIGCONT')
    expect(await waiting).toBe(only.pid)
  })
})
