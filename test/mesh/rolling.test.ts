/** A restart in order loses nothing: who calls an instance that is going moves on unnoticed, however far away it is. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DService } from '../../lib/index.js'
import type { Connection } from '../../lib/wire/connection.js'
import { TestMesh } from '../support/mesh.js'

interface D1 {
  run(id: number): Promise<string>
}

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

function serve(at: string, ledger: number[], ms: number): DService {
  const run = async (id: number): Promise<string> => {
    ledger.push(id)
    if (ms > 0) await mesh.clock.sleep(ms)
    return at
  }
  return mesh.service('d1@1.0.0', { run }, at) as DService
}

describe('rolling restart', () => {
  it.each([
    { way: 0, ms: 0 },
    { way: 5, ms: 0 },
    { way: 5, ms: 20 },
    { way: 20, ms: 0 },
  ])('no call fails, and none runs twice: $way ms away, $ms ms a call', async ({ way, ms }) => {
    const ledger: number[] = []
    const services = ['a', 'b', 'c'].map((at) => serve(at, ledger, ms))
    await mesh.until(Promise.all(services.map((service) => service.start())))
    const d1 = await mesh.until(mesh.client().dnodeFor<D1>('d1'))
    mesh.network.delay(way)
    const failed: unknown[] = []
    let made = 0
    let ended = 0
    const callFor = async (time: number): Promise<void> => {
      for (let passed = 0; passed < time; passed++) {
        const call = d1.run(made++)
        void call.catch((error: unknown) => failed.push(error)).then(() => ended++)
        await mesh.advance(1)
      }
    }
    for (const service of services) {
      const stopped = service.stop()
      await callFor(3 * way + 50)
      await mesh.until(stopped)
      const started = service.start()
      await callFor(3 * way + 50)
      await mesh.until(started)
    }
    mesh.network.delay(0)
    await mesh.advance(5_000)
    expect(failed).toEqual([])
    expect([ended, new Set(ledger).size, ledger.length]).toEqual([made, made, made])
  })
})

describe('stop - what it waits for', () => {
  const took = async (service: DService): Promise<number> => {
    const before = mesh.clock.monotonic()
    await mesh.until(service.stop())
    return mesh.clock.monotonic() - before
  }

  it('the only instance: calls that are made meanwhile wait for the next start, and none fails', async () => {
    const ledger: number[] = []
    const service = serve('a', ledger, 5)
    await mesh.until(service.start())
    const d1 = await mesh.until(mesh.client().dnodeFor<D1>('d1'))
    mesh.network.delay(5)
    const calls: Promise<string>[] = []
    const stopped = service.stop()
    for (let i = 0; i < 300; i++) {
      calls.push(d1.run(i))
      await mesh.advance(1)
    }
    await mesh.until(stopped)
    await mesh.until(service.start())
    expect(new Set(await mesh.until(Promise.all(calls)))).toEqual(new Set(['a']))
    expect(ledger.length).toBe(300)
    mesh.network.delay(0)
  })

  it('a method that never ends: 10 s, and its caller hears that it may have run', async () => {
    const hang = (): Promise<never> => new Promise(() => undefined)
    const service = mesh.service('d1@1.0.0', { hang }, 'a') as DService
    await mesh.until(service.start())
    const d1 = await mesh.until(mesh.client().dnodeFor<{ hang(): string }>('d1'))
    const lost = expect(d1.hang()).rejects.toMatchObject({ code: 'DS_DISCONNECTED', ran: 'maybe' })
    await mesh.settle()
    expect(Math.abs((await took(service)) - 10_000)).toBeLessThan(20)
    await lost
  })

  it('a caller that is frozen: 2 s for what it has sent, and as long for its end', async () => {
    const service = serve('a', [], 0)
    await mesh.until(service.start())
    await mesh.until(mesh.client().dnodeFor<D1>('d1'))
    mesh.network.silence('client', 'a')
    expect(Math.abs((await took(service)) - 4_000)).toBeLessThan(20)
    mesh.network.heal('client', 'a')
  })

  it('a stranger that says nothing: 2 s, and one that speaks plain dnode not at all', async () => {
    const service = serve('a', [], 0)
    await mesh.until(service.start())
    const dial = async (): Promise<Connection> => {
      const [host, port] = service.address!.split(':') as [string, string]
      const connection = await mesh.network.transport('stranger').dial({ host, port: Number(port) })
      connection.open({ row: () => undefined, drain: () => undefined })
      return connection
    }
    const classic = await mesh.until(dial())
    classic.send('{"method":"methods","arguments":[{}],"callbacks":{},"links":[]}\n')
    await mesh.settle()
    expect(await took(service)).toBeLessThan(20)
    await mesh.until(service.start())
    await mesh.until(dial())
    expect(Math.abs((await took(service)) - 2_000)).toBeLessThan(20)
  })
})
