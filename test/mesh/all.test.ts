/** Calls of every instance, and of one. */
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  all,
  context,
  DServiceError,
  instances,
  withOptions,
  type DService,
  type HandleCall,
  type Remote,
} from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

interface D1 {
  where(): string
  fails(at: string): string
  hang(): Promise<never>
  trace(): string | null
  readonly admin: { where(): string }
  back(callback: (at: string) => void): void
}

const apiAt = (at: string): D1 => ({
  where: () => at,
  fails: (who) => {
    if (who === at) throw new RangeError(`not at ${at}`)
    return at
  },
  hang: () => new Promise<never>(() => undefined),
  trace: () => context()?.traceparent ?? null,
  admin: { where: () => at },
  back: (callback) => callback(at),
})

const serve = (nameAt: string, at: string): DService => mesh.service(nameAt, apiAt(at), at) as DService

async function started(...versions: readonly string[]): Promise<DService[]> {
  const services = versions.map((version, i) => serve(`d1@${version}`, `node${i}`))
  await mesh.until(Promise.all(services.map((service) => service.start())))
  return services
}

const look = (range?: string, client = mesh.client()): Promise<Remote<D1>> =>
  mesh.until(client.dnodeFor<D1>('d1', range))

type Outcomes = Awaited<ReturnType<ReturnType<typeof all<Remote<D1>>>['where']>>

const values = (outcomes: Outcomes): unknown[] =>
  outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason))

const sorted = (outcomes: Outcomes): string[] => values(outcomes).map(String).sort()

/** The id that a call reaches. */
const idOf = async (d1: Remote<D1>, at: string): Promise<string> => {
  const all = await mesh.until(instances(d1))
  const one = all.find(({ address }) => address.startsWith(`${at}:`))
  if (!one) throw new Error(`nobody at ${at}`)
  return one.id
}

/** Awaits as a program does, so that its line is in the stack. */
async function awaited<T>(run: () => Promise<T>): Promise<T> {
  const value = await run()
  return value
}

async function caught(run: () => Promise<unknown>): Promise<DServiceError> {
  try {
    throw new Error(`nothing failed: ${String(await run())}`)
  } catch (error) {
    return error as DServiceError
  }
}

describe('all - every ready instance in range', () => {
  it('is called, of every version, the highest first; each outcome says whose it is', async () => {
    const services = await started('1.0.0', '1.2.0', '2.0.0')
    const outcomes = await mesh.until(all(await look('^1')).where())
    expect(values(outcomes)).toEqual(['node1', 'node0'])
    expect(outcomes.map(({ instance }) => instance)).toEqual(
      [services[1], services[0]].map((service) => ({
        id: service?.id,
        name: 'd1',
        version: service?.version,
        address: service?.address,
        state: 'ready',
        started: expect.any(Number) as number,
        ejected: false,
      })),
    )
    expect(outcomes.every(({ instance }) => Object.isFrozen(instance))).toBe(true)
  })

  it('one that fails makes it fail for nobody else, and its error shows the line that called', async () => {
    await started('1.0.0', '1.0.0', '1.0.0')
    const d1 = await look()
    const outcomes = await mesh.until(awaited(() => all(d1).fails('node1')))
    const failed = outcomes.filter(({ status }) => status === 'rejected')
    expect(outcomes.length - failed.length).toBe(2)
    const { reason } = failed[0] as { reason: Error }
    expect(reason).toMatchObject({ name: 'RangeError', message: 'not at node1', ran: 'yes' })
    expect(reason.stack).toContain('all.test.ts')
  })

  it('nested methods and callback methods are reached too', async () => {
    await started('1.0.0', '1.0.0')
    const d1 = all(await look())
    expect(sorted(await mesh.until(d1.admin.where()))).toEqual(['node0', 'node1'])
    const back = promisify(d1.back) as unknown as () => Promise<Outcomes>
    expect(sorted(await mesh.until(back()))).toEqual(['node0', 'node1'])
  })

  it('those that wait are called only where none is ready', async () => {
    const [ready] = await started('1.0.0')
    const waiting = serve('d1@1.0.0', 'other')
    waiting.rely('nobody')
    void waiting.start()
    await mesh.settle()
    const d1 = await look()
    expect(values(await mesh.until(all(d1).where()))).toEqual(['node0'])
    await mesh.until(ready?.stop() ?? Promise.resolve())
    expect(values(await mesh.until(all(d1).where()))).toEqual(['other'])
  })

  it('those that are left alone are called all the same', async () => {
    await started('1.0.0', '1.0.0', '1.0.0')
    const d1 = withOptions(await look(), { timeout: 10 })
    const ill = withOptions(d1, { instance: await idOf(d1, 'node1') })
    for (let i = 0; i < 5; i++) await mesh.until(ill.hang().catch(() => undefined))
    const there = await mesh.until(instances(d1))
    expect(there.filter(({ ejected }) => ejected).length).toBe(1)
    expect(sorted(await mesh.until(all(d1).where()))).toEqual(['node0', 'node1', 'node2'])
  })

  it('one that refuses is asked again, and is moved to nobody', async () => {
    let refusals = 0
    const shy = mesh.service('d1@1.0.0', apiAt('shy'), 'shy', {
      hooks: [
        {
          serve: (_call, next) => {
            if (++refusals > 2) return next()
            throw new DServiceError('DS_REFUSED', { summary: 'not yet', ran: 'no' })
          },
        },
      ],
    })
    await mesh.until(shy.start())
    await started('1.0.0')
    expect(sorted(await mesh.until(all(await look()).where()))).toEqual(['node0', 'shy'])
    expect(refusals).toBe(3)
  })

  it('the instances beyond those that a handle keeps connections to are called as well', async () => {
    const count = 70
    await started(...Array.from({ length: count }, () => '1.0.0'))
    const d1 = await look()
    const before = mesh.network.connectionsOf('client')
    const outcomes = await mesh.until(all(d1).where())
    expect([before, outcomes.length, new Set(values(outcomes)).size]).toEqual([32, count, count])
    expect(mesh.network.connectionsOf('client')).toBe(count)
  }, 60_000)

  it('records that lead nowhere do not keep it from those that live', async () => {
    const hint = { name: 'd1', version: '1.0.0', mesh: 'default', state: 'ready', started: 1 } as const
    const liar = mesh.hub.engine({ mesh: 'default', node: 'liar' })
    for (let i = 0; i < 80; i++) await liar.announce({ ...hint, id: `fake${i}` }, [{ host: 'no', port: i }])
    await started('1.0.0', '1.0.0')
    const d1 = await look()
    const begun = mesh.clock.monotonic()
    expect(sorted(await mesh.until(all(d1).where()))).toEqual(['node0', 'node1'])
    expect(mesh.clock.monotonic() - begun).toBeLessThan(2_500)
    await liar[Symbol.asyncDispose]()
  })
})

describe('all - as a call of the handle', () => {
  it('without an instance it fails as a call does', async () => {
    const d1 = mesh.client().dnodeFor<D1>('d1', undefined, { timeout: '1s' })
    await expect(mesh.until(d1)).rejects.toMatchObject({ code: 'DS_NO_INSTANCE' })
    const relying = mesh.service('d2@1.0.0', { f: () => 1 }).rely<D1>('d1', '^1', { timeout: '1s' })
    const error = await mesh.until(caught(() => all(relying).where()))
    expect(error).toMatchObject({ code: 'DS_NO_INSTANCE', ran: 'no' })
    expect(error.stack).toContain('all.test.ts')
  })

  it('waits for the first one that comes', async () => {
    const relying = mesh.service('d2@1.0.0', { f: () => 1 }).rely<D1>('d1', '^1')
    const called = all(relying).where()
    await mesh.advance(1_000)
    await started('1.0.0')
    expect(values(await mesh.until(called))).toEqual(['node0'])
  })

  it('deadline, signal, hooks and trace context are those of a call', async () => {
    await started('1.0.0', '1.0.0')
    const seen: (readonly [string, string | undefined])[] = []
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
    const call = async (one: HandleCall, next: (change?: object) => Promise<unknown>): Promise<unknown> => {
      try {
        return await next({ traceparent })
      } finally {
        seen.push([one.method, one.instance?.id])
      }
    }
    const d1 = await look(undefined, mesh.client('client', 'default', { hooks: [{ call }] }))
    expect(values((await mesh.until(all(d1).trace())) as Outcomes)).toEqual([traceparent, traceparent])
    expect(new Set(seen.map(([, id]) => id)).size).toBe(2)

    const short = all(withOptions(d1, { timeout: 50 }))
    const late = await mesh.until(short.hang())
    expect(late.map((outcome) => (outcome as { reason: unknown }).reason)).toMatchObject([
      { code: 'DS_TIMEOUT' },
      { code: 'DS_TIMEOUT' },
    ])
    const control = new AbortController()
    const aborted = all(withOptions(d1, { signal: control.signal })).hang()
    await mesh.settle()
    control.abort()
    expect(values((await mesh.until(aborted)) as Outcomes)).toMatchObject([
      { code: 'DS_CANCELLED' },
      { code: 'DS_CANCELLED' },
    ])
  })

  it('hooks see it fail where nobody is there', async () => {
    const seen: unknown[] = []
    const call = (one: HandleCall, next: () => Promise<unknown>): Promise<unknown> =>
      next().catch((error: unknown) => {
        seen.push([one.method, (error as DServiceError).code, one.instance])
        throw error
      })
    const [only] = await started('1.0.0')
    const d1 = await look(undefined, mesh.client('client', 'default', { hooks: [{ call }] }))
    await mesh.until(only?.stop() ?? Promise.resolve())
    await expect(mesh.until(all(d1).where())).rejects.toMatchObject({ code: 'DS_NO_INSTANCE' })
    expect(seen).toEqual([['where', 'DS_NO_INSTANCE', null]])
  })

  it('one that dies while it is asked is an outcome', async () => {
    await started('1.0.0', '1.0.0')
    const called = all(await look()).hang()
    await mesh.settle()
    mesh.network.crash('node0')
    await mesh.settle()
    mesh.network.crash('node1')
    expect(values((await mesh.until(called)) as Outcomes)).toMatchObject([
      { code: 'DS_DISCONNECTED', ran: 'maybe' },
      { code: 'DS_DISCONNECTED', ran: 'maybe' },
    ])
  })
})

describe('instances - who is there', () => {
  it('frozen data of all in range, in whatever state, the highest version and the youngest first', async () => {
    const [first] = await started('1.0.0')
    await mesh.advance(10)
    const second = serve('d1@1.0.0', 'younger')
    const waiting = serve('d1@1.5.0', 'waiting')
    waiting.rely('nobody')
    void waiting.start()
    await mesh.until(second.start())
    await mesh.until(serve('d1@2.0.0', 'beyond').start())
    const there = await mesh.until(instances(await look('^1')))
    expect(there.map(({ id, state }) => [id, state])).toEqual([
      [waiting.id, 'waiting'],
      [second.id, 'ready'],
      [first?.id, 'ready'],
    ])
    expect(Object.isFrozen(there) && there.every((one) => Object.isFrozen(one))).toBe(true)
    expect(structuredClone(there)).toEqual(there)
  })

  it('of nobody it is empty, at once', async () => {
    const d1 = mesh.service('d2@1.0.0', { f: () => 1 }).rely<D1>('d1', '^1')
    expect(await mesh.until(instances(d1))).toEqual([])
    expect(mesh.clock.monotonic()).toBeLessThan(100)
  })

  it('one whose connection is lost is not there, and one that drains says so', async () => {
    const [a, b] = await started('1.0.0', '1.0.0')
    const d1 = await look()
    mesh.network.cut('client', 'node0')
    await mesh.settle()
    const states = async (): Promise<unknown> =>
      (await mesh.until(instances(d1))).map(({ id, state }) => [id, state])
    expect(await states()).toEqual([[b?.id, 'ready']])
    mesh.network.heal('client', 'node0')
    await mesh.advance(3_000)
    expect(new Set((await mesh.until(instances(d1))).map(({ id }) => id))).toEqual(new Set([a?.id, b?.id]))
    const hanging = withOptions(d1, { instance: b?.id ?? '' }).hang()
    await mesh.settle()
    const stopped = b?.stop()
    await mesh.settle()
    expect(await states()).toEqual(expect.arrayContaining([[b?.id, 'draining']]))
    await mesh.until(hanging.catch(() => undefined))
    await mesh.until(stopped ?? Promise.resolve())
  })
})

describe('instance - calls of one and no other', () => {
  it('go to it alone, whatever the balance and the version', async () => {
    await started('1.0.0', '1.2.0', '1.2.0')
    const d1 = await look()
    const old = withOptions(d1, { instance: await idOf(d1, 'node0') })
    const calls = Array.from({ length: 20 }, () => old.where())
    expect(new Set(await mesh.until(Promise.all(calls)))).toEqual(new Set(['node0']))
    const keyed = withOptions(old, { key: 'ada', balance: 'key', spread: 'highest' })
    expect(await mesh.until(keyed.where())).toBe('node0')
    expect(await mesh.until(all(old).where())).toMatchObject([{ value: 'node0' }])
    expect((await mesh.until(instances(old))).map(({ version }) => version)).toEqual(['1.0.0'])
  })

  it('go to any again with null, chosen as it was said before and meanwhile', async () => {
    const [a] = await started('1.0.0', '1.0.0', '1.2.0')
    const ranged = withOptions(await look(), { spread: 'range', balance: 'round-robin' })
    const pinned = withOptions(ranged, { instance: a?.id ?? '' })
    const places = async (d1: typeof ranged): Promise<string[]> => {
      const at = await mesh.until(Promise.all(Array.from({ length: 30 }, () => d1.where())))
      return [...new Set(at)].sort()
    }
    expect(await places(withOptions(pinned, { timeout: '5s' }))).toEqual(['node0'])
    await mesh.until(a?.stop() ?? Promise.resolve())
    expect(await places(withOptions(pinned, { instance: null }))).toEqual(['node1', 'node2'])
    const highest = withOptions(withOptions(pinned, { spread: 'highest' }), { instance: null })
    expect(await places(highest)).toEqual(['node2'])
    expect(await places(ranged)).toEqual(['node1', 'node2'])
  })

  it('that was stopped fail at once, and say that it is gone', async () => {
    const [a] = await started('1.0.0', '1.0.0')
    const d1 = await look()
    const pinned = withOptions(d1, { instance: a?.id ?? '' })
    await mesh.until(a?.stop() ?? Promise.resolve())
    const begun = mesh.clock.monotonic()
    const error = await mesh.until(caught(() => pinned.where()))
    expect(error).toMatchObject({ code: 'DS_NO_INSTANCE', ran: 'no', details: { instance: a?.id } })
    expect(error.message).toMatch(/the instance \w+ of d1@\S* was stopped; live: d1@1\.0\.0 \w+\. An id is/)
    expect(mesh.clock.monotonic() - begun).toBeLessThan(20)
    expect(await mesh.until(d1.where())).toBe('node1')
  })

  it('that dies while it is asked are lost, and the next ones fail; none is moved to another', async () => {
    await started('1.0.0', '1.0.0')
    const d1 = await look()
    const pinned = withOptions(d1, { instance: await idOf(d1, 'node0'), idempotent: true, timeout: '10s' })
    const hanging = pinned.hang()
    await mesh.settle()
    mesh.network.crash('node0')
    const begun = mesh.clock.monotonic()
    await expect(mesh.until(hanging)).rejects.toMatchObject({ code: 'DS_NO_INSTANCE', ran: 'maybe' })
    await expect(mesh.until(pinned.where())).rejects.toMatchObject({ code: 'DS_NO_INSTANCE', ran: 'no' })
    // nothing leads there any more, so that nobody waits
    expect(mesh.clock.monotonic() - begun).toBeLessThan(1_000)
  })

  it('wait while its connection is lost, and go on when it is back', async () => {
    // as an engine that does not take back what it said
    mesh.hub.recheck = () => undefined
    await started('1.0.0', '1.0.0')
    const d1 = await look()
    const pinned = withOptions(d1, { instance: await idOf(d1, 'node0') })
    expect(await mesh.until(pinned.where())).toBe('node0')
    mesh.network.cut('client', 'node0')
    await mesh.settle()
    const called = pinned.where()
    await mesh.advance(1_000)
    mesh.network.heal('client', 'node0')
    expect(await mesh.until(called)).toBe('node0')
  })

  it('dnodeFor takes it too, in both styles; rely does not', async () => {
    const [, b] = await started('1.0.0', '1.0.0')
    const client = mesh.client()
    const options = { instance: b?.id ?? '' }
    expect(await mesh.until((await mesh.until(client.dnodeFor<D1>('d1', '*', options))).where())).toBe(
      'node1',
    )
    const at = new Promise((resolve) =>
      client.dnodeFor<D1>('d1', '*', options, (_err, remote, d) => {
        remote.back((where) => {
          resolve(where)
          d.end()
        })
      }),
    )
    expect(await mesh.until(at)).toBe('node1')
    const service = mesh.service('d2@1.0.0', { f: () => 1 })
    expect(() => service.rely('d1', '*', options as object)).toThrow(/instance/)
  })

  it('of an unknown id fail after the usual wait, and list who is there', async () => {
    const [a] = await started('1.0.0')
    const d1 = await look()
    const begun = mesh.clock.monotonic()
    const error = await mesh.until(caught(() => withOptions(d1, { instance: 'unknown' }).where()))
    expect(error).toMatchObject({ code: 'DS_NO_INSTANCE', ran: 'no' })
    expect(error.message).toContain(`is gone, or never was; live: d1@1.0.0 ${a?.id}`)
    expect(mesh.clock.monotonic() - begun).toBeGreaterThanOrEqual(5_000)
  })

  it('of one that is out of range say so', async () => {
    await started('1.0.0', '2.0.0')
    const client = mesh.client()
    const beyond = await idOf(await look('*', client), 'node1')
    const pinned = withOptions(await look('^1', client), { instance: beyond })
    await expect(mesh.until(pinned.where())).rejects.toThrow('is 2.0.0, out of range')
  })
})

describe('key - of more instances than a handle keeps connections to', () => {
  it('all callers name the same one', async () => {
    await started(...Array.from({ length: 50 }, () => '1.0.0'))
    const ofAda = async (at: string): Promise<string> => {
      const d1 = await look(undefined, mesh.client(at))
      return mesh.until(withOptions(d1, { key: 'ada' }).where())
    }
    const named = await Promise.all(['c1', 'c2', 'c3'].map(ofAda))
    expect(new Set(named).size).toBe(1)
  }, 60_000)
})
