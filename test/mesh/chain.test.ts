/** Chains of services: started in any order, broken in the middle, and whole again in time. */
import { describe, expect, it, vi } from 'vitest'
import type { DService } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'
import { chooser } from '../support/orders.js'

// dozens of meshes, one after the other
vi.setConfig({ testTimeout: 120_000 })

const ping = { ping: () => 'pong' }
const LENGTH = 10
const MIDDLE = 5

interface Chain {
  readonly mesh: TestMesh
  readonly services: DService[]
  readonly choose: ReturnType<typeof chooser>
}

/** s0 relies on s1, and so on; nothing is started. A node sees others up to 30 ms late, as with mDNS. */
function chain(seed: number): Chain {
  const choose = chooser(seed)
  const mesh = new TestMesh(seed, choose([0, 30]))
  mesh.network.delay(choose([0, 1, 5]))
  const services = Array.from({ length: LENGTH }, (_, i) => link(mesh, i))
  return { mesh, services, choose }
}

function link(mesh: TestMesh, i: number): DService {
  const service = mesh.service(`s${i}@1.0.0`, ping)
  if (i < LENGTH - 1) service.rely(`s${i + 1}`, '^1')
  return service as DService
}

function shuffled<T>(of: readonly T[], choose: Chain['choose']): T[] {
  const left = [...of]
  return of.map(() => left.splice(left.indexOf(choose(left)), 1)[0] as T)
}

/** Milliseconds until all are ready. */
async function untilReady({ mesh, services }: Chain): Promise<number> {
  const before = mesh.clock.monotonic()
  const isDone = (): boolean => services.every(({ state }) => state === 'ready')
  while (!isDone() && mesh.clock.monotonic() - before < 10_000) await mesh.advance(5)
  return mesh.clock.monotonic() - before
}

describe('chain - ten services, each of which relies on the next', () => {
  it('is ready within a second of the last start, in whatever order they start', async () => {
    for (let seed = 1; seed <= 15; seed++) {
      const one = chain(seed)
      for (const service of shuffled(one.services, one.choose)) {
        void service.start()
        await one.mesh.advance(one.choose([0, 0, 5, 50, 400]))
      }
      expect(await untilReady(one), `seed ${seed}`).toBeLessThan(1_000)
      one.mesh.network.delay(0)
      await one.mesh.advance(50)
      expect(await one.mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
    }
  })

  it('is ready within two seconds of the last start when the middle one is restarted three times', async () => {
    for (let seed = 100; seed < 108; seed++) {
      const one = chain(seed)
      const { mesh, services, choose } = one
      await mesh.until(Promise.all(services.map((service) => service.start())))
      const lost = new Set<string>()
      for (const service of services.filter((_, i) => i !== MIDDLE)) {
        service.on('state', (state) => state === 'waiting' && lost.add(service.name ?? ''))
      }
      for (let i = 0; i < 3; i++) {
        const middle = services[MIDDLE] as DService
        // in order, or as a crash that nobody hears of but by the end of the connections
        if (choose([true, false])) await mesh.until(middle.stop())
        else mesh.network.crash(`s${MIDDLE}-1.0.0`)
        await mesh.advance(choose([0, 1, 100, 3_000]))
        services[MIDDLE] = link(mesh, MIDDLE)
        void services[MIDDLE].start()
        if (i < 2) await mesh.advance(choose([0, 20, 500]))
      }
      expect(await untilReady(one), `seed ${seed}`).toBeLessThan(2_000)
      expect([...lost].sort(), `seed ${seed}`).toEqual(['s0', 's1', 's2', 's3', 's4'])
      const { instances } = await mesh.until(mesh.client().inspect())
      expect(instances.map(({ name, state }) => `${name} ${state}`)).toEqual(
        services.map(({ name }) => `${name} ready`),
      )
      await mesh.end()
    }
  })

  it('says at every link what is missing, and what is there instead', async () => {
    const { mesh, services } = chain(7)
    for (const service of services.slice(0, 3)) void service.start()
    await mesh.advance(1_000)
    expect(services[0]?.missing).toEqual([
      { name: 's1', range: '^1', live: ['1.0.0 (waiting)'], unreachable: [] },
    ])
    expect(services[2]?.missing).toEqual([{ name: 's3', range: '^1', live: [], unreachable: [] }])
    await mesh.end()
  })
})
