import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { byKey, inTurn, leastLoaded, type Endpoint } from '../../lib/mesh/choosing/balancer.js'
import { hashOf } from '../../lib/mesh/peers/hash.js'
import { Load } from '../../lib/mesh/peers/load.js'

class Instance implements Endpoint {
  readonly session = { pending: 0 }
  readonly standing: { load: Load; isEjected: boolean; hash: number }
  readonly latency: number
  calls = 0

  constructor(latency = 10, id = '') {
    this.latency = latency
    this.standing = { load: new Load(), isEjected: false, hash: hashOf(id) }
  }
}

type Choose = (instances: readonly Instance[], now: number) => Instance | undefined

/** Calls that come one a millisecond, each answered after its instance's latency, a fifth of it more or less. */
class Simulation {
  readonly clock: VirtualClock
  readonly #flying: { readonly at: number; readonly begun: number; readonly instance: Instance }[] = []
  now = 0

  constructor(seed: number) {
    this.clock = new VirtualClock(seed)
  }

  run(instances: readonly Instance[], calls: number, choose: Choose): void {
    for (let i = 0; i < calls; i++) {
      this.now++
      this.#answer()
      const instance = choose(instances, this.now)
      if (!instance) throw new Error('none was chosen')
      instance.calls++
      instance.session.pending++
      const at = this.now + instance.latency * (0.8 + 0.4 * this.clock.random())
      this.#flying.push({ at, begun: this.now, instance })
    }
  }

  #answer(): void {
    this.#flying.sort((a, b) => b.at - a.at)
    for (let last = this.#flying.at(-1); last && last.at <= this.now; last = this.#flying.at(-1)) {
      this.#flying.pop()
      last.instance.session.pending--
      last.instance.standing.load.observe(last.at - last.begun, last.at)
    }
  }
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
const shares = (instances: readonly Instance[]): number[] => {
  const all = instances.reduce((sum, { calls }) => sum + calls, 0)
  return instances.map(({ calls }) => calls / all)
}

describe('balancer - two random choices by peak EWMA', () => {
  it('of none chooses none, of one that one', () => {
    const one = new Instance()
    expect(leastLoaded([], 0, new VirtualClock())).toBeUndefined()
    expect(leastLoaded([one], 0, new VirtualClock())).toBe(one)
  })

  it.each(SEEDS.flatMap((seed) => [2, 5].map((count) => [count, seed])))(
    'is fair within ten per cent over 10 000 calls on %i equal instances (seed %i)',
    (count, seed) => {
      const simulation = new Simulation(seed)
      const instances = Array.from({ length: count }, () => new Instance())
      simulation.run(instances, 10_000, (all, now) => leastLoaded(all, now, simulation.clock))
      for (const share of shares(instances)) expect(Math.abs(share * count - 1)).toBeLessThan(0.1)
    },
  )

  it.each(SEEDS.flatMap((seed) => [2, 5].map((count) => [count, seed])))(
    'gives one of %i instances that is ten times slower less than a twentieth of the calls (seed %i)',
    (count, seed) => {
      const simulation = new Simulation(seed)
      const instances = Array.from({ length: count }, (_, i) => new Instance(i === 0 ? 100 : 10))
      simulation.run(instances, 10_000, (all, now) => leastLoaded(all, now, simulation.clock))
      expect(shares(instances)[0]).toBeLessThan(0.05)
      expect(instances[0]?.calls).toBeGreaterThan(0)
    },
  )

  it('tries one that was slow again after a while, and uses it when it has become quick', () => {
    const simulation = new Simulation(1)
    const choose: Choose = (all, now) => leastLoaded(all, now, simulation.clock)
    const [slow, quick] = [new Instance(100), new Instance(10)]
    simulation.run([slow, quick], 2_000, choose)
    const mended = Object.assign(new Instance(10), { session: slow.session, standing: slow.standing })
    simulation.run([mended, quick], 100_000, choose)
    expect(mended.calls).toBeGreaterThan(20_000)
  })

  it('gives one call to an instance without history, and no second before it has answered', () => {
    const simulation = new Simulation(1)
    const choose: Choose = (all, now) => leastLoaded(all, now, simulation.clock)
    const known = new Instance(10)
    simulation.run([known], 100, choose)
    const hanging = new Instance(1_000_000)
    simulation.run([known, hanging], 1_000, choose)
    expect(hanging.calls).toBe(1)
  })

  it('takes an ejected one only where both choices are', () => {
    const clock = new VirtualClock(1)
    const [ill, well] = [new Instance(), new Instance()]
    ill.standing.isEjected = true
    well.session.pending = 1_000
    for (let i = 0; i < 100; i++) expect(leastLoaded([ill, well], 0, clock)).toBe(well)
    well.standing.isEjected = true
    expect(leastLoaded([ill, well], 0, clock)).toBe(ill)
  })
})

describe('load - Finagle’s peak EWMA', () => {
  it('follows a peak at once, and comes down to 1/e of it in ten seconds', () => {
    const load = new Load()
    load.observe(1, 0)
    load.observe(100, 0)
    expect(load.of(0, 0)).toBe(100)
    load.observe(1, 0)
    expect(load.of(0, 0)).toBe(100)
    expect(load.of(0, 10_000)).toBeCloseTo(100 / Math.E, 6)
    expect(load.of(1, 10_000)).toBeCloseTo((2 * 100) / Math.E, 6)
  })

  it('without history costs nothing while nothing is pending, and more than any other while something is', () => {
    const load = new Load()
    expect(load.of(0, 5)).toBe(0)
    expect(load.of(1, 5)).toBeGreaterThan(1e6)
    expect(load.of(2, 5)).toBeGreaterThan(load.of(1, 5))
  })
})

describe('balancer - in turn', () => {
  it('gives all the same, to one', () => {
    const instances = [new Instance(), new Instance(), new Instance()]
    const simulation = new Simulation(1)
    let turn = 7
    simulation.run(instances, 10_000, (all) => inTurn(all, turn++))
    expect(instances.map(({ calls }) => calls).sort((a, b) => a - b)).toEqual([3_333, 3_333, 3_334])
    expect(inTurn([], 3)).toBeUndefined()
  })
})

describe('balancer - by key', () => {
  const KEYS = Array.from({ length: 20_000 }, (_, i) => hashOf(`user-${i}`))
  const instances = Array.from({ length: 10 }, (_, i) => new Instance(10, `instance${i}`))
  const moved = (before: readonly Instance[], after: readonly Instance[]): number[] =>
    KEYS.filter((key) => byKey(before, key) !== byKey(after, key))

  it('names the same instance for a key, in whatever order they are known', () => {
    expect(moved(instances, instances.toReversed())).toEqual([])
    expect(byKey([], 1)).toBeUndefined()
  })

  it('spreads keys evenly', () => {
    const counts = instances.map(
      (instance) => KEYS.filter((key) => byKey(instances, key) === instance).length,
    )
    for (const count of counts) expect(Math.abs(count / 2_000 - 1)).toBeLessThan(0.1)
  })

  it.each(instances.map((instance, i) => [i, instance] as const))(
    'moves the keys of instance %i alone when it goes, and back when it comes',
    (_, gone) => {
      const rest = instances.filter((instance) => instance !== gone)
      const away = moved(instances, rest)
      expect(away.every((key) => byKey(instances, key) === gone)).toBe(true)
      expect(Math.abs(away.length / 2_000 - 1)).toBeLessThan(0.1)
    },
  )

  it('hashes as FNV-1a does', () => {
    // each character is two bytes here: the published value of the bytes 61 00 under 32 bits
    expect(hashOf('')).toBe(0x811c9dc5)
    expect(hashOf('a')).toBe(Math.imul(0xe40c292c, 0x01000193) >>> 0)
  })
})
