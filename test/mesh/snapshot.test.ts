/** What a node knows right now, as data: what it says, and that saying it changes nothing. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DServiceError, method, withOptions, type DService, type NodeView, type PeerView } from 'dservice'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { Budget } from '../../lib/mesh/calls/budget.js'
import { Counter } from '../../lib/mesh/peers/counter.js'
import { Health } from '../../lib/mesh/peers/health.js'
import { withoutSecrets } from '../../lib/mesh/inspect/inspect.js'
import { Load } from '../../lib/mesh/peers/load.js'
import { TestMesh } from '../support/mesh.js'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

/** The one of this name and version; fails where there is none. */
function peerOf({ peers }: NodeView, version: string): PeerView {
  const found = peers.find(({ identity }) => identity?.version === version)
  if (!found) throw new Error(`no peer has the version ${version}`)
  return found
}

const never = (): Promise<never> => new Promise(() => undefined)

interface Work {
  work(ms?: number): Promise<string>
  hang(): Promise<never>
}

function serve(at: string, version = '1.0.0', hooks: { refuse?: () => boolean } = {}): DService {
  const work = async (ms = 0): Promise<string> => {
    await mesh.clock.sleep(ms)
    return at
  }
  const { refuse = () => false } = hooks
  const hook = (_call: unknown, next: () => Promise<unknown>): Promise<unknown> => {
    if (refuse()) throw new DServiceError('DS_REFUSED', { summary: 'busy', ran: 'no' })
    return next()
  }
  const api = { work: method(work, { idempotent: true }), hang: never }
  return mesh.service(`d1@${version}`, api, at, { hooks: [{ serve: hook }] }) as DService
}

describe('snapshot - what a node knows', () => {
  it('of a client that was never used is nothing, and it is plain data', () => {
    const view = mesh.client().snapshot()
    expect(view).toEqual({
      v: 1,
      at: mesh.clock.now(),
      name: null,
      version: null,
      id: null,
      state: 'ready',
      started: null,
      mesh: 'default',
      engine: 'memory:',
      address: null,
      missing: [],
      edges: [],
      peers: [],
      callers: [],
      lookups: [],
      waiting: [],
      graph: { nodes: [], edges: [], cycles: [] },
    })
    expect(JSON.parse(JSON.stringify(view))).toEqual(view)
  })

  it('of a service: itself, what it relies on and what is missing, who calls it', async () => {
    const shop = mesh.service('shop@2.0.0', { buy: () => 1 })
    const d1 = shop.rely<Work>('d1', '^1', { timeout: '2s', balance: 'round-robin' })
    shop.rely('mail', undefined, { optional: true, key: 'a secret of the user' })
    const started = shop.start()
    await mesh.advance(100)
    const waiting = shop.snapshot()
    expect(waiting).toMatchObject({
      name: 'shop',
      version: '2.0.0',
      id: shop.id,
      state: 'waiting',
      address: shop.address,
      missing: [{ name: 'd1', range: '^1', live: [] }],
      edges: [
        { name: 'd1', range: '^1', optional: false, lazy: false, met: false, declaredIn: 'rely()' },
        { name: 'mail', range: '*', optional: true, lazy: false, met: false, declaredIn: 'rely()' },
      ],
      graph: { nodes: [{ node: 'shop@2.0.0', instances: 1 }] },
    })
    expect(JSON.stringify(waiting)).not.toContain('secret')
    await mesh.until(serve('a').start())
    await mesh.until(started)
    const calling = d1.hang().catch(() => null)
    await mesh.settle()
    const view = shop.snapshot()
    expect(view.lookups).toMatchObject([
      {
        name: 'd1',
        timeout: 2_000,
        spread: 'highest',
        balance: 'round-robin',
        idempotent: null,
        inFlight: 1,
      },
      { name: 'mail', balance: 'key', retriesLeft: 100, refused: null },
    ])
    expect(peerOf(view, '1.0.0')).toMatchObject({
      live: true,
      announced: null,
      identity: { name: 'd1', version: '1.0.0', state: 'ready' },
      session: { pending: 1, running: 0, imported: 2, streams: 0 },
      edges: [],
      standing: { failuresInRow: 0, ejected: null, idempotent: ['work'], latency: null },
    })
    expect(view.graph.edges.map(({ from, to }) => [from, to])).toEqual([
      ['shop@2.0.0', ['d1@1.0.0']],
      ['shop@2.0.0', []],
    ])
    expect(JSON.parse(JSON.stringify(view))).toEqual(view)
    await mesh.advance(2_000)
    await calling
  })

  it('of a service that is called: by whom, with how many calls', async () => {
    const a = serve('a')
    await mesh.until(a.start())
    const d1 = await mesh.until(mesh.client('one').dnodeFor<Work>('d1'))
    const shop = mesh.service('shop@2.0.0', { buy: () => 1 })
    const other = shop.rely<Work>('d1')
    await mesh.until(shop.start())
    const ends = [d1.hang(), d1.hang(), other.hang()].map((end) => end.catch(() => null))
    await mesh.settle()
    const { callers } = a.snapshot()
    expect(
      callers.map(({ identity, running, exported }) => [identity?.name ?? null, running, exported]),
    ).toEqual([
      [null, 2, 2],
      ['shop', 1, 2],
    ])
    await mesh.advance(30_000)
    await Promise.all(ends)
  })

  it('who waits, and what cannot be reached', async () => {
    const identity = {
      id: 'x',
      name: 'd1',
      version: '1.0.0',
      mesh: 'default',
      started: 1,
      state: 'ready',
    } as const
    const nowhere = mesh.hub.engine({ mesh: 'default', node: 'x' })
    const announced = await nowhere.announce(identity, [{ host: 'x', port: 7 }])
    const client = mesh.client()
    const waits = [client.dnodeFor('d1', '^1'), client.dnodeFor('d1', '^1'), client.dnodeFor('d2')]
    const ends = Promise.allSettled(waits)
    await mesh.advance(1_000)
    const view = client.snapshot()
    expect(view.waiting).toEqual([
      { name: 'd1', count: 2 },
      { name: 'd2', count: 1 },
    ])
    expect(view.peers).toMatchObject([
      {
        live: false,
        identity: null,
        announced: { name: 'd1', version: '1.0.0' },
        session: null,
        standing: null,
      },
    ])
    expect(view.peers[0]!.attempts).toBeGreaterThan(0)
    expect(view.peers[0]!.lastError).toMatch(/^[^\n]+$/)
    await mesh.until(ends)
    expect(client.snapshot().waiting).toEqual([])
    await announced[Symbol.asyncDispose]()
  })

  it('the edges of others, once they were asked, until they change', async () => {
    const shop = mesh.service('shop@2.0.0', { buy: () => 1 })
    shop.rely('d1')
    await mesh.until(Promise.all([serve('a').start(), shop.start()]))
    const client = mesh.client()
    await mesh.until(client.dnodeFor('shop'))
    expect(client.snapshot().peers[0]!.edges).toBeNull()
    const looked = client.inspect()
    // an interest in all that lasts as long as the look
    await mesh.until(looked)
    const [seen] = client.snapshot().peers
    expect(seen?.edges).toMatchObject([{ name: 'd1', met: true }])
    ;(seen!.edges as unknown[]).length = 0
    expect(client.snapshot().graph.edges).toMatchObject([{ from: 'shop@2.0.0', name: 'd1' }])
    shop.rely('late', '*', { optional: true })
    await mesh.advance(100)
    expect(client.snapshot().peers[0]!.edges).toBeNull()
  })
})

describe('snapshot - how calls go', () => {
  it('the load, an ejection, its trial and the return, each as it is', async () => {
    let ill = false
    await mesh.until(serve('ill', '1.1.0', { refuse: () => ill }).start())
    await mesh.until(Promise.all([serve('b').start(), serve('c').start()]))
    const client = mesh.client()
    const d1 = await mesh.until(
      client.dnodeFor<Work>('d1', '^1', { spread: 'range', balance: 'round-robin' }),
    )
    for (let i = 0; i < 6; i++) await mesh.until(d1.work(20))
    const well = peerOf(client.snapshot(), '1.1.0').standing
    expect(well).toMatchObject({ good: 2, bad: 0, failuresInRow: 0, ejected: null })
    expect(well?.latency).toBeGreaterThan(15)
    expect(well?.latency).toBeLessThan(21)
    ill = true
    while (peerOf(client.snapshot(), '1.1.0').standing?.bad === 0) await mesh.until(d1.work())
    expect(peerOf(client.snapshot(), '1.1.0').standing).toMatchObject({
      good: 2,
      failuresInRow: 1,
      ejected: null,
    })
    while (!peerOf(client.snapshot(), '1.1.0').standing?.ejected) await mesh.until(d1.work())
    const { at, ...view } = client.snapshot()
    const { ejected } = peerOf({ at, ...view }, '1.1.0').standing!
    expect(ejected).toMatchObject({ why: 'share', probing: false, times: 1 })
    expect(ejected!.until - at).toBeGreaterThan(4_000)
    expect(ejected!.until - at).toBeLessThanOrEqual(10_000)
    expect(view.lookups[0]!.retriesLeft).toBeLessThan(100)
    await mesh.advance(ejected!.until - at + 1)
    ill = false
    const trial = d1.work(50)
    await mesh.advance(10)
    expect(peerOf(client.snapshot(), '1.1.0').standing?.ejected).toEqual({ ...ejected, probing: true })
    await mesh.until(trial)
    expect(peerOf(client.snapshot(), '1.1.0').standing).toMatchObject({ good: 0, bad: 0, ejected: null })
  })

  it('says why an instance was ejected, also by the call that tried it', () => {
    const health = new Health({ random: () => 0 }, () => undefined)
    for (let i = 0; i < 100; i++) health.good({}, 0)
    for (let i = 0; i < 5; i++) health.bad({}, 0)
    const until = 5_000
    expect(health.peek(0)).toMatchObject({ ejected: { why: 'in-a-row', until, probing: false, times: 1 } })
    const probe = {}
    health.probe(probe)
    expect(health.peek(6_000)).toMatchObject({ ejected: { why: 'in-a-row', until, probing: true, times: 1 } })
    health.bad(probe, 6_000)
    expect(health.peek(6_000)).toMatchObject({
      ejected: { why: 'probe', until: 16_000, probing: false, times: 2 },
    })
  })

  it('the budget that is left', async () => {
    await mesh.until(serve('a', '1.0.0', { refuse: () => true }).start())
    const client = mesh.client()
    const d1 = await mesh.until(client.dnodeFor<Work>('d1'))
    await mesh.until(Promise.allSettled(Array.from({ length: 10 }, () => d1.work())))
    // three tries more of each, of a hundred and a fifth of the calls
    expect(client.snapshot().lookups).toMatchObject([{ retriesLeft: 102 - 30 }])
    await mesh.advance(60_000)
    expect(client.snapshot().lookups).toMatchObject([{ retriesLeft: 100 }])
  })
})

describe('snapshot - what it does not do', () => {
  it.each([1, 2, 3])(
    'change what comes: with and without it all goes the same way (seed %i)',
    async (seed) => {
      const [without, looking] = [await history(seed, false), await history(seed, true)]
      expect(without.length).toBeGreaterThan(100)
      expect(looking).toEqual(without)
    },
  )

  it('count as a look at the load, the counters or the budget', () => {
    const clock = new VirtualClock(5)
    const [load, counter, budget] = [new Load(), new Counter(1_000), new Budget()]
    const copies = { load: new Load(), counter: new Counter(1_000), budget: new Budget() }
    for (let now = 0; now < 20_000; now += clock.random() ** 4 * 3_000) {
      for (const one of [load, copies.load]) one.observe(clock.random() < 0.5 ? 5 : 5, now)
      for (const one of [counter, copies.counter]) one.add(now)
      for (const one of [budget, copies.budget]) one.call(now)
      const later = now + clock.random() * 2_000
      for (let i = 0; i < 3; i++) void [load.peek(later), counter.peek(later), budget.left(later)]
      expect([load, counter, budget]).toEqual([copies.load, copies.counter, copies.budget])
      const [seen, left] = [counter.peek(later), budget.left(later)]
      expect(copies.counter.total(later)).toBe(seen)
      counter.total(later)
      let taken = 0
      while (copies.budget.take(later)) taken++
      while (budget.take(later));
      expect(taken).toBe(left)
      const cost = load.peek(later)!
      expect(copies.load.of(0, later)).toBeCloseTo(cost, 6)
      load.of(0, later)
    }
  })

  it('keep a look-up whose handles are gone', async () => {
    await mesh.until(serve('a').start())
    const client = mesh.client()
    const kept = await mesh.until(client.dnodeFor<Work>('d1', '^1.0.0'))
    for (let i = 0; i < 10; i++) await mesh.until(client.dnodeFor('d1'))
    expect(client.snapshot().lookups.length).toBe(11)
    for (let i = 0; i < 20 && client.snapshot().lookups.length > 1; i++) {
      // what was looked at stays until the job ends
      await new Promise((resolve) => setImmediate(resolve))
      gc()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(client.snapshot().lookups).toMatchObject([{ range: '^1.0.0' }])
    expect(await mesh.until(withOptions(kept, { timeout: 100 }).work())).toBe('a')
  })

  it.each([
    ['mdns:', 'mdns:'],
    ['static:d1=127.0.0.1:4001,[::1]:7', 'static:d1=127.0.0.1:4001,[::1]:7'],
    ['redis://ada:p/w,1@host:6379/2?password=x', 'redis://host:6379/2'],
    ['nats://t0ken@a,nats://u:p@b', 'nats://b'],
  ])('tell what the URL of an engine keeps: %s', (url, told) => {
    expect(withoutSecrets(url)).toBe(told)
  })

  it('mind a stop: the state is told, and nobody is there', async () => {
    const a = serve('a')
    await mesh.until(a.start())
    const client = mesh.client()
    const d1 = await mesh.until(client.dnodeFor<Work>('d1'))
    await mesh.until(d1.work())
    await mesh.until(Promise.all([client.stop(), a.stop()]))
    expect(client.snapshot()).toMatchObject({ state: 'stopped', peers: [], lookups: [{ inFlight: 0 }] })
    const empty = { callers: [], address: null, graph: { nodes: [] }, missing: [] }
    expect(a.snapshot()).toMatchObject({ name: 'd1', id: a.id, state: 'stopped', ...empty })
    await mesh.until(a.start())
    expect(a.snapshot()).toMatchObject({ state: 'ready', address: a.address })
  })
})

/** Which instance answered each of many calls, and how the others ended, while instances come, break and go. */
async function history(seed: number, isLooking: boolean): Promise<string[]> {
  const own = new TestMesh(seed)
  const outer = mesh
  mesh = own
  try {
    const refuse = (): boolean => own.clock.random() < 0.2
    const nodes = ['a', 'b', 'c']
    await own.until(Promise.all(nodes.map((at) => serve(at, '1.0.0', { refuse }).start())))
    const client = own.client()
    const d1 = await own.until(client.dnodeFor<Work>('d1', '^1', { timeout: 200 }))
    const seen: string[] = []
    for (let step = 0; step < 80; step++) {
      for (let i = 0; i < 2; i++) {
        void d1.work(own.clock.random() * 300).then(
          (at) => seen.push(`${step} ${at}`),
          (error: unknown) => seen.push(`${step} ${(error as DServiceError).code}`),
        )
      }
      const at = nodes[step % 3]!
      if (own.clock.random() < 0.1) own.network.cut('client', at)
      else own.network.heal('client', at)
      if (isLooking) client.snapshot()
      await own.advance(own.clock.random() * 400)
      if (isLooking) client.snapshot()
    }
    for (const at of nodes) own.network.heal('client', at)
    await own.advance(10_000)
    await own.end()
    return seen
  } finally {
    mesh = outer
  }
}
