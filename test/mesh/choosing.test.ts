import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DServiceError, withOptions, type DService, type HandleOptions, type Hooks } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

/** A service that counts its calls, answers with where it is, and refuses on demand. */
class Instance {
  calls = 0
  refusals = 0
  isRefusing = false
  readonly at: string
  readonly service: DService

  constructor(version: string, at: string, ms = 0) {
    this.at = at
    const api = {
      where: async (): Promise<string> => {
        this.calls++
        if (ms > 0) await mesh.clock.sleep(ms)
        return at
      },
    }
    const serve: Hooks['serve'] = (_call, next) => {
      if (!this.isRefusing) return next()
      this.refusals++
      throw new DServiceError('DS_REFUSED', { summary: 'too busy', ran: 'no' })
    }
    this.service = mesh.service(`d1@${version}`, api, at, { hooks: [{ serve }] }) as DService
  }
}

async function started(...versions: readonly string[]): Promise<Instance[]> {
  const instances = versions.map((version, i) => new Instance(version, `node${i}`))
  await mesh.until(Promise.all(instances.map(({ service }) => service.start())))
  return instances
}

interface D1 {
  where(): string
}

const handle = (options?: HandleOptions, range?: string) =>
  mesh.until(mesh.client().dnodeFor<D1>('d1', range, options))

async function call(d1: { where(): Promise<string> }, times: number): Promise<string[]> {
  const calls: Promise<string>[] = []
  for (let i = 0; i < times; i++) {
    calls.push(d1.where())
    if (i % 10 === 9) await mesh.settle()
  }
  return mesh.until(Promise.all(calls))
}

const codeOf = (error: unknown): string => (error as DServiceError).code

const callsOf = (instances: readonly Instance[]): number[] => instances.map(({ calls }) => calls)

describe('choosing - by version', () => {
  it('takes the highest version in range alone, and every one where the handle says so', async () => {
    const instances = await started('1.9.9', '1.10.0', '1.10.0', '2.0.0')
    const d1 = await handle({}, '^1')
    await call(d1, 100)
    const [old, ...others] = callsOf(instances)
    expect([old, others[2]]).toEqual([0, 0])
    expect(others[0]! + others[1]!).toBe(100)
    await call(withOptions(d1, { spread: 'range' }), 300)
    expect(instances[0]!.calls).toBeGreaterThan(50)
    expect(instances[3]!.calls).toBe(0)
    await call(d1, 100)
    expect(instances.reduce((sum, { calls }) => sum + calls, 0)).toBe(500)
  })

  it('goes from ten 1.9.9 to 1.10.0 under load without a failed call, and back', async () => {
    const old = Array.from({ length: 10 }, (_, i) => new Instance('1.9.9', `old${i}`, 20))
    const young = Array.from({ length: 3 }, (_, i) => new Instance('1.10.0', `young${i}`, 20))
    await mesh.until(Promise.all(old.map(({ service }) => service.start())))
    const d1 = await handle({}, '^1')
    const ends: (string | Error)[] = []
    let made = 0
    const load = async (steps: number): Promise<void> => {
      for (let i = 0; i < steps; i++) {
        for (let k = 0; k < 5; k++, made++)
          void d1.where().then(
            (at) => ends.push(at),
            (error: unknown) => ends.push(error as Error),
          )
        await mesh.advance(5)
      }
    }
    await load(20)
    for (const { service } of young) {
      void service.start()
      await load(10)
    }
    const before = callsOf(old)
    await load(10)
    expect(callsOf(old)).toEqual(before)
    for (const { service } of old) {
      void service.stop()
      await load(3)
    }
    void old[0]!.service.start()
    await load(5)
    for (const { service } of young) {
      void service.stop()
      await load(5)
    }
    await mesh.advance(1_000)
    expect(ends.filter((end) => end instanceof Error)).toEqual([])
    expect(ends.length).toBe(made)
    expect(ends.at(-1)).toBe('old0')
  })

  it('lists a malformed version as invalid, and is not harmed by it', async () => {
    const engine = mesh.hub.engine({ mesh: 'default', node: 'liar' })
    const lie = {
      id: 'lie',
      name: 'd1',
      version: 'banana',
      mesh: 'default',
      state: 'ready',
      started: 1,
    } as const
    await using _announced = await engine.announce(lie, [{ host: 'liar', port: 1 }])
    await expect(handle({}, '^1')).rejects.toThrow('liar:1: its version "banana" is invalid')
    const [instance] = await started('1.0.0')
    expect(await call(await handle(), 3)).toEqual(['node0', 'node0', 'node0'])
    expect(instance?.calls).toBe(3)
  })
})

describe('choosing - without those that are ill', () => {
  it.each<[string, Hooks[]]>([
    ['', []],
    [' (with a hook)', [{ call: (_call, next) => next() }]],
  ])(
    'the next version takes over from one that refuses, until one call finds it well%s',
    async (_, hooks) => {
      const [old, young] = (await started('1.9.9', '1.10.0')) as [Instance, Instance]
      const d1 = await mesh.until(mesh.client('client', 'default', { hooks }).dnodeFor<D1>('d1', '^1'))
      young.isRefusing = true
      for (let i = 0; i < 20; i++) expect(await call(d1, 1)).toEqual(['node0'])
      expect([old.calls, young.refusals]).toEqual([20, 5])
      await mesh.advance(10_000)
      expect(await call(d1, 10)).toEqual(Array(10).fill('node0'))
      expect(young.refusals).toBe(6)
      young.isRefusing = false
      await mesh.advance(20_000)
      const answers = await call(d1, 10)
      expect(answers[0]).toBe('node1')
      expect(await call(d1, 10)).toEqual(Array(10).fill('node1'))
    },
  )

  it('the only one is used however ill it was', async () => {
    const [only] = (await started('1.0.0')) as [Instance]
    const d1 = await handle()
    only.isRefusing = true
    const failures = Array.from({ length: 5 }, () => d1.where().catch(codeOf))
    expect(await mesh.until(Promise.all(failures))).toEqual(Array(5).fill('DS_REFUSED'))
    only.isRefusing = false
    expect(await call(d1, 3)).toEqual(['node0', 'node0', 'node0'])
  })

  it('all are used again where more than half of them would be left out', async () => {
    const instances = await started('1.0.0', '1.0.0', '1.0.0', '1.0.0')
    const d1 = await handle({ balance: 'round-robin' })
    for (const instance of instances.slice(0, 2)) instance.isRefusing = true
    await call(d1, 40)
    const before = instances.map(({ refusals }) => refusals)
    await call(d1, 40)
    expect(instances.map(({ refusals }) => refusals)).toEqual(before)
    instances[2]!.isRefusing = true
    await call(d1, 40)
    for (const instance of instances) instance.isRefusing = false
    await call(d1, 40)
    for (const { calls } of instances.slice(0, 2)) expect(calls).toBeGreaterThan(0)
  })

  it('a wrong call of the user ejects nobody', async () => {
    const instances = await started('1.9.9', '1.10.0')
    const d1 = await mesh.until(mesh.client().dnodeFor('d1'))
    for (let i = 0; i < 20; i++) await mesh.until((d1['wrong'] as () => Promise<unknown>)().catch(() => null))
    await call(d1 as unknown as { where(): Promise<string> }, 10)
    expect(callsOf(instances)).toEqual([0, 10])
  })
})

describe('choosing - by load, in turn, by key', () => {
  it('an instance ten times slower gets less than a twentieth of the calls', async () => {
    const instances = [new Instance('1.0.0', 'slow', 200), new Instance('1.0.0', 'quick', 20)]
    await mesh.until(Promise.all(instances.map(({ service }) => service.start())))
    const d1 = await handle()
    let left = 1_000
    const caller = async (): Promise<void> => {
      while (left-- > 0) await d1.where()
    }
    await mesh.until(Promise.all(Array.from({ length: 8 }, caller)))
    const [slow, quick] = callsOf(instances) as [number, number]
    expect(slow + quick).toBe(1_000)
    expect(slow / 1_000).toBeLessThan(0.05)
  })

  it('round-robin gives all the same, to one', async () => {
    const instances = await started('1.0.0', '1.0.0', '1.0.0')
    await call(await handle({ balance: 'round-robin' }), 100)
    // the look-up itself has chosen once
    for (const { calls } of instances) expect(Math.abs(calls - 100 / 3)).toBeLessThan(2)
  })

  it('calls with one key go to one instance, of all clients, and to another one only when it goes', async () => {
    const instances = await started('1.0.0', '1.0.0', '1.0.0', '1.0.0')
    const [one, two] = [await handle(), await mesh.until(mesh.client('other').dnodeFor<D1>('d1'))]
    const keys = Array.from({ length: 40 }, (_, i) => `user-${i}`)
    const places = (d1: typeof one): Promise<string[]> =>
      mesh.until(Promise.all(keys.map((key) => withOptions(d1, { key }).where())))
    const before = await places(one)
    expect(await places(two)).toEqual(before)
    expect(new Set(before).size).toBe(4)
    await mesh.until(instances[1]!.service.stop())
    const after = await places(one)
    expect(after.filter((at, i) => at !== before[i]).length).toBe(
      before.filter((at) => at === 'node1').length,
    )
    expect(after).not.toContain('node1')
  })

  it('a handle with a key has it until another balance is chosen', async () => {
    await started('1.0.0', '1.0.0')
    const keyed = await handle({ key: 'a' })
    expect(new Set(await call(withOptions(keyed, { key: '' }), 20)).size).toBe(1)
    expect(new Set(await call(withOptions(keyed, { timeout: '5s' }), 20)).size).toBe(1)
    expect(new Set(await call(withOptions(keyed, { balance: 'key' }), 20)).size).toBe(1)
    expect(new Set(await call(withOptions(keyed, { balance: 'ewma' }), 50)).size).toBe(2)
  })

  it.each<[string, object]>([
    ['spread', { spread: 'lowest' }],
    ['balance', { balance: 'random' }],
    ['balance key', { balance: 'key' }],
    ['balance round-robin knows no key. Leave out one of them', { balance: 'round-robin', key: 'a' }],
    ['key is number', { key: 7 }],
    ['idempotent is string', { idempotent: 'yes' }],
  ])('%s as in %j is DS_INVALID', async (text, options) => {
    const d1 = mesh.client().rely('d1')
    expect(() => withOptions(d1, options)).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
    expect(() => withOptions(d1, options)).toThrow(text)
  })

  it.each(['spread', 'balance'])(
    'a %s that no text shows, or a long one, is DS_INVALID, in few words',
    (name) => {
      const d1 = mesh.client().rely('d1')
      for (const value of [1n, 'x'.repeat(100_000)]) {
        const wrong = (): unknown => withOptions(d1, { [name]: value })
        expect(wrong).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
        expect(wrong).toThrow(/^.{1,300}$/s)
      }
    },
  )
})
