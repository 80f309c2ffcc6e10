import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { State } from '../../lib/base/identity.js'
import { DServiceError, withOptions, type Hooks } from '../../lib/index.js'
import type { DService } from '../../lib/mesh/types.js'
import { TestMesh } from '../support/mesh.js'

const d1Api = { transform: (s: string) => s.replace(/[aeiou]{2,}/, 'oo').toUpperCase() }
let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

async function started<A extends object>(service: DService<A>): Promise<DService<A>> {
  await mesh.until(service.start())
  return service
}

async function failure(promise: Promise<unknown>): Promise<DServiceError> {
  const caught = promise.then(
    () => {
      throw new Error('it should have failed')
    },
    (error: unknown) => error as DServiceError,
  )
  return mesh.until(caught)
}

describe('service - started, found and called', () => {
  it('a client finds a service by name and range, and calls it', async () => {
    await started(mesh.service('d1@1.2.0', d1Api))
    const d1 = await mesh.until(mesh.client().dnodeFor<typeof d1Api>('d1', '^1'))
    expect(await mesh.until(d1.transform('beep'))).toBe('BOOP')
  })

  it('a service that starts after the look-up is found when it comes', async () => {
    const found = mesh.client().dnodeFor<typeof d1Api>('d1')
    await mesh.advance(1_000)
    await started(mesh.service('d1@1.2.0', d1Api))
    expect(await mesh.until((await mesh.until(found)).transform('beep'))).toBe('BOOP')
  })

  it('a service knows its state, id and address, and forgets the address when it stops', async () => {
    const states: State[] = []
    const d1 = mesh.service('d1@1.2.0', d1Api)
    d1.on('state', (state) => states.push(state))
    expect([d1.state, d1.id, d1.address]).toEqual(['stopped', '', null])
    await started(d1)
    expect(d1.id).toMatch(/^[a-z2-7]{26}$/)
    expect(d1.address).not.toBeNull()
    await mesh.until(d1.stop())
    expect(d1.address).toBeNull()
    expect(states).toEqual(['starting', 'waiting', 'ready', 'draining', 'stopped'])
  })

  it('a restart is another instance, and handles go on', async () => {
    const d1 = await started(mesh.service('d1@1.2.0', d1Api))
    const handle = await mesh.until(mesh.client().dnodeFor<typeof d1Api>('d1'))
    const before = d1.id
    await mesh.until(d1.stop())
    await started(d1)
    expect(d1.id).not.toBe(before)
    expect(await mesh.until(handle.transform('beep'))).toBe('BOOP')
  })

  it('start twice is one start, and a client cannot be started', async () => {
    const d1 = mesh.service('d1@1.2.0', d1Api)
    await mesh.until(Promise.all([d1.start(), d1.start()]))
    expect((await failure(mesh.client().start())).code).toBe('DS_INVALID')
  })

  it('stop during start resolves it, and nothing stays behind', async () => {
    const d2 = mesh.service('d2@1.0.0', { ping: () => 1 })
    d2.rely('nobody')
    const starting = d2.start()
    await mesh.advance(100)
    expect(d2.state).toBe('waiting')
    await mesh.until(d2.stop())
    await mesh.until(starting)
    expect(d2.state).toBe('stopped')
  })

  it('meshes do not see each other', async () => {
    await started(mesh.service('d1@1.2.0', d1Api))
    const error = await failure(mesh.client('other', 'elsewhere').dnodeFor('d1'))
    expect(error).toMatchObject({ code: 'DS_NO_INSTANCE', ran: 'no' })
  })

  it('inspect lists what was proved, with states, edges and methods', async () => {
    await started(mesh.service('d1@1.2.0', d1Api))
    const d2 = mesh.service('d2@1.0.0', { jsconf: () => d1.transform('rulez') })
    const d1 = d2.rely<typeof d1Api>('d1', '^1')
    await started(d2)
    const view = await mesh.until(mesh.client().inspect())
    expect(
      view.instances.map(({ name, version, state, methods }) => [name, version, state, methods]),
    ).toEqual([
      ['d1', '1.2.0', 'ready', ['transform']],
      ['d2', '1.0.0', 'ready', ['jsconf']],
    ])
    expect(view.graph.edges).toMatchObject([
      { from: 'd2@1.0.0', name: 'd1', range: '^1', met: true, to: ['d1@1.2.0'] },
    ])
  })
})

describe('service - nothing there', () => {
  it('a look-up without an instance ends after 5 s and lists what is live and why it was passed over', async () => {
    await started(mesh.service('d1@2.0.0', d1Api))
    const before = mesh.clock.monotonic()
    const error = await failure(mesh.client().dnodeFor('d1', '^1'))
    expect(mesh.clock.monotonic() - before).toBeGreaterThanOrEqual(5_000)
    expect(mesh.clock.monotonic() - before).toBeLessThan(5_100)
    expect(error).toMatchObject({ code: 'DS_NO_INSTANCE', ran: 'no' })
    expect(error.message).toContain('d1@2.0.0 (out of range ^1)')
    expect(error).toMatchObject({ hint: 'widen the range, or start an instance in range' })
  })

  it('where the only one in range is stopping nobody is told to widen the range', async () => {
    const d1 = await started(mesh.service('d1@1.2.0', { ...d1Api, hang: () => new Promise(() => undefined) }))
    const handle = await mesh.until(mesh.client().dnodeFor<typeof d1Api & { hang(): unknown }>('d1', '^1'))
    const hanging = failure(handle.hang())
    await mesh.settle()
    const stopped = d1.stop()
    expect(await failure(handle.transform('beep'))).toMatchObject({
      code: 'DS_NO_INSTANCE',
      summary: expect.stringContaining('live: d1@1.2.0 (draining)'),
      hint: 'start another instance of d1: the one in range is stopping',
    })
    await mesh.until(Promise.all([hanging, stopped]))
  })

  it('one that refuses all that it is asked is said to be there', async () => {
    const refuse: Hooks = {
      serve: () => {
        throw new DServiceError('DS_REFUSED', { summary: 'busy', ran: 'no' })
      },
    }
    await started(mesh.service('d1@1.2.0', d1Api, 'busy', { hooks: [refuse] }))
    const handle = await mesh.until(mesh.client().dnodeFor<typeof d1Api>('d1', '^1'))
    expect(await failure(withOptions(handle, { timeout: 1 }).transform('beep'))).toMatchObject({
      code: 'DS_NO_INSTANCE',
      summary: expect.stringContaining('live: d1@1.2.0 (ready, but refuses calls)'),
      hint: 'call less at once, or start another instance of d1',
    })
  })

  it('a call waits for an instance that was lost, and says so in the end', async () => {
    const d1 = await started(mesh.service('d1@1.2.0', d1Api))
    const handle = await mesh.until(mesh.client().dnodeFor<typeof d1Api>('d1'))
    await mesh.until(d1.stop())
    expect(await failure(handle.transform('beep'))).toMatchObject({ code: 'DS_NO_INSTANCE', ran: 'no' })
  })

  it.each([
    ['no name', 'D1 !', undefined],
    ['no range', 'd1', 'one'],
  ])('%s is refused at once', async (_what, name, range) => {
    expect(await failure(mesh.client().dnodeFor(name, range))).toMatchObject({
      code: 'DS_INVALID',
      ran: 'no',
    })
  })

  it('a stopped client refuses everything', async () => {
    const client = mesh.client()
    await mesh.until(client.stop())
    expect((await failure(client.dnodeFor('d1'))).code).toBe('DS_CLOSED')
    expect((await failure(client.inspect())).code).toBe('DS_CLOSED')
  })
})

describe('service - versions side by side', () => {
  it('^1 reaches only the highest 1.x, whoever came first', async () => {
    const api = (version: string) => ({ version: () => version })
    for (const version of ['1.2.0', '1.9.9', '2.0.0'])
      await started(mesh.service(`d1@${version}`, api(version)))
    const client = mesh.client()
    const one = await mesh.until(client.dnodeFor<ReturnType<typeof api>>('d1', '^1'))
    const any = await mesh.until(client.dnodeFor<ReturnType<typeof api>>('d1'))
    for (let i = 0; i < 20; i++) expect(await mesh.until(one.version())).toBe('1.9.9')
    expect(await mesh.until(any.version())).toBe('2.0.0')
  })

  it('the next version takes over when the highest goes', async () => {
    const api = (version: string) => ({ version: () => version })
    await started(mesh.service('d1@1.2.0', api('1.2.0')))
    const newer = await started(mesh.service('d1@1.9.9', api('1.9.9')))
    const handle = await mesh.until(mesh.client().dnodeFor<ReturnType<typeof api>>('d1', '^1'))
    await mesh.until(newer.stop())
    expect(await mesh.until(handle.version())).toBe('1.2.0')
  })

  it('two equal instances share the calls', async () => {
    const counts = { a: 0, b: 0 }
    await started(mesh.service('d1@1.0.0', { hit: () => ++counts.a }, 'a'))
    await started(mesh.service('d1@1.0.0', { hit: () => ++counts.b }, 'b'))
    const handle = await mesh.until(mesh.client().dnodeFor<{ hit: () => number }>('d1'))
    for (let i = 0; i < 200; i++) await mesh.until(handle.hit())
    expect(counts.a + counts.b).toBe(200)
    expect(counts.a).toBeGreaterThan(40)
    expect(counts.a).toBeLessThan(160)
  })
})
