/** Rings of services that start in all orders, at all distances: each time the youngest alone gives way. */
import { describe, expect, it, vi } from 'vitest'
import type { DService, DServiceError } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'
import { chooser, ordersOf } from '../support/orders.js'

const ping = { ping: () => 'pong' }
const MEMBERS = 5
// hundreds of meshes, one after the other
vi.setConfig({ testTimeout: 120_000 })

const nameOf = (member: number): string => `s${member}`

/** Five members, of which the first `size` form a ring; each other one relies on the one before it. */
const edgeOf = (member: number, size: number): string =>
  nameOf(member < size ? (member + 1) % size : member - 1)

/** What became of a start. */
interface Started {
  readonly service: DService
  readonly at: number
  readonly id: string
  code: string | null
}

/** Services that start at the same instant or some time apart, over wires of all lengths. Owned by one test. */
class Race {
  readonly mesh: TestMesh
  readonly started: Started[] = []
  readonly #choose: ReturnType<typeof chooser>

  constructor(seed: number) {
    this.#choose = chooser(seed)
    this.mesh = new TestMesh(seed, this.#choose([0, 0, 3, 50]))
  }

  get seed(): string {
    return `seed ${this.mesh.clock.seed}`
  }

  start(service: DService): void {
    const at = this.mesh.clock.now()
    const starting = service.start()
    const entry: Started = { service, at, id: service.id, code: null }
    this.started.push(entry)
    starting.catch((error: unknown) => (entry.code = (error as DServiceError).code))
  }

  /** Starts these, with a pause of chance after each. */
  async startAll(services: readonly DService[]): Promise<void> {
    for (const service of services) {
      this.stretch()
      this.start(service)
      const pause = this.#choose([0, 0, 0, 1, 10, 60, 300])
      if (pause > 0) await this.mesh.advance(pause)
    }
  }

  /** What is sent from now on takes another time. */
  stretch(): void {
    this.mesh.network.delay(this.#choose([0, 0, 1, 7, 40]))
  }

  /** Of these names, by the rule: the latest start, and of one instant the greatest id. */
  youngest(names: readonly string[]): string | undefined {
    const ring = this.started.filter(({ service }) => names.includes(service.name ?? ''))
    ring.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    return ring.at(-1)?.service.name ?? undefined
  }

  /** `s1 DS_CYCLE`, `s2 waiting`. */
  get ends(): string[] {
    return this.started.map(({ service, code }) => `${service.name} ${code ?? service.state}`).sort()
  }

  async end(): Promise<void> {
    // what is under way arrives
    this.mesh.network.delay(0)
    await this.mesh.advance(100)
    expect(await this.mesh.end(), this.seed).toEqual({ announced: 0, watched: 0, connections: 0 })
  }
}

/** Long enough for whatever is going to happen. */
const SETTLED = 2_000

describe('rings - five members in all 120 orders, each order with a seed of its own', () => {
  const orders = ordersOf(MEMBERS)

  it.each([2, 3, 4, 5])('in a ring of %i the youngest gives way, and nobody else', async (size) => {
    for (const [n, order] of orders.entries()) {
      const race = new Race(size * 1_000 + n)
      const members = order.map((member) => {
        const service = race.mesh.service(`${nameOf(member)}@1.0.0`, ping)
        service.rely(edgeOf(member, size))
        return service
      })
      await race.startAll(members)
      await race.mesh.advance(SETTLED)
      const ring = Array.from({ length: size }, (_, member) => nameOf(member))
      const loser = race.youngest(ring)
      const expected = order.map(nameOf).map((name) => `${name} ${name === loser ? 'DS_CYCLE' : 'waiting'}`)
      expect(race.ends, race.seed).toEqual(expected.sort())
      await race.end()
    }
  })

  it.each(['lazy', 'optional'])('an edge that is %s breaks every ring', async (kind) => {
    for (const [n, order] of orders.entries()) {
      const race = new Race(9_000 + n)
      const size = 2 + (n % 4)
      const members = order.map((member) => {
        const service = race.mesh.service(`${nameOf(member)}@1.0.0`, ping)
        service.rely(edgeOf(member, size), '*', member === size - 1 ? { [kind]: true } : {})
        return service
      })
      await race.startAll(members)
      await race.mesh.advance(SETTLED)
      expect(race.ends, race.seed).toEqual(order.map((member) => `${nameOf(member)} ready`).sort())
      await race.end()
    }
  })
})

describe('rings - what only looks like one', () => {
  it('a version that takes the edge elsewhere is waited for before anybody gives way', async () => {
    for (const [n, order] of ordersOf(4).entries()) {
      const race = new Race(20_000 + n)
      // a -> b@^1 is b@1.1.0, which needs nothing; b@1.0.0, which needs a, is not called
      const make = [
        () => race.mesh.service('a@1.0.0', ping),
        () => race.mesh.service('b@1.0.0', ping),
        () => race.mesh.service('c@1.0.0', ping),
        () => race.mesh.service('d@1.0.0', ping),
      ]
      const [a, b, c, d] = make.map((one) => one())
      a?.rely('b', '^1')
      b?.rely('a')
      c?.rely('b', '^1')
      d?.rely('a')
      await race.startAll([race.mesh.service('b@1.1.0', ping)])
      await race.mesh.advance(100)
      await race.startAll(order.map((at) => [a, b, c, d][at]).filter((one) => one !== undefined))
      await race.mesh.advance(SETTLED)
      expect(race.ends, race.seed).toEqual(['a ready', 'b ready', 'b ready', 'c ready', 'd ready'])
      await race.end()
    }
  })

  it('a node is as old as its oldest instance: a second one does not make it the youngest', async () => {
    for (let seed = 30_000; seed < 30_060; seed++) {
      const race = new Race(seed)
      const [first, second] = ['one', 'two'].map((at) => race.mesh.service('b@1.0.0', ping, at))
      const a = race.mesh.service('a@1.0.0', ping)
      first?.rely('a')
      second?.rely('a')
      a.rely('b')
      race.start(first as DService)
      await race.mesh.advance(100)
      await race.startAll(seed % 2 === 0 ? [a, second as DService] : [second as DService, a])
      await race.mesh.advance(SETTLED)
      expect(race.ends, race.seed).toEqual(['a DS_CYCLE', 'b waiting', 'b waiting'])
      await race.end()
    }
  })
})

describe('rings - of services that run', () => {
  it('one that a change of version closes is reported by everybody, and all run on', async () => {
    for (let seed = 40_000; seed < 40_010; seed++) {
      const race = new Race(seed)
      const [old, a, next, b] = ['b@1.0.0', 'a@1.0.0', 'b@1.1.0', 'c@1.0.0'].map((name) =>
        race.mesh.service(name, ping),
      ) as [DService, DService, DService, DService]
      a.rely('b', '^1')
      next.rely('a')
      b.rely('a')
      await race.startAll([old, a])
      await race.mesh.advance(SETTLED)
      await race.startAll([next])
      await race.mesh.advance(SETTLED)
      expect(race.ends, race.seed).toEqual(['a ready', 'b ready', 'b ready'])
      await race.startAll([b])
      await race.mesh.advance(SETTLED)
      expect(b.state, race.seed).toBe('ready')
      for (const service of [old, a, next, b, race.mesh.client()]) {
        const { graph } = await race.mesh.until(service.inspect())
        expect(graph.cycles, `${race.seed} ${service.name} ${JSON.stringify(graph)}`).toEqual([
          ['a@1.0.0', 'b@1.1.0', 'a@1.0.0'],
        ])
      }
      // what is reported stands in nobody's way
      b.rely('b', '^1')
      a.rely('d')
      await race.startAll([race.mesh.service('d@1.0.0', ping)])
      await race.mesh.advance(SETTLED)
      expect(race.ends, race.seed).toEqual(['a ready', 'b ready', 'b ready', 'c ready', 'd ready'])
      await race.end()
    }
  })

  /** A ring of ready services without its edges, which are declared late. */
  async function running(race: Race, names: readonly string[]): Promise<DService[]> {
    const services = names.map((name) => race.mesh.service(`${name}@1.0.0`, ping) as DService)
    await race.startAll(services)
    await race.mesh.advance(SETTLED)
    return services
  }

  it.each([2, 3, 4])(
    'of %i that declare a ring at once one is refused, and the others keep their edges',
    async (size) => {
      for (let n = 0; n < 30; n++) {
        const race = new Race(50_000 + size * 100 + n)
        const names = Array.from({ length: size }, (_, member) => nameOf(member))
        const services = await running(race, names)
        const refused: string[] = []
        for (const [at, service] of services.entries()) {
          race.stretch()
          service.on('error', (error) => refused.push(`${service.name} ${(error as DServiceError).code}`))
          service.rely(nameOf((at + 1) % size))
        }
        await race.mesh.advance(2 * SETTLED)
        expect(refused, race.seed).toEqual([expect.stringMatching(/^s\d DS_CYCLE$/)])
        expect(race.ends, race.seed).toEqual(names.map((name) => `${name} ready`))
        const { graph } = await race.mesh.until(race.mesh.client().inspect())
        expect([graph.edges.length, graph.cycles], race.seed).toEqual([size - 1, []])
        await race.end()
      }
    },
  )

  it('of a start and a late rely that race, one gives way', async () => {
    for (let seed = 60_000; seed < 60_060; seed++) {
      const race = new Race(seed)
      const [a] = (await running(race, ['a'])) as [DService]
      let refused = 0
      a.on('error', () => refused++)
      const b = race.mesh.service('b@1.0.0', ping)
      b.rely('a')
      if (seed % 2 === 0) await race.startAll([b])
      a.rely('b')
      if (seed % 2 === 1) await race.startAll([b])
      await race.mesh.advance(2 * SETTLED)
      const ends = refused === 1 ? ['a ready', 'b ready'] : ['a waiting', 'b DS_CYCLE']
      expect(race.ends, race.seed).toEqual(ends)
      await race.end()
    }
  })

  it('a late edge that meets a ring of others is refused alone, whoever is the youngest', async () => {
    const race = new Race(70_000)
    const [a, b, c] = (await running(race, ['a', 'b', 'c'])) as [DService, DService, DService]
    b.rely('c')
    await race.mesh.advance(SETTLED)
    c.rely('a')
    await race.mesh.advance(SETTLED)
    const errors: Error[] = []
    a.on('error', (error) => errors.push(error))
    a.rely('b')
    a.rely('c', '*', { optional: true })
    a.rely('c', '*', { lazy: true })
    await race.mesh.advance(SETTLED)
    expect(errors).toMatchObject([
      { code: 'DS_CYCLE', details: { path: ['a@1.0.0', 'b@1.0.0', 'c@1.0.0', 'a@1.0.0'] } },
    ])
    expect(race.ends).toEqual(['a ready', 'b ready', 'c ready'])
    await race.end()
  })
})
