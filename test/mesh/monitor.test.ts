/** Who comes and goes, as a monitor tells it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  instances,
  monitor,
  withOptions,
  type DService,
  type MonitorEvent,
  type Remote,
} from '../../lib/index.js'
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
  hang(): Promise<never>
}

const serve = (nameAt: string, at: string): DService =>
  mesh.service(nameAt, { where: () => at, hang: () => new Promise<never>(() => undefined) }, at) as DService

async function start(nameAt: string, at: string): Promise<DService> {
  const service = serve(nameAt, at)
  await mesh.until(service.start())
  return service
}

const rely = (range = '^1', client = mesh.client()): Remote<D1> => client.rely<D1>('d1', range)

/** Reads a monitor as long as it goes; what it said is text by node: `node0 up ready`. */
class Reader {
  readonly said: string[] = []
  readonly ended: Promise<Error | 'done'>
  readonly it: ReturnType<typeof monitor>

  constructor(it: ReturnType<typeof monitor>) {
    this.it = it
    this.ended = this.#read()
  }

  async #read(): Promise<Error | 'done'> {
    try {
      for await (const event of this.it) this.said.push(textOf(event))
      return 'done'
    } catch (error) {
      return error as Error
    }
  }
}

function textOf(event: MonitorEvent): string {
  const { instance, type } = event
  const at = instance.address.split(':')[0]
  return `${at} ${type} ${type === 'down' ? event.reason : instance.state}`
}

const read = (handle: object): Reader => new Reader(monitor(handle))

describe('monitor - up and down', () => {
  it('tells who is there, who comes, and exactly once who was stopped', async () => {
    await start('d1@1.0.0', 'a')
    const reader = read(rely())
    await mesh.settle()
    expect(reader.said).toEqual(['a up ready'])
    const b = await start('d1@1.1.0', 'b')
    await start('d1@2.0.0', 'beyond')
    await mesh.until(b.stop())
    await mesh.advance(60_000)
    expect(reader.said[1]).toMatch(/^b up/)
    expect(reader.said.filter((text) => text.startsWith('b down'))).toEqual(['b down stopped'])
    expect(reader.said.some((text) => text.startsWith('beyond'))).toBe(false)
  })

  it('tells of one that lives, also where another says in its name that it leaves', async () => {
    const a = await start('d1@1.2.0', 'a')
    const identity = { id: a.id, name: 'd1', version: '0.1.0', mesh: 'default', started: 1 }
    const sessions: Session[] = []
    const listening = await mesh.network.transport('raw').listen({ host: 'raw', port: 0 }, (connection) => {
      const hello = () => helloOf({ ...identity, state: 'draining' })
      sessions.push(new Session(connection, { clock: mesh.clock, api: {}, hello }))
    })
    const engine = mesh.hub.engine({ mesh: 'default', node: 'raw' })
    await engine.announce({ ...identity, id: 'raw', state: 'ready' }, [listening.address])
    const handle = rely('*')
    await mesh.until(instances(handle))
    await mesh.advance(500)
    expect(sessions).toHaveLength(1)
    const reader = new Reader(monitor(handle))
    await mesh.advance(500)
    expect(reader.said).toEqual(['a up ready'])
    await reader.it.return?.()
    await Promise.all(sessions.map((session) => session.close()))
    await listening.close()
    await engine[Symbol.asyncDispose]()
  })

  it('tells of states as they change, and of draining before the end', async () => {
    const reader = read(rely())
    const a = serve('d1@1.0.0', 'a')
    a.rely('needed')
    void a.start()
    await mesh.settle()
    await mesh.until(mesh.service('needed@1.0.0', { f: () => 1 }, 'needed').start())
    await mesh.settle()
    expect(reader.said).toEqual(['a up waiting', 'a changed ready'])
    const client = mesh.client('other')
    const call = (await mesh.until(client.dnodeFor<D1>('d1'))).hang().catch(() => undefined)
    await mesh.settle()
    const stopped = a.stop()
    await mesh.settle()
    expect(reader.said.slice(2)).toEqual(['a changed draining'])
    await mesh.until(Promise.all([call, stopped]))
    expect(reader.said.slice(3)).toEqual(['a down stopped'])
  })

  it('one that dies without a word is lost, as soon as nothing leads to it', async () => {
    await start('d1@1.0.0', 'a')
    await start('d1@1.0.0', 'b')
    const reader = read(rely())
    await mesh.settle()
    mesh.network.crash('a')
    await mesh.advance(100)
    expect(reader.said.slice(2)).toEqual(['a down lost'])
    await mesh.advance(60_000)
    expect(reader.said.length).toBe(3)
  })

  it('a restart is another instance: one goes, one comes', async () => {
    const a = await start('d1@1.0.0', 'a')
    const events: MonitorEvent[] = []
    const it = monitor(rely())
    const reading = (async () => {
      for await (const event of it) events.push(event)
    })()
    await mesh.settle()
    const before = a.id
    await mesh.until(a.stop())
    await mesh.until(a.start())
    await mesh.settle()
    expect(
      events.filter(({ type }) => type !== 'changed').map(({ type, instance }) => [type, instance.id]),
    ).toEqual([
      ['up', before],
      ['down', before],
      ['up', a.id],
    ])
    await it.return?.()
    await reading
  })
})

describe('monitor - a connection that is lost and back', () => {
  // as an engine that never takes back what it said: it is the time that decides
  beforeEach(() => {
    mesh.hub.recheck = () => undefined
  })

  /** A cut of so many milliseconds; what the reader knows before its end. */
  async function cut(ms: number, reader: Reader): Promise<readonly string[]> {
    mesh.network.cut('client', 'a')
    await mesh.advance(ms)
    const said = [...reader.said]
    mesh.network.heal('client', 'a')
    await mesh.advance(60_000)
    return said
  }

  it('within the wait for an instance is no event', async () => {
    await start('d1@1.0.0', 'a')
    const handle = rely()
    const reader = read(handle)
    await mesh.settle()
    // to be connected again takes up to 2 s
    for (let i = 0; i < 5; i++) expect(await cut(2_900, reader)).toEqual(['a up ready'])
    expect(await mesh.until(handle.where())).toBe('a')
    expect(await mesh.until(instances(handle))).toMatchObject([{ address: 'a:40001' }])
    expect(reader.said).toEqual(['a up ready'])
  })

  it('after it is a down, and an up of the same instance', async () => {
    const a = await start('d1@1.0.0', 'a')
    const handle = rely()
    const reader = read(handle)
    await mesh.settle()
    mesh.network.cut('client', 'a')
    await mesh.advance(4_900)
    expect(reader.said).toEqual(['a up ready'])
    expect(await cut(200, reader)).toEqual(['a up ready', 'a down lost'])
    expect(reader.said).toEqual(['a up ready', 'a down lost', 'a up ready'])
    expect((await mesh.until(instances(handle))).map(({ id }) => id)).toEqual([a.id])
  })

  it('and that belongs to another instance by then is lost at once', async () => {
    const identity = (id: string) => ({ id, name: 'd1', version: '1.0.0', mesh: 'default', started: 1 })
    let id = 'first'
    const sessions: Session[] = []
    const listening = await mesh.network.transport('raw').listen({ host: 'raw', port: 0 }, (connection) => {
      const hello = () => helloOf({ ...identity(id), state: 'ready' })
      const session = new Session(connection, { clock: mesh.clock, api: { where: () => id }, hello })
      session.ready.catch(() => undefined)
      sessions.push(session)
    })
    const engine = mesh.hub.engine({ mesh: 'default', node: 'raw' })
    await engine.announce({ ...identity('first'), state: 'ready' }, [listening.address])
    const events: string[] = []
    const it = monitor(rely())
    const reading = (async () => {
      for await (const { type, instance } of it) events.push(`${instance.id} ${type}`)
    })()
    await mesh.settle()
    for (const next of ['second', 'third']) {
      id = next
      await Promise.all(sessions.splice(0).map((session) => session.close()))
      await mesh.advance(2_000)
    }
    expect(events).toEqual(['first up', 'first down', 'second up', 'second down', 'third up'])
    await it.return?.()
    await reading
    await Promise.all(sessions.map((session) => session.close()))
    await listening.close()
    await engine[Symbol.asyncDispose]()
  })

  it('a service that gets its name, and dials all anew, sees nobody go', async () => {
    await start('d1@1.0.0', 'a')
    const d2 = mesh.service('d2@1.0.0', { f: () => 1 })
    const reader = read(d2.rely<D1>('d1', '^1'))
    await mesh.settle()
    await mesh.until(d2.start())
    await mesh.advance(60_000)
    expect(reader.said).toEqual(['a up ready'])
  })
})

describe('monitor - its reader', () => {
  it('that is late is told what is true then, and of nobody who came and went', async () => {
    const kept = await start('d1@1.0.0', 'kept')
    const gone = await start('d1@1.0.0', 'gone')
    const it = monitor(rely())
    const first = [await mesh.until(it.next()), await mesh.until(it.next())]
    expect(first.map(({ value }) => (value as MonitorEvent).type)).toEqual(['up', 'up'])
    for (let i = 0; i < 20; i++) {
      const passing = await start('d1@1.0.0', `passing${i}`)
      await mesh.until(passing.stop())
    }
    await mesh.until(gone.stop())
    const late = await mesh.until(it.next())
    expect(late.value).toMatchObject({ type: 'down', reason: 'stopped', instance: { id: gone.id } })
    const next = it.next()
    await mesh.until(kept.stop())
    expect((await mesh.until(next)).value).toMatchObject({ instance: { id: kept.id } })
    await it.return?.()
  })

  it('that leaves frees all that it held, also while it waits', async () => {
    const client = mesh.client()
    const it = monitor(rely('^1', client))
    await start('d1@1.0.0', 'a')
    await mesh.until(it.next())
    expect([mesh.hub.watched, mesh.network.connectionsOf('client')]).toEqual([1, 1])
    const waiting = [it.next(), it.next()]
    await it.return?.()
    expect(await Promise.all([...waiting, it.next()])).toEqual(
      Array.from({ length: 3 }, () => ({ done: true, value: undefined })),
    )
    await mesh.settle()
    expect([mesh.hub.watched, mesh.network.connectionsOf('client')]).toEqual([0, 0])
  })

  it('that never begins holds nothing', async () => {
    const it = monitor(rely())
    await mesh.settle()
    expect(mesh.hub.watched).toBe(0)
    await it[Symbol.asyncDispose]()
    expect(await it.next()).toEqual({ done: true, value: undefined })
  })

  it('asks for a thousand events at once, and no more', async () => {
    const it = monitor(rely())
    const asked = Array.from({ length: 1_000 }, () => it.next())
    await expect(it.next()).rejects.toMatchObject({ code: 'DS_LIMIT' })
    await it.return?.()
    expect((await Promise.all(asked)).every(({ done }) => done)).toBe(true)
  })

  it('two of one handle do not disturb each other', async () => {
    const handle = rely()
    const one = read(handle)
    const other = read(handle)
    await start('d1@1.0.0', 'a')
    await mesh.settle()
    await one.it.return?.()
    await start('d1@1.0.0', 'b')
    await mesh.settle()
    expect(one.said.length).toBeLessThan(3)
    expect(other.said.at(-1)).toMatch(/^b /)
  })
})

describe('monitor - its end', () => {
  it('comes with the end of its dservice, in which nobody goes', async () => {
    await start('d1@1.0.0', 'a')
    const client = mesh.client()
    const reader = read(rely('^1', client))
    await mesh.settle()
    await mesh.until(client.stop())
    expect(await mesh.until(reader.ended)).toBe('done')
    expect(reader.said).toEqual(['a up ready'])
  })

  it("comes with the handle's signal, as DS_CANCELLED; before it began too", async () => {
    await start('d1@1.0.0', 'a')
    const control = new AbortController()
    const handle = withOptions(rely(), { signal: control.signal })
    const reader = read(handle)
    await mesh.settle()
    control.abort(new Error('enough'))
    expect(await mesh.until(reader.ended)).toMatchObject({ code: 'DS_CANCELLED', ran: 'no' })
    expect(await mesh.until(read(handle).ended)).toMatchObject({ code: 'DS_CANCELLED' })
    expect(reader.said).toEqual(['a up ready'])
    await mesh.settle()
    expect(mesh.hub.watched).toBe(0)
  })

  it('of one instance: it tells of that one alone', async () => {
    const a = await start('d1@1.0.0', 'a')
    const b = await start('d1@1.0.0', 'b')
    const reader = read(withOptions(rely(), { instance: a.id }))
    await mesh.settle()
    await mesh.until(b.stop())
    await mesh.until(a.stop())
    expect(reader.said.filter((text) => !text.includes('changed'))).toEqual(['a up ready', 'a down stopped'])
  })

  it('of one instance that does not come it fails as a call does', async () => {
    await start('d1@1.0.0', 'a')
    const reader = read(withOptions(rely(), { instance: 'unknown' }))
    expect(await mesh.until(reader.ended)).toMatchObject({ code: 'DS_NO_INSTANCE' })
    expect(mesh.clock.monotonic()).toBeGreaterThanOrEqual(5_000)
  })

  it('on a dservice that was stopped it fails with DS_CLOSED', async () => {
    const client = mesh.client()
    const handle = rely('^1', client)
    await mesh.until(client.stop())
    expect(await mesh.until(read(handle).ended)).toMatchObject({ code: 'DS_CLOSED' })
    await expect(mesh.until(instances(handle))).rejects.toMatchObject({ code: 'DS_CLOSED' })
  })
})
