/** The simulation itself: it does what it is told, and is the same at each run. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it } from 'vitest'
import { simulate, type World } from '../../lib/testing/index.js'

const NONE = { announced: 0, watched: 0, connections: 0, listeners: 0, timers: 0, pending: 0 }

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const ping = { ping: () => 'pong' }
let world: World

afterEach(async () => {
  expect(await world.stop()).toEqual(NONE)
})

interface Echo {
  echo(value: unknown): unknown
  wait(ms: number): void
}

/** A service `echo` on a node of its name, and a client's handle of it. */
async function echo(seed = 1) {
  world = simulate({ seed })
  const wait = (ms: number): Promise<void> => world.clockOf(service).sleep(ms)
  const service = world.service('echo@1.0.0', { echo: (value: unknown) => value, wait })
  await service.start()
  const client = world.client()
  return { service, client, remote: await client.dnodeFor<Echo>('echo') }
}

describe('world - time', () => {
  it('stands still: starts, look-ups and calls need none', async () => {
    const { remote } = await echo()
    expect(await remote.echo(7)).toBe(7)
    expect(world.clock.monotonic()).toBe(0)
  })

  it.each(['1s', -1, Number.NaN, Number.POSITIVE_INFINITY, undefined])(
    'run(%s) is DS_INVALID',
    async (ms) => {
      world = simulate()
      await expect(world.run(ms as never)).rejects.toMatchObject({ code: 'DS_INVALID' })
      expect(world.clock.monotonic()).toBe(0)
    },
  )

  it('until moves it, and gives up in time', async () => {
    const { remote } = await echo()
    await world.until(remote.wait(1_000))
    expect(world.clock.monotonic()).toBe(1_000)
    await expect(world.until(new Promise(() => undefined), 5_000)).rejects.toMatchObject({
      code: 'DS_TIMEOUT',
      summary: expect.stringContaining('seed 1'),
    })
    await expect(world.until(Promise.reject(new Error('as it is')))).rejects.toThrow('as it is')
  })

  it('is of one world: another one beside it neither holds it up nor moves it', async () => {
    const { remote } = await echo()
    const other = simulate()
    const both = [world.until(remote.wait(5_000)), other.run(7_000), other.settle(), world.settle()]
    await Promise.all(both)
    expect([world.clock.monotonic(), other.clock.monotonic()]).toEqual([5_000, 7_000])
    expect(await other.stop()).toEqual(NONE)
  })

  it('the garbage collector, which has no seed, has no say: what nobody holds stays', async () => {
    let isStopped = false
    world = simulate()
    const items = async function* (): AsyncGenerator<string> {
      try {
        yield* Array.from({ length: 10_000 }, () => 'long'.repeat(1_000))
      } finally {
        isStopped = true
      }
    }
    const service = world.service('flow@1.0.0', { items })
    await service.start()
    const remote = await world.client().dnodeFor<{ items(): AsyncIterable<string> }>('flow')
    const begin = async (): Promise<void> =>
      void (await (await remote.items())[Symbol.asyncIterator]().next())
    await begin()
    for (let i = 0; i < 10; i++) {
      gc()
      await world.run(100)
    }
    expect(isStopped).toBe(false)
  })

  it('what never comes to rest is DS_LIMIT, and no endless loop', async () => {
    world = simulate()
    let isOver = false
    const again = (): void => void (isOver || setImmediate(again))
    again()
    await expect(world.settle()).rejects.toMatchObject({ code: 'DS_LIMIT' })
    isOver = true
  })
})

describe('world - the network', () => {
  it('latency is of a direction, of all to a node, or of all', async () => {
    const { client, service, remote } = await echo()
    const took = async (): Promise<number> => {
      const before = world.clock.monotonic()
      await world.until(remote.echo(1) as Promise<unknown>)
      return world.clock.monotonic() - before
    }
    world.latency(20)
    expect(await took()).toBe(40)
    world.latency(100, { to: service })
    expect(await took()).toBe(120)
    world.latency(500, { from: client, to: service })
    expect(await took()).toBe(520)
    world.latency([0, 10], { from: client, to: service })
    expect(await took()).toBeLessThanOrEqual(40)
  })

  it('mute - the call arrives, its answer does not, and both come through when it is healed', async () => {
    const { client, service, remote } = await echo()
    let isRunning = false
    world.mute(service, client)
    const call = remote.wait(10).then(() => (isRunning = true))
    await world.run(500)
    expect(isRunning).toBe(false)
    world.heal(client, service)
    await world.settle()
    expect(isRunning).toBe(true)
    await call
  })

  it('partition - parts only what is in different groups; heal makes all whole', async () => {
    const { client, service, remote } = await echo()
    world.partition([[client], [service]], 'cut')
    await expect(world.until(remote.echo(1) as Promise<unknown>)).rejects.toMatchObject({ ran: 'no' })
    world.partition([[client, service], [world.client()]])
    world.heal()
    expect(await world.until(remote.echo(2) as Promise<unknown>)).toBe(2)
  })

  it('heal - of one node makes all its ways whole, of all also those of one that had crashed', async () => {
    const { client, service, remote } = await echo()
    const answer = (n: number): Promise<unknown> => world.until(remote.echo(n) as Promise<unknown>)
    world.cut(service, client)
    world.heal(client)
    expect(await answer(1)).toBe(1)
    world.cut(service, client)
    world.crash(service)
    world.heal()
    await world.service('echo@1.0.0', { echo: () => 'again' }, { node: 'echo' }).start()
    expect(await answer(2)).toBe('again')
  })
})

describe('world - processes', () => {
  it.each(['reset', 'silent'] as const)(
    'crash, %s - what was called is lost in its time, and a restart is another instance',
    async (how) => {
      const { service, remote } = await echo()
      const before = service.id
      const lost = remote.wait(60_000).then(
        () => null,
        (error: unknown) => error,
      )
      await world.settle()
      world.crash(service, how)
      expect(await world.until(lost, how === 'reset' ? 10 : 3_000)).toMatchObject({
        code: 'DS_DISCONNECTED',
        ran: 'maybe',
      })
      const next = world.service('echo@1.0.0', { echo: () => 'again' }, { node: world.nodeOf(service) })
      await world.until(next.start())
      expect(await world.until(remote.echo(1) as Promise<unknown>)).toBe('again')
      expect(next.id).not.toBe(before)
    },
  )

  it('crash - nothing happens any more in what was there', async () => {
    world = simulate()
    const ticks: number[] = []
    const clock = world.clockOf('a')
    clock.after(10, () => ticks.push(10))
    clock.after(20, () => ticks.push(20))
    await world.run(15)
    world.crash('a')
    clock.after(1, () => ticks.push(1))
    await world.run(1_000)
    expect(ticks).toEqual([10])
  })

  it('freeze - all waits, and comes at once when it is thawed', async () => {
    const { service, remote } = await echo()
    world.freeze(service)
    const call = remote.echo(1) as Promise<unknown>
    let isAnswered = false
    void call.then(() => (isAnswered = true))
    await world.run(2_000)
    expect(isAnswered).toBe(false)
    world.thaw(service)
    await world.settle()
    expect(isAnswered).toBe(true)
  })
})

describe('world - sightings', () => {
  it.each([
    ['late', { late: 700 }, 700],
    ['lost, until the engine asks again', { lost: 1, again: 4_000 }, 4_000],
    ['twice', { twice: 1 }, 0],
  ] as const)('come %s', async (_how, options, ms) => {
    world = simulate()
    world.sightings(options)
    await world.service('echo@1.0.0', ping).start()
    const found = world.client().dnodeFor('echo')
    const before = world.clock.monotonic()
    await world.until(found)
    expect(world.clock.monotonic() - before).toBe(ms)
  })
})

describe('world - what it is given', () => {
  it.each<[string, () => unknown]>([
    ['an option that nobody knows', () => simulate({ sed: 1 } as object)],
    ['a name that is none', () => world.service('A B', {})],
    ['a version that is none', () => world.service('a@x', {})],
    ['an option of a service', () => world.service('a', {}, { port: 1 } as object)],
    ['a service of another world', () => world.crash(simulate().client())],
    ['a latency in words', () => world.latency('20ms' as never)],
    ['a latency below zero', () => world.latency(-1)],
    ['a span that runs back', () => world.latency([50, 5])],
    ['a span of one end', () => world.latency([5] as never)],
    ['an option of latency', () => world.latency(5, { two: 'a' } as object)],
    ['a seed that is no number', () => simulate({ seed: '7' as never })],
    ['groups that are none', () => world.partition('ab' as never)],
    ['groups of names that are no lists', () => world.partition(['ab'] as never)],
    ['a way to part that is none', () => world.partition([], 'cutt' as never)],
    ['a way to crash that is none', () => world.crash(world.client(), 'silently' as never)],
    ['a share of more than all', () => world.sightings({ lost: 2 })],
    ['a share in words', () => world.sightings({ twice: '1' as never })],
    ['a late that runs back', () => world.sightings({ late: [5, 1] })],
    ['an again below zero', () => world.sightings({ again: -1 })],
  ])('%s is DS_INVALID', (_what, make) => {
    world = simulate()
    expect(make).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
  })

  it.each<[string, (place: string) => void]>([
    ['cut', (place) => world.cut('echo', place)],
    ['silence', (place) => world.silence(place, 'echo')],
    ['mute', (place) => world.mute('echo', place)],
    ['partition', (place) => world.partition([['echo'], [place]])],
    ['heal', (place) => world.heal(place)],
    ['latency', (place) => world.latency(20, { to: place })],
    ['crash', (place) => world.crash(place)],
    ['freeze', (place) => world.freeze(place)],
    ['thaw', (place) => world.thaw(place)],
    ['nodeOf', (place) => world.nodeOf(place)],
  ])(
    '%s - a node that does not exist is DS_INVALID, with those that do; one that has crashed is one',
    async (_what, act) => {
      const { remote } = await echo()
      const noNode = expect(() => act('clinet'))
      noNode.toThrow('"clinet" is no node of this world. Did you mean client? There are echo, client')
      expect(() => act('x'.repeat(20))).toThrow('Give one of echo, client')
      expect(await world.until(remote.echo(1) as Promise<unknown>)).toBe(1)
      world.crash('client')
      act('client')
    },
  )

  it('a world without nodes says so', () => {
    world = simulate()
    expect(() => world.crash('a')).toThrow('"a" is no node of this world. There is none yet')
  })

  it('nodes that are not named are different ones', () => {
    world = simulate()
    const nodes = [world.service('a', ping), world.service('a', ping), world.client()].map((of) =>
      world.nodeOf(of),
    )
    expect(nodes).toEqual(['a', 'a-2', 'client'])
  })
})
