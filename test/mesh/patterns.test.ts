/** all, instances, monitor and one instance: given what they cannot take, and met by instances that lie. */
import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  all,
  instances,
  LIMITS,
  monitor,
  withOptions,
  type HandleOptions,
  type MonitorEvent,
  type Remote,
} from '../../lib/index.js'
import type { Identity } from '../../lib/base/identity.js'
import { helloOf } from '../../lib/dnode/hello.js'
import { Session } from '../../lib/dnode/session.js'
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
  read(stream: AsyncIterable<unknown>): Promise<number>
}

const apiAt = (at: string): D1 => ({
  where: () => at,
  async read(stream) {
    let count = 0
    for await (const _ of stream) count++
    return count
  },
})

const start = (at: string) => mesh.until(mesh.service('d1@1.0.0', apiAt(at), at).start())

/** Each way to use a handle, for it to fail. */
const endsOf = (handle: Remote<D1>): (() => Promise<unknown>)[] => [
  () => all(handle).where(),
  () => instances(handle),
  () => monitor(handle).next(),
]

describe('patterns - misuse', () => {
  it('what is no handle is refused in words', async () => {
    await start('a')
    const client = mesh.client()
    const handle = await mesh.until(client.dnodeFor<D1>('d1'))
    const classic = await mesh.until(
      new Promise<object>((resolve) =>
        client.dnodeFor('d1', (_err, remote, d) => (d.end(), resolve(remote as object))),
      ),
    )
    for (const given of [null, undefined, 7, 'd1', {}, client, classic, all(handle)]) {
      const wrong = given as object
      expect(() => all(wrong)).toThrow('all() takes a service handle')
      expect(() => monitor(wrong)).toThrow('monitor() takes a service handle')
      await expect(instances(wrong)).rejects.toMatchObject({ code: 'DS_INVALID' })
      expect(() => withOptions(wrong, {})).toThrow('withOptions() takes a service handle')
    }
  })

  it.each([7, '', 'A', 'x'.repeat(65), '\u001b[31m', {}])('%j is no id of an instance', async (instance) => {
    const handle = mesh.client().rely<D1>('d1')
    const options = { instance } as unknown as HandleOptions
    expect(() => withOptions(handle, options)).toThrow(/is no id of an instance/)
  })

  it('on a dservice that was stopped all of them fail with DS_CLOSED', async () => {
    const client = mesh.client()
    const handle = client.rely<D1>('d1')
    await mesh.until(client.stop())
    for (const end of endsOf(handle))
      await expect(mesh.until(end())).rejects.toMatchObject({ code: 'DS_CLOSED' })
  })

  it('a signal that was aborted before ends a look and a call', async () => {
    const handle = withOptions(mesh.client().rely<D1>('d1'), { signal: AbortSignal.abort() })
    await expect(mesh.until(instances(handle))).rejects.toMatchObject({ code: 'DS_CANCELLED' })
    await expect(mesh.until(all(handle).where())).rejects.toMatchObject({ code: 'DS_CANCELLED' })
  })

  it('a dependency that was refused fails in all of them as in calls', async () => {
    const d2 = mesh.service('d2@1.0.0', { f: () => 1 })
    const d3 = mesh.service('d3@1.0.0', { f: () => 1 })
    d3.rely('d2')
    await mesh.until(Promise.all([d2.start(), d3.start()]))
    d2.on('error', () => undefined)
    const refused = d2.rely<D1>('d3')
    await mesh.advance(1_000)
    for (const end of endsOf(refused))
      await expect(mesh.until(end())).rejects.toMatchObject({ code: 'DS_CYCLE' })
  })

  it('an object for all is no promise, tells what it is, and does not travel', async () => {
    await start('a')
    const handle = await mesh.until(mesh.client().dnodeFor<D1>('d1'))
    const each = all(handle)
    expect(await Promise.resolve(each)).toBe(each)
    expect(inspect(each)).toBe('AllInstances of d1@1.0.0 { where, read }')
    expect(Object.keys(each)).toEqual(['where', 'read'])
    const sent = handle.read(each as unknown as AsyncIterable<unknown>)
    await expect(mesh.until(sent)).rejects.toMatchObject({ code: 'DS_UNSENDABLE' })
  })

  it('a stream is read by one instance at most; the others say that they have none', async () => {
    for (const at of ['a', 'b', 'c']) await start(at)
    const handle = await mesh.until(mesh.client().dnodeFor<D1>('d1'))
    const outcomes = await mesh.until(all(handle).read(Readable.from([1, 2, 3])))
    const counts = outcomes.map((one) =>
      one.status === 'fulfilled' ? one.value : (one.reason as { code: string }).code,
    )
    expect(counts).toEqual([3, 'DS_UNSENDABLE', 'DS_UNSENDABLE'])
  })
})

/** What listens, and says that it is this. */
async function liar(
  node: string,
  identity: Partial<Identity>,
): Promise<{ end(): Promise<void>; answers: () => number }> {
  const self: Identity = {
    id: node,
    name: 'd1',
    version: '1.0.0',
    mesh: 'default',
    state: 'ready',
    started: 1,
    ...identity,
  }
  let answered = 0
  const sessions: Session[] = []
  const listening = await mesh.network.transport(node).listen({ host: node, port: 0 }, (connection) => {
    const api = { where: () => (answered++, 'liar') }
    const session = new Session(connection, { clock: mesh.clock, api, hello: () => helloOf(self) })
    session.ready.catch(() => undefined)
    sessions.push(session)
  })
  const engine = mesh.hub.engine({ mesh: 'default', node })
  await engine.announce(self, [listening.address])
  const end = async (): Promise<void> => {
    await listening.close()
    await engine[Symbol.asyncDispose]()
    await Promise.all(sessions.map((session) => session.close()))
  }
  return { end, answers: () => answered }
}

describe('patterns - instances that lie', () => {
  it('one that takes the id of another is called in its place by nobody, while that one is there', async () => {
    const service = mesh.service('d1@1.0.0', apiAt('a'), 'a')
    await mesh.until(service.start())
    const handle = await mesh.until(mesh.client().dnodeFor<D1>('d1'))
    const events: MonitorEvent[] = []
    const it = monitor(handle)
    const reading = (async () => {
      for await (const event of it) events.push(event)
    })()
    await mesh.settle()
    const thief = await liar('thief', { id: service.id })
    await mesh.settle()
    const pinned = withOptions(handle, { instance: service.id })
    const calls = Array.from({ length: 20 }, () => pinned.where())
    expect(new Set(await mesh.until(Promise.all(calls)))).toEqual(new Set(['a']))
    expect(await mesh.until(all(handle).where())).toMatchObject([{ value: 'a' }])
    expect((await mesh.until(instances(handle))).map(({ address }) => address)).toEqual([service.address])
    expect([thief.answers(), events.map(({ type }) => type)]).toEqual([0, ['up']])
    await it.return?.()
    await reading
    await thief.end()
  })

  it('starts of any number are sorted all the same', async () => {
    const starts = [1e308, -1e308, 0, 5]
    const liars = await Promise.all(starts.map((started, i) => liar(`liar${i}`, { started })))
    const handle = await mesh.until(mesh.client().dnodeFor<D1>('d1'))
    const there = await mesh.until(instances(handle))
    expect(there.map(({ started }) => started)).toEqual([1e308, 5, 0, -1e308])
    await Promise.all(liars.map((one) => one.end()))
  })

  it('however many there say they are, so many are met', async () => {
    const beyond = 20
    const liars: Awaited<ReturnType<typeof liar>>[] = []
    for (let i = 0; i < LIMITS.everyInstance + beyond; i++)
      liars.push(await liar(`l${i}`, { version: `1.${i}.0` }))
    const client = mesh.client()
    const handle = client.rely<D1>('d1')
    expect((await mesh.until(instances(handle))).length).toBe(LIMITS.everyInstance)
    expect(mesh.network.connectionsOf('client')).toBe(LIMITS.everyInstance)
    await mesh.until(client.stop())
    await mesh.until(Promise.all(liars.map((one) => one.end())))
  }, 120_000)
})
