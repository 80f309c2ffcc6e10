/** The engine in one process: the contract, and what a network that breaks does to it. */
import assert from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { createMemory, MemoryHub } from '../../lib/engines/memory.js'
import type { Discovery } from '../../lib/mesh/discovery.js'
import { MemoryNetwork } from '../../lib/wire/memory.js'
import { discoveryContract, identity, Seen } from '../contracts/discovery.js'

const AT = [{ host: 'n1', port: 1 }]

discoveryContract({
  name: 'memory',
  async create(mesh) {
    const clock = new VirtualClock()
    const hub = new MemoryHub()
    const engines: Discovery[] = []
    return {
      async discovery(other = mesh) {
        const engine = hub.engine({ mesh: other, node: `n${engines.length}` })
        engines.push(engine)
        return engine
      },
      settle: () => clock.settle(),
      async dispose() {
        for (const engine of engines) await engine[Symbol.asyncDispose]()
        assert.deepEqual([hub.announced, hub.watched], [0, 0])
      },
    }
  },
})

function world() {
  const clock = new VirtualClock()
  const network = new MemoryNetwork(clock)
  const hub = new MemoryHub(network)
  const engine = (node: string) => hub.engine({ mesh: 'contract', node })
  return { clock, network, hub, n1: engine('n1'), n2: engine('n2') }
}

describe('memory engine in a network that breaks', () => {
  it('cut - hides what is announced meanwhile, healing shows it', async () => {
    const { clock, network, n1, n2 } = world()
    const seen = new Seen()
    await n2.watch('*', seen.see)
    network.cut('n1', 'n2')
    await n1.announce(identity('d1'), AT)
    await clock.settle()
    expect(seen.lines).toEqual([])
    network.heal('n1', 'n2')
    await clock.settle()
    expect(seen.lines).toEqual(['up d1 ready'])
  })

  it('cut - takes nothing away by itself; recheck finds out', async () => {
    const { clock, network, n1, n2 } = world()
    const seen = new Seen()
    await n2.watch('*', seen.see)
    await n1.announce(identity('d1'), AT)
    network.silence('n1', 'n2')
    await clock.settle()
    expect(seen.lines).toEqual(['up d1 ready'])
    for (const sighting of [...seen.sightings]) n2.recheck(sighting)
    await clock.settle()
    expect(seen.lines).toEqual(['up d1 ready', 'down d1 ready'])
    network.heal('n1', 'n2')
    await clock.settle()
    expect(seen.lines.at(-1)).toBe('up d1 ready')
  })

  it('crash - gives no goodbye; recheck says down, once', async () => {
    const { clock, network, hub, n1, n2 } = world()
    const seen = new Seen()
    await n2.watch('d1', seen.see)
    await n1.announce(identity('d1'), AT)
    await clock.settle()
    network.crash('n1')
    await clock.settle()
    expect(seen.lines).toEqual(['up d1 ready'])
    for (const sighting of [...seen.sightings, ...seen.sightings]) n2.recheck(sighting)
    await clock.settle()
    expect(seen.lines).toEqual(['up d1 ready', 'down d1 ready'])
    expect(hub.announced).toBe(0)
  })

  it('crash - who asks afterwards does not hear of the dead', async () => {
    const { clock, network, n1, n2 } = world()
    await n1.announce(identity('d1'), AT)
    network.crash('n1')
    const seen = new Seen()
    await n2.watch('*', seen.see)
    await clock.settle()
    expect(seen.lines).toEqual([])
  })

  it('watch - disposed of, is silent about what was on its way too', async () => {
    const { clock, n1, n2 } = world()
    const seen = new Seen()
    const watch = await n2.watch('*', seen.see)
    const announced = n1.announce(identity('d1'), AT)
    await watch[Symbol.asyncDispose]()
    await announced
    await clock.settle()
    expect(seen.lines).toEqual([])
  })

  it('hints - are copies that nobody can change for others', async () => {
    const { clock, n1, n2 } = world()
    const seen = new Seen()
    await n2.watch('*', seen.see)
    await n1.announce(identity('d1'), AT)
    await clock.settle()
    expect(Object.isFrozen(seen.sightings[0]?.hint)).toBe(true)
  })

  it('memory: - whoever shares the engine sees each other, whoever makes another does not', async () => {
    const [shared, other] = [createMemory({ mesh: 'contract' }), createMemory({ mesh: 'contract' })]
    const [seen, unseen] = [new Seen(), new Seen()]
    await shared.watch('*', seen.see)
    await other.watch('*', unseen.see)
    await shared.announce(identity('d1'), AT)
    expect([seen.lines, unseen.lines]).toEqual([['up d1 ready'], []])
  })

  it('stopped - an engine that was disposed of refuses with DS_CLOSED', async () => {
    const { n1 } = world()
    await n1[Symbol.asyncDispose]()
    await expect(n1.announce(identity('d1'), AT)).rejects.toMatchObject({ code: 'DS_CLOSED' })
    await expect(n1.watch('*', () => undefined)).rejects.toMatchObject({ code: 'DS_CLOSED' })
  })
})
