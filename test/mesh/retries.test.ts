import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DServiceError, LIMITS, method, withOptions, type DService, type Hooks } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

interface D1 {
  run(id: number): string
  again(id: number): string
  back(callback: (error: null, at: string) => void): void
}

/** What ran where, in the words of those who ran it. */
type Ledger = { readonly id: number; readonly at: string }[]

function serve(
  at: string,
  ledger: Ledger,
  more: { ms?: number; hook?: Hooks['serve']; version?: string } = {},
): DService {
  const { ms = 0, hook, version = '1.0.0' } = more
  const run = async (id: number): Promise<string> => {
    ledger.push({ id, at })
    if (ms > 0) await mesh.clock.sleep(ms)
    return at
  }
  const back = (callback: (error: null, where: string) => void): void => callback(null, at)
  const api = { run, again: method(run, { idempotent: true, description: 'runs' }), back }
  return mesh.service(`d1@${version}`, api, at, { hooks: hook ? [{ serve: hook }] : [] }) as DService
}

const busy: Hooks['serve'] = () => {
  throw new DServiceError('DS_REFUSED', { summary: 'busy', ran: 'no' })
}

const client = () => mesh.until(mesh.client().dnodeFor<D1>('d1'))

/** Cuts the one that runs the call off. */
function cutOff(ledger: Ledger, id: number): string {
  const { at } = ledger.find((entry) => entry.id === id)!
  mesh.network.cut('client', at)
  return at
}

describe('retries - what surely did not run', () => {
  it('is moved to another instance at once', async () => {
    const ledger: Ledger = []
    await mesh.until(serve('busy', ledger, { hook: busy, version: '1.1.0' }).start())
    await mesh.until(serve('free', ledger).start())
    const d1 = await client()
    const before = mesh.clock.monotonic()
    const running = d1.run(1)
    await mesh.settle()
    expect(await running).toBe('free')
    expect(mesh.clock.monotonic()).toBe(before)
  })

  it('is moved too where one that forgets no call is over its limit', async () => {
    const only = (node: DService) => mesh.until(node.dnodeFor<D1>('d1', '1.1.0'))
    let running = 0
    const api = {
      run: () => {
        running++
        return new Promise(() => undefined)
      },
    }
    await mesh.until(mesh.service('d1@1.1.0', api, 'full').start())
    await mesh.until(serve('free', []).start())
    const node = mesh.client()
    // nobody waits for these
    node.dnodeFor<D1>('d1', '1.1.0', (_error, remote) => {
      for (let i = 0; i < LIMITS.pending; i++) remote.run(i)
    })
    const d1 = await mesh.until(node.dnodeFor<D1>('d1'))
    // it comes behind all of them
    expect(await mesh.until(d1.run(1))).toBe('free')
    expect(running).toBe(LIMITS.pending)
    const refused = { code: 'DS_REFUSED', ran: 'no', details: { limit: LIMITS.pending } }
    await expect(mesh.until(withOptions(await only(node), { timeout: 500 }).run(1))).rejects.toMatchObject(
      refused,
    )
    // the limit is one of each of its peers
    void (await only(mesh.client('other'))).run(1).catch(() => 'at the end')
    await mesh.settle()
    expect(running).toBe(LIMITS.pending + 1)
  })

  it('also of a method that answers through a callback', async () => {
    const ledger: Ledger = []
    await mesh.until(serve('busy', ledger, { hook: busy, version: '1.1.0' }).start())
    await mesh.until(serve('free', ledger).start())
    const d1 = await client()
    expect(await mesh.until(promisify(d1.back as unknown as () => Promise<string>)())).toBe('free')
  })

  it('is tried three times more at most, with waits where nobody else is there', async () => {
    let asked = 0
    const times: number[] = []
    const hook: Hooks['serve'] = (call, next) => {
      asked++
      times.push(mesh.clock.monotonic())
      return busy(call, next)
    }
    await mesh.until(serve('busy', [], { hook }).start())
    const d1 = await client()
    await expect(mesh.until(d1.run(1))).rejects.toMatchObject({ code: 'DS_REFUSED', ran: 'no' })
    expect(asked).toBe(4)
    const waits = times.slice(1).map((at, i) => at - times[i]!)
    waits.forEach((wait, i) => expect(wait).toBeLessThanOrEqual(50 * 2 ** i + 10))
    expect(waits.some((wait) => wait > 0)).toBe(true)
  })

  it('keeps within the budget: a hundred in ten seconds, and a fifth of the calls', async () => {
    let asked = 0
    const hook: Hooks['serve'] = (call, next) => {
      asked++
      return busy(call, next)
    }
    await mesh.until(serve('busy', [], { hook }).start())
    const d1 = await client()
    const calls = Array.from({ length: 500 }, (_, i) =>
      d1.run(i).catch((error: unknown) => (error as DServiceError).code),
    )
    expect(new Set(await mesh.until(Promise.all(calls)))).toEqual(new Set(['DS_REFUSED']))
    expect(asked).toBe(500 + 100 + 100)
  })

  it('a crowd that moves on does not stand in the queue of those that wait', async () => {
    const ledger: Ledger = []
    await mesh.until(serve('free', ledger).start())
    const d1 = withOptions(await client(), { idempotent: true })
    const crowd = (count: number): Promise<string[]> =>
      Promise.all(Array.from({ length: count }, (_, i) => d1.run(i)))
    // what the budget allows must be more than what may wait
    for (let i = 0; i < 10; i++) await mesh.until(crowd(1_000))
    await mesh.until(serve('slow', ledger, { ms: 10_000, version: '1.1.0' }).start())
    await mesh.advance(100)
    const lost = crowd(2_000)
    await mesh.settle()
    mesh.network.cut('client', 'slow')
    expect(new Set(await mesh.until(lost))).toEqual(new Set(['free']))
    mesh.network.heal('client', 'slow')
  })
})

describe('retries - what may have run', () => {
  it('is not made again, unless the caller says that it may', async () => {
    const ledger: Ledger = []
    for (const at of ['a', 'b']) await mesh.until(serve(at, ledger, { ms: 100 }).start())
    const d1 = await client()
    const lost = expect(d1.run(1)).rejects.toMatchObject({ code: 'DS_DISCONNECTED', ran: 'maybe' })
    await mesh.advance(50)
    const at = cutOff(ledger, 1)
    await lost
    mesh.network.heal('client', at)
    await mesh.advance(3_000)
    const kept = withOptions(d1, { idempotent: true }).run(2)
    await mesh.advance(50)
    const second = cutOff(ledger, 2)
    expect(await mesh.until(kept)).not.toBe(second)
    expect(ledger.map(({ id }) => id)).toEqual([1, 2, 2])
    mesh.network.heal('client', second)
  })

  it('is made again where the service has said so of the method, unless the caller says no', async () => {
    const ledger: Ledger = []
    for (const at of ['a', 'b']) await mesh.until(serve(at, ledger, { ms: 100 }).start())
    const d1 = await client()
    const kept = d1.again(1)
    await mesh.advance(50)
    const first = cutOff(ledger, 1)
    expect(await mesh.until(kept)).not.toBe(first)
    mesh.network.heal('client', first)
    await mesh.advance(3_000)
    const lost = withOptions(d1, { idempotent: false }).again(2)
    const rejected = expect(lost).rejects.toMatchObject({ code: 'DS_DISCONNECTED' })
    await mesh.advance(50)
    const second = cutOff(ledger, 2)
    await rejected
    expect(ledger.filter(({ id }) => id === 2).length).toBe(1)
    mesh.network.heal('client', second)
  })

  it('is not made again after the deadline or the signal of the caller, and says maybe', async () => {
    const ledger: Ledger = []
    await mesh.until(serve('a', ledger, { ms: 5_000 }).start())
    const d1 = withOptions(await client(), { idempotent: true, timeout: 300 })
    await expect(mesh.until(d1.run(1))).rejects.toMatchObject({ code: 'DS_TIMEOUT', ran: 'maybe' })
    const cut = expect(d1.run(2)).rejects.toMatchObject({ ran: 'maybe', cause: { code: 'DS_DISCONNECTED' } })
    await mesh.advance(10)
    cutOff(ledger, 2)
    await mesh.advance(1_000)
    await cut
    mesh.network.heal('client', 'a')
    await mesh.advance(3_000)
    const abort = new AbortController()
    const stopped = withOptions(d1, { signal: abort.signal }).run(3)
    const cancelled = expect(stopped).rejects.toMatchObject({ code: 'DS_CANCELLED', ran: 'maybe' })
    await mesh.advance(10)
    cutOff(ledger, 3)
    await mesh.advance(10)
    abort.abort()
    await mesh.settle()
    await cancelled
    mesh.network.heal('client', 'a')
    await mesh.advance(3_000)
    expect(ledger.map(({ id }) => id)).toEqual([1, 2, 3])
  })

  it('a call that was lost unsent is made on the next session to the only instance', async () => {
    const ledger: Ledger = []
    await mesh.until(serve('a', ledger).start())
    const d1 = await client()
    mesh.network.cut('client', 'a')
    const kept = d1.run(1)
    await mesh.advance(100)
    mesh.network.heal('client', 'a')
    expect(await mesh.until(kept)).toBe('a')
  })
})

describe('retries - at most once', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'no id stands twice in the ledger unless it may (seed %i)',
    async (seed) => {
      await mesh.end()
      mesh = new TestMesh(seed)
      const ledger: Ledger = []
      const nodes = ['a', 'b', 'c']
      const chance: Hooks['serve'] = (call, next) => (mesh.clock.random() < 0.1 ? busy(call, next) : next())
      const services = nodes.map((at) => serve(at, ledger, { ms: 15, hook: chance }))
      await mesh.until(Promise.all(services.map((service) => service.start())))
      const plain = await client()
      const twice = withOptions(plain, { idempotent: true })
      const ends = new Map<number, 'ok' | DServiceError>()
      let made = 0
      const one = (d1: typeof plain): void => {
        const id = made++
        void d1.run(id).then(
          () => ends.set(id, 'ok'),
          (error: unknown) => ends.set(id, error as DServiceError),
        )
      }
      for (let step = 0; step < 200; step++) {
        // even ids once, odd ids as often as it takes
        for (let i = 0; i < 2; i++) for (const d1 of [plain, twice]) one(d1)
        await disturb(services, nodes)
        await mesh.advance(10)
      }
      for (const at of nodes) mesh.network.heal('client', at)
      await mesh.advance(60_000)
      const ran = (id: number): number => ledger.filter((entry) => entry.id === id).length
      const ids = [...ends.keys()]
      expect(ids.length).toBe(made)
      expect(ids.filter((id) => id % 2 === 0 && ran(id) > 1)).toEqual([])
      expect(ids.filter((id) => ends.get(id) === 'ok' && ran(id) === 0)).toEqual([])
      const claims = ids.filter((id) => (ends.get(id) as DServiceError).ran === 'no')
      expect(claims.filter((id) => ran(id) > 0)).toEqual([])
      // what was broken was in use
      expect(ids.some((id) => (ends.get(id) as DServiceError).ran === 'maybe')).toBe(true)
    },
  )

  /** Now and then something breaks or is mended. */
  async function disturb(services: readonly DService[], nodes: readonly string[]): Promise<void> {
    const { clock, network } = mesh
    const which = Math.floor(clock.random() * nodes.length)
    const [at, service] = [nodes[which]!, services[which]!]
    const dice = clock.random()
    if (dice < 0.08) network.cut('client', at)
    else if (dice < 0.12) network.silence('client', at)
    else if (dice < 0.3) network.heal('client', at)
    else if (dice < 0.34) void service.stop()
    else if (dice < 0.5 && service.state === 'stopped') await mesh.until(service.start())
  }
})

describe('method - what a service says of its methods', () => {
  it('is called as the function is, keeps its name, and leaves it as it was', () => {
    function add(this: unknown, a: number, b: number): unknown {
      return [this, a + b]
    }
    const wrapped = method(add, { idempotent: true })
    const holder = { wrapped }
    expect(holder.wrapped(1, 2)).toEqual([holder, 3])
    expect([wrapped.name, wrapped.length, Object.keys(wrapped)]).toEqual(['add', 2, []])
    expect(Object.getOwnPropertySymbols(add)).toEqual([])
  })

  it('is told by $describe, of those that say something', async () => {
    await mesh.until(serve('a', []).start())
    const { instances } = await mesh.until(mesh.client().inspect())
    expect(instances[0]?.methods).toEqual(['run', 'again', 'back'])
    expect(instances[0]?.about).toEqual({ again: { idempotent: true, description: 'runs' } })
  })

  it.each<[string, unknown, object]>([
    ['no function', 7, {}],
    ['an option that nobody knows', () => 1, { idempotant: true }],
    ['no boolean', () => 1, { idempotent: 1 }],
    ['no text', () => 1, { description: 7 }],
    ['too much text', () => 1, { description: 'x'.repeat(1_001) }],
  ])('%s is DS_INVALID', (_, fn, options) => {
    expect(() => method(fn as () => void, options)).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
  })
})
