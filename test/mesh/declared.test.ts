import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Declared, type RemoteDeclaration } from '../../lib/mesh/declared.js'
import type { DService } from '../../lib/mesh/types.js'
import { TestMesh } from '../support/mesh.js'

const ping = { ping: () => 'pong' }
let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

const remote = (name: string, more: Partial<RemoteDeclaration> = {}): RemoteDeclaration => {
  return { name, range: '^1', optional: false, lazy: false, timeout: null, ...more }
}

const edgesOf = (service: DService<object>): string[] => {
  return service.snapshot().edges.map(({ name, range, declaredIn }) => `${name}@${range} in ${declaredIn}`)
}

/** A service of a process whose package declares this. */
const serve = (nameAt: string, declared: Declared): DService<typeof ping> => {
  const service = mesh.service(nameAt, ping, undefined, { declared })
  declared.serve(service.name ?? '')
  return service
}

describe('declared - what the package needs, its services need', () => {
  it('a service waits for what is declared, and says where that is', async () => {
    const d2 = serve('d2@1.0.0', new Declared([remote('d1')]))
    const starting = d2.start()
    await mesh.advance(100)
    expect(d2.state).toBe('waiting')
    expect(d2.missing).toMatchObject([{ name: 'd1', range: '^1' }])
    expect(edgesOf(d2)).toEqual(['d1@^1 in package.json'])
    await mesh.until(mesh.service('d1@1.0.0', ping).start())
    await mesh.until(starting)
    const { instances } = await mesh.until(mesh.client().inspect({ name: 'd2' }))
    expect(instances).toMatchObject([{ edges: [{ name: 'd1', met: true, declaredIn: 'package.json' }] }])
  })

  it('such a service is ready without what is optional or lazy', async () => {
    const declared = new Declared([remote('a', { optional: true }), remote('b', { lazy: true })])
    const d2 = serve('d2@1.0.0', declared)
    await mesh.until(d2.start())
    expect(d2.snapshot().edges).toMatchObject([{ optional: true }, { lazy: true }])
  })

  it('a client has no edges', async () => {
    const client = mesh.client('c', 'default', { declared: new Declared([remote('d1')]) })
    expect(client.snapshot().edges).toEqual([])
  })

  it('one that has stopped hears of nothing any more', async () => {
    const declared = new Declared([remote('d1', { optional: true })])
    const listening = vi.fn<() => void>()
    const listen = declared.onServed.bind(declared)
    declared.onServed = (run) => listen(() => (listening(), run()))
    const d2 = serve('d2@1.0.0', declared)
    await mesh.until(d2.start())
    await mesh.until(d2.stop())
    declared.serve('d1')
    expect(listening).not.toHaveBeenCalled()
  })

  it('a service starts again, and waits again', async () => {
    const d2 = serve('d2@1.0.0', new Declared([remote('d1')]))
    const first = mesh.service('d1@1.0.0', ping, 'first')
    await mesh.until(Promise.all([first.start(), d2.start()]))
    await mesh.until(Promise.all([first.stop(), d2.stop()]))
    const starting = d2.start()
    await mesh.advance(1_000)
    expect(d2.state).toBe('waiting')
    await mesh.until(mesh.service('d1@1.0.0', ping, 'second').start())
    await mesh.until(starting)
  })
})

describe('declared - what the process serves itself is no edge', () => {
  it('not of the service itself, and not of the others', async () => {
    const declared = new Declared([remote('d1'), remote('d2')])
    const d1 = serve('d1@1.0.0', declared)
    const d2 = serve('d2@1.0.0', declared)
    await mesh.until(Promise.all([d1.start(), d2.start()]))
    expect([...edgesOf(d1), ...edgesOf(d2)]).toEqual([])
  })

  it('one that is made later sets those free that wait for it', async () => {
    const declared = new Declared([remote('d1')])
    const d2 = serve('d2@1.0.0', declared)
    const starting = d2.start()
    await mesh.advance(100)
    expect(d2.state).toBe('waiting')
    serve('d1@7.0.0', declared)
    await mesh.until(starting)
    expect(edgesOf(d2)).toEqual([])
    expect(mesh.hub.watched).toBe(0)
  })

  it('also those that had it and lost it, and the mesh hears of the edge that went', async () => {
    const declared = new Declared([remote('d1')])
    const d2 = serve('d2@1.0.0', declared)
    await mesh.until(Promise.all([mesh.service('d1@1.0.0', ping).start(), d2.start()]))
    mesh.network.crash('d1-1.0.0')
    await mesh.advance(100)
    expect(d2.state).toBe('waiting')
    serve('d1@1.0.0', declared)
    await mesh.advance(100)
    expect(d2.state).toBe('ready')
    const { instances } = await mesh.until(mesh.client().inspect({ name: 'd2' }))
    expect(instances).toMatchObject([{ edges: [] }])
  })

  it('a name that is not declared changes nothing', () => {
    const declared = new Declared([remote('d1')])
    declared.serve('other')
    expect([declared.isServed('other'), declared.isServed('d1')]).toEqual([false, false])
  })
})

describe('declared - rely() beats it', () => {
  it('an edge of the same name takes its place, with what it leaves out as declared', async () => {
    const d2 = serve(
      'd2@1.0.0',
      new Declared([remote('d1', { lazy: true }), remote('d3', { optional: true })]),
    )
    d2.rely('d1', '^2')
    d2.rely('d3', undefined, { optional: false })
    expect(edgesOf(d2)).toEqual(['d1@^2 in rely()', 'd3@^1 in rely()'])
    expect(d2.snapshot().edges).toMatchObject([{ lazy: true }, { optional: false }])
  })

  it('that counts also for a name that the process serves itself', () => {
    const declared = new Declared([remote('d1')])
    serve('d1@1.0.0', declared)
    const d2 = serve('d2@1.0.0', declared)
    d2.rely('d1')
    expect(edgesOf(d2)).toEqual(['d1@^1 in rely()'])
  })

  it('a late one that would close a ring is refused, and the declared one counts again', async () => {
    const d2 = serve('d2@1.0.0', new Declared([remote('d1', { optional: true })]))
    const d1 = mesh.service('d1@1.0.0', ping)
    d1.rely('d2')
    await mesh.until(Promise.all([d1.start(), d2.start()]))
    const broken = d2.rely<typeof ping>('d1', '*', { optional: false })
    await mesh.advance(5_000)
    await expect(mesh.until(broken.ping())).rejects.toMatchObject({ code: 'DS_CYCLE' })
    expect(edgesOf(d2)).toEqual(['d1@^1 in package.json'])
    expect(d2.snapshot().edges).toMatchObject([{ met: true }])
  })

  it('of two late ones that race one is refused: there the declared one is looked for again', async () => {
    const d1 = serve('d1@1.0.0', new Declared([remote('d2', { optional: true })]))
    await mesh.until(d1.start())
    await mesh.advance(10)
    const d2 = serve('d2@1.0.0', new Declared([remote('d1', { optional: true })]))
    await mesh.until(d2.start())
    d2.on('error', () => undefined)
    mesh.network.latency = () => 20
    await mesh.advance(100)
    d1.rely('d2', '*', { optional: false })
    d2.rely('d1', '*', { optional: false })
    await mesh.advance(20_000)
    mesh.network.latency = () => 0
    expect([edgesOf(d1), edgesOf(d2)]).toEqual([['d2@* in rely()'], ['d1@^1 in package.json']])
    mesh.network.crash('d1-1.0.0')
    await mesh.until(mesh.service('d1@1.0.0', ping, 'elsewhere').start())
    await mesh.advance(1_000)
    expect(d2.snapshot().edges).toMatchObject([{ met: true }])
  })
})

describe('declared - range and timeout of handles', () => {
  it('without a range it is the declared one, for services and clients', async () => {
    const declared = new Declared([remote('d1', { range: '^2' })])
    const [one, two] = [mesh.service('d1@1.0.0', { v: () => 1 }), mesh.service('d1@2.0.0', { v: () => 2 })]
    const three = mesh.service('d1@3.0.0', { v: () => 3 })
    await mesh.until(Promise.all([one.start(), two.start(), three.start()]))
    const client = mesh.client('c', 'default', { declared })
    const versionOf = async (range?: string): Promise<unknown> => {
      const d1 = await mesh.until(client.dnodeFor<{ v(): number }>('d1', range))
      return mesh.until(d1.v())
    }
    expect([await versionOf(), await versionOf('^1'), await versionOf('')]).toEqual([2, 1, 3])
    expect(await mesh.until(client.rely<{ v(): number }>('d1').v())).toBe(2)
  })

  it('without a timeout it is the declared one, also with a range', () => {
    const declared = new Declared([remote('d1', { timeout: 250 })])
    const client = mesh.client('c', 'default', { declared })
    const handles = [
      client.rely('d1'),
      client.rely('d1', '^7'),
      client.rely('d1', '^1', { timeout: '1s' }),
      client.rely('x'),
    ]
    expect(client.snapshot().lookups.map(({ timeout }) => timeout)).toEqual([250, 250, 1_000, 30_000])
    expect(handles).toHaveLength(4)
  })
})
