import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { context, type ClassicRemote, type DnodeView } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(async () => {
  mesh = new TestMesh()
  await mesh.until(mesh.service('s@1.0.0', api, 's').start())
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

type Api = { who(): string | null; later(ms: number): Promise<string | null>; watch(on: () => void): void }

let told: (() => void) | null = null
const who = (): string | null => context()?.caller?.name ?? null
const api = {
  who,
  later: async (ms: number) => (await mesh.clock.sleep(ms), who()),
  watch: (on: () => void) => void (told = on),
}

const office = () => mesh.service('office@1.0.0', { x: () => 1 })

describe('introduce - a service that called before its start', () => {
  it('has no name until it starts, and its name from then on, by the same handle', async () => {
    const p = office()
    const s = await mesh.until(p.dnodeFor<Api>('s'))
    expect(await mesh.until(s.who())).toBeNull()
    await mesh.until(p.start())
    expect(await mesh.until(s.who())).toBe('office')
    await mesh.until(p.stop())
  })

  it('a dependency that was called before the start is met again at once', async () => {
    const p = office()
    const s = p.rely<Api>('s')
    expect(await mesh.until(s.who())).toBeNull()
    await mesh.until(p.start())
    expect([p.state, await mesh.until(s.who())]).toEqual(['ready', 'office'])
  })

  it('what only looked around has its name as well', async () => {
    const p = office()
    await mesh.until(p.inspect())
    await mesh.until(p.start())
    expect(await mesh.until((await mesh.until(p.dnodeFor<Api>('s'))).who())).toBe('office')
  })

  it('calls that are on their way end where they were made, and none fails', async () => {
    const p = office()
    const s = await mesh.until(p.dnodeFor<Api>('s'))
    const before = [s.later(3_000), s.later(500)]
    await mesh.advance(10)
    const starting = p.start()
    const during = s.who()
    await mesh.until(starting)
    const [, ...rest] = await mesh.until(Promise.all([during, s.who(), ...before]))
    expect(rest).toEqual(['office', null, null])
    await mesh.advance(5_000)
    expect(mesh.network.connections).toBe(1)
  })

  it('a callback that was sent before is still called, and a view still serves', async () => {
    const p = office()
    const s = await mesh.until(p.dnodeFor<Api>('s'))
    const heard: unknown[] = []
    await mesh.until(s.watch(() => heard.push('watched')))
    const view = new Promise<ClassicRemote<Api>>((resolve) => {
      p.dnodeFor<Api>('s', (_err, remote, d) => (d.on('end', () => heard.push('end')), resolve(remote)))
    })
    const remote = await mesh.until(view)
    await mesh.until(p.start())
    await mesh.advance(5_000)
    told?.()
    ;(remote.later as (ms: number, cb: (err: unknown, name: unknown) => void) => void)(1, (_err, name) =>
      heard.push(name),
    )
    await mesh.advance(10)
    expect(heard).toEqual(['watched', null])
  })

  it('a view is ended with its session all the same when it is let go of', async () => {
    const p = office()
    const view = new Promise<DnodeView>((resolve) => p.dnodeFor('s', (_err, _remote, d) => resolve(d)))
    const d = await mesh.until(view)
    await mesh.until(p.start())
    await mesh.advance(5_000)
    const before = mesh.network.connections
    d.end()
    await mesh.advance(2_000)
    expect([before, mesh.network.connections]).toEqual([2, 1])
  })

  it.each([20, 60, 100, 140, 180, 220])(
    'one that was being dialled %i ms ago is dialled again under the name',
    async (ms) => {
      const p = office()
      mesh.network.delay(50)
      const looking = p.dnodeFor<Api>('s')
      await mesh.advance(ms)
      const starting = p.start()
      await mesh.until(Promise.all([looking, starting]))
      expect(await mesh.until((await looking).who())).toBe('office')
      mesh.network.delay(0)
    },
  )
})
