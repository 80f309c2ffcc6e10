import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KeepAlive } from '../../lib/base/keepalive.js'
import { TestMesh } from '../support/mesh.js'

const ping = { ping: () => 'pong' }
let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

/** From now on a goodbye takes so many milliseconds. */
function slowGoodbyes(ms: number): void {
  const make = mesh.hub.engine.bind(mesh.hub)
  mesh.hub.engine = (options) => {
    const engine = make(options)
    const announce = engine.announce.bind(engine)
    engine.announce = async (self, at) => {
      const announcement = await announce(self, at)
      const end = announcement[Symbol.asyncDispose].bind(announcement)
      announcement[Symbol.asyncDispose] = async () => {
        await mesh.clock.sleep(ms)
        await end()
      }
      return announcement
    }
    return engine
  }
}

describe('races - start and stop in any order', () => {
  it('a stop while a start is failing waits for that end, and holds or lets go of nothing twice', async () => {
    const d1 = mesh.service('d1@1.0.0', ping)
    d1.rely('d2')
    const waiting = d1.start()
    await mesh.advance(100)
    slowGoodbyes(50)
    const keepAlive = new KeepAlive(false)
    const d2 = mesh.service('d2@1.0.0', ping, 'd2', { keepAlive })
    d2.rely('d1')
    const states: string[] = []
    using _listener = d2.on('state', (state) => void states.push(state))
    const failing = expect(d2.start()).rejects.toMatchObject({ code: 'DS_CYCLE' })
    await mesh.advance(40)
    expect(d2.state).toBe('waiting')
    await mesh.until(d2.stop())
    await failing
    expect([states, keepAlive.count]).toEqual([['starting', 'waiting', 'stopped'], 0])
    await mesh.until(d1.stop())
    await waiting
  })

  it('stop in the tick of the start stops it', async () => {
    const d1 = mesh.service('d1@1.0.0', ping)
    const starting = d1.start()
    await mesh.until(d1.stop())
    await mesh.until(starting)
    expect([d1.state, d1.address]).toEqual(['stopped', null])
  })

  it('stop, start, stop ends stopped; stop, start ends ready', async () => {
    const d1 = mesh.service('d1@1.0.0', ping)
    await mesh.until(d1.start())
    await mesh.until(Promise.all([d1.stop(), d1.start(), d1.stop()]))
    expect(d1.state).toBe('stopped')
    await mesh.until(d1.start())
    await mesh.until(Promise.all([d1.stop(), d1.start()]))
    expect(d1.state).toBe('ready')
  })

  it('an aborted start leaves nothing behind, also when it waited for a stop', async () => {
    const d1 = mesh.service('d1@1.0.0', ping)
    await mesh.until(d1.start())
    const abort = new AbortController()
    const stopping = d1.stop()
    const starting = d1.start({ signal: abort.signal })
    const rejected = expect(starting).rejects.toThrow('enough')
    abort.abort(new Error('enough'))
    await mesh.until(stopping)
    await mesh.settle()
    await rejected
    expect([d1.state, mesh.hub.announced]).toEqual(['stopped', 0])
  })

  it('an abort in the middle of a start stops it', async () => {
    const d2 = mesh.service('d2@1.0.0', ping)
    d2.rely('nobody')
    const abort = new AbortController()
    const rejected = expect(d2.start({ signal: abort.signal })).rejects.toThrow('enough')
    await mesh.advance(100)
    abort.abort(new Error('enough'))
    await mesh.advance(100)
    await rejected
    expect([d2.state, mesh.hub.announced]).toEqual(['stopped', 0])
  })

  it('an aborted start rejects when the service has stopped, and not while calls of it run', async () => {
    const d2 = mesh.service('d2@1.0.0', { work: () => mesh.clock.sleep(3_000) })
    d2.rely('nobody')
    const abort = new AbortController()
    const states: string[] = []
    const starting = d2.start({ signal: abort.signal }).catch(() => void states.push(d2.state))
    const remote = await mesh.until(mesh.client().dnodeFor<{ work(): void }>('d2'))
    const working = remote.work()
    await mesh.settle()
    abort.abort(new Error('enough'))
    await mesh.advance(2_000)
    expect([states, d2.state]).toEqual([[], 'draining'])
    await mesh.until(Promise.all([working, starting]))
    expect(states).toEqual(['stopped'])
  })

  it('a start that failed looks for its dependencies no more', async () => {
    const a = mesh.service('a@1.0.0', ping)
    const b = mesh.service('b@1.0.0', ping)
    a.rely('b')
    b.rely('a')
    void a.start()
    await mesh.advance(50)
    await expect(mesh.until(b.start())).rejects.toMatchObject({ code: 'DS_CYCLE' })
    await mesh.until(a.stop())
    expect(mesh.hub.watched).toBe(0)
  })
})

describe('races - many instances', () => {
  it('thirty-two of one version do not hide one of another', async () => {
    const api = { version: () => 2 }
    const old = Array.from({ length: 40 }, (_, i) => mesh.service('d1@1.0.0', ping, `old${i}`))
    await mesh.until(Promise.all(old.map((service) => service.start())))
    await mesh.until(mesh.service('d1@2.0.0', api).start())
    const handle = await mesh.until(mesh.client().dnodeFor<typeof api>('d1', '^2'))
    expect(await mesh.until(handle.version())).toBe(2)
    const { instances } = await mesh.until(mesh.client('other').inspect())
    expect(instances.length).toBe(41)
  })
})

describe('races - what a handle looks like', () => {
  it('console.log shows the service and its methods, and nothing that writes on the terminal', async () => {
    const nasty = { ...ping, ['\x1b[31mred\u202e\n']: () => 1 }
    await mesh.until(mesh.service('d1@1.0.0', nasty).start())
    const handle = await mesh.until(mesh.client().dnodeFor('d1'))
    expect(inspect(handle)).toBe(String.raw`RemoteService d1@1.0.0 { ping, "\u001b[31mred\u202e\n" }`)
    expect(Object.keys(handle)).toEqual(['ping', '\x1b[31mred\u202e\n'])
    expect('then' in handle).toBe(false)
  })
})
