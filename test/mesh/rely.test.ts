import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { State } from '../../lib/base/identity.js'
import { TestMesh } from '../support/mesh.js'

const ping = { ping: () => 'pong' }
let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

describe('rely - waiting and ready', () => {
  it('a service waits for what it relies on, says what is missing, and is ready when it comes', async () => {
    const d2 = mesh.service('d2@1.0.0', ping)
    d2.rely('d1', '^1')
    const starting = d2.start()
    await mesh.advance(100)
    expect(d2.state).toBe('waiting')
    expect(d2.missing).toEqual([{ name: 'd1', range: '^1', live: [], unreachable: [] }])
    await mesh.until(mesh.service('d1@2.0.0', ping).start())
    await mesh.advance(100)
    expect(d2.missing).toEqual([{ name: 'd1', range: '^1', live: ['2.0.0 (out of range)'], unreachable: [] }])
    await mesh.until(mesh.service('d1@1.0.0', ping).start())
    await mesh.until(starting)
    expect([d2.state, d2.missing]).toEqual(['ready', []])
  })

  it('a dependency that is lost makes it wait again, one that comes back makes it ready: nothing is polled', async () => {
    const d1 = mesh.service('d1@1.0.0', ping)
    const d2 = mesh.service('d2@1.0.0', ping)
    const handle = d2.rely<typeof ping>('d1')
    await mesh.until(Promise.all([d1.start(), d2.start()]))
    const states: State[] = []
    d2.on('state', (state) => states.push(state))
    mesh.network.crash('d1-1.0.0')
    await mesh.advance(100)
    expect(d2.state).toBe('waiting')
    await mesh.until(mesh.service('d1@1.0.0', ping, 'elsewhere').start())
    await mesh.advance(100)
    expect(states).toEqual(['waiting', 'ready'])
    expect(await mesh.until(handle.ping())).toBe('pong')
  })

  it('the mesh sees the state of a waiting service', async () => {
    const d2 = mesh.service('d2@1.0.0', ping)
    d2.rely('d1')
    void d2.start()
    await mesh.advance(100)
    const { instances } = await mesh.until(mesh.client().inspect())
    expect(instances).toMatchObject([{ name: 'd2', state: 'waiting', edges: [{ name: 'd1', met: false }] }])
  })

  it.each([
    ['optional', { optional: true }],
    ['lazy', { lazy: true }],
  ])('a service is ready without an %s dependency', async (_kind, options) => {
    const d2 = mesh.service('d2@1.0.0', ping)
    const handle = d2.rely<typeof ping>('d1', '*', options)
    await mesh.until(d2.start())
    expect(d2.state).toBe('ready')
    await mesh.until(mesh.service('d1@1.0.0', ping).start())
    expect(await mesh.until(handle.ping())).toBe('pong')
  })

  it('a chain of ten, started backwards, is ready within a second of the last start', async () => {
    const starts: Promise<void>[] = []
    for (let i = 0; i < 10; i++) {
      const service = mesh.service(`s${i}@1.0.0`, ping)
      if (i < 9) service.rely(`s${i + 1}`)
      starts.push(service.start())
      await mesh.advance(20)
    }
    const before = mesh.clock.monotonic()
    await mesh.until(Promise.all(starts))
    expect(mesh.clock.monotonic() - before).toBeLessThan(1_000)
  })
})

describe('rely - cycles', () => {
  const codeOf = async (start: Promise<void>): Promise<string> =>
    start.then(
      () => 'ready',
      (error: unknown) => (error as { code: string }).code,
    )

  it('of two that rely on each other the younger is refused, with the path, and its port and announcement go', async () => {
    const a = mesh.service('a@1.0.0', ping)
    const b = mesh.service('b@1.0.0', ping)
    a.rely('b')
    b.rely('a')
    const startA = a.start()
    await mesh.advance(50)
    const startB = b.start()
    await expect(mesh.until(startB)).rejects.toMatchObject({
      code: 'DS_CYCLE',
      details: { path: ['b@1.0.0', 'a@1.0.0', 'b@1.0.0'] },
    })
    expect([a.state, b.state, b.address]).toEqual(['waiting', 'stopped', null])
    expect(mesh.hub.announced).toBe(1)
    await mesh.until(a.stop())
    await startA
  })

  it('two that race agree on one of them', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const race = new TestMesh(seed)
      const a = race.service('a@1.0.0', ping)
      const b = race.service('b@1.0.0', ping)
      a.rely('b')
      b.rely('a')
      const ends: string[] = []
      for (const start of [a.start(), b.start()]) void codeOf(start).then((code) => ends.push(code))
      await race.advance(1_000)
      expect(ends, `seed ${seed}`).toEqual(['DS_CYCLE'])
      await race.end()
    }
  })

  it('a ring of three is found through a service in between', async () => {
    const make = (name: string, to: string) => {
      const service = mesh.service(`${name}@1.0.0`, ping)
      service.rely(to)
      return service
    }
    const [a, b, c] = [make('a', 'b'), make('b', 'c'), make('c', 'a')]
    const older = [codeOf(a.start())]
    await mesh.advance(50)
    older.push(codeOf(b.start()))
    await mesh.advance(50)
    await expect(mesh.until(c.start())).rejects.toMatchObject({ code: 'DS_CYCLE' })
    await mesh.until(Promise.all([a.stop(), b.stop()]))
    expect(await Promise.all(older)).toEqual(['ready', 'ready'])
  })

  it('a lazy edge closes no ring', async () => {
    const a = mesh.service('a@1.0.0', ping)
    const b = mesh.service('b@1.0.0', ping)
    a.rely('b')
    b.rely('a', '*', { lazy: true })
    await mesh.until(Promise.all([a.start(), b.start()]))
    expect([a.state, b.state]).toEqual(['ready', 'ready'])
  })

  it('a late rely that would close a ring is refused, and the service runs on without the edge', async () => {
    const a = mesh.service('a@1.0.0', ping)
    const b = mesh.service('b@1.0.0', ping)
    a.rely('b')
    await mesh.until(Promise.all([b.start(), a.start()]))
    const errors: Error[] = []
    b.on('error', (error) => errors.push(error))
    const handle = b.rely<typeof ping>('a')
    await mesh.advance(500)
    expect(errors).toMatchObject([{ code: 'DS_CYCLE' }])
    await expect(mesh.until(handle.ping())).rejects.toMatchObject({ code: 'DS_CYCLE', ran: 'no' })
    expect(b.state).toBe('ready')
    const { graph } = await mesh.until(mesh.client().inspect())
    expect(graph.cycles).toEqual([])
    expect(graph.edges.map(({ from, name }) => [from, name])).toEqual([['a@1.0.0', 'b']])
  })

  it('of a client is a handle at once, and no edge of any graph', async () => {
    const client = mesh.client()
    const handle = client.rely<typeof ping>('a', '^1')
    const called = handle.ping()
    await mesh.advance(100)
    await mesh.until(mesh.service('a@1.0.0', ping).start())
    expect(await mesh.until(called)).toBe(await mesh.until(handle.ping()))
    const { edges, missing, lookups } = client.snapshot()
    expect([edges, missing, lookups.length]).toEqual([[], [], 1])
  })

  it('a late rely that closes none becomes an edge', async () => {
    const a = mesh.service('a@1.0.0', ping)
    const b = mesh.service('b@1.0.0', ping)
    await mesh.until(Promise.all([b.start(), a.start()]))
    const handle = a.rely<typeof ping>('b', '^1')
    await mesh.advance(500)
    expect(await mesh.until(handle.ping())).toBe('pong')
    expect(a.state).toBe('ready')
  })
})
