import { inspect, promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { dservice, type DService, type Remote } from '../../../lib/index.js'
import { LiveServices } from '../../../lib/tools/repl/live.js'
import { instance, view } from '../../support/views.js'

type Callable = Record<string, Remote>

/** A mesh that has d1 and my-svc, and notes what is called. */
function fakeMesh(): { mesh: DService; live: LiveServices; calls: unknown[] } {
  const calls: unknown[] = []
  const seen = view([
    instance('d1@1.4.2', { methods: ['transform', 'users.find', 'users.all'] }),
    instance('my-svc@1.0.0', { methods: ['a'] }),
    instance('my-svc@2.0.0', { methods: ['a', 'b'] }),
  ])
  const handle = (name: string, range: string | undefined, path: readonly string[]): unknown =>
    new Proxy(() => undefined, {
      get: (_, key) => {
        if (key === promisify.custom)
          return () => void calls.push([name, range, path.join('.'), expect.any(Function)])
        return key === 'then' ? undefined : handle(name, range, [...path, String(key)])
      },
      apply: (_, __, args: unknown[]) => {
        calls.push([name, range, path.join('.'), ...args])
        return args[0] === 'fail' ? Promise.reject(new Error('failed')) : Promise.resolve('done')
      },
    })
  const dnodeFor = (name: string, range?: string): Promise<unknown> =>
    name === 'gone' ? Promise.reject(new Error('no instance')) : Promise.resolve(handle(name, range, []))
  const mesh = Object.assign(dservice({ engine: 'memory:' }), {
    dnodeFor,
    inspect: () => Promise.resolve(seen),
  }) as DService
  return { mesh, calls, live: new LiveServices(mesh) }
}

describe('live services', () => {
  it('live services - a method is called by its path, on a handle that is made once', async () => {
    const { live, calls } = fakeMesh()
    const d1 = live.object('d1') as Callable
    expect(await d1['transform']?.('beep')).toBe('done')
    await (d1['users'] as Callable)['find']?.(7)
    await (live.object('@acme/img@^2') as Callable)['resize']?.()
    expect(calls).toEqual([
      ['d1', undefined, 'transform', 'beep'],
      ['d1', undefined, 'users.find', 7],
      ['@acme/img', '^2', 'resize'],
    ])
    expect(live.object('d1')).toBe(d1)
  })

  it('live services - a method that answers through a callback can be promisified', async () => {
    const { live, calls } = fakeMesh()
    const { transform } = live.object('d1') as Callable
    await promisify(transform as unknown as () => void)()
    expect(calls).toEqual([['d1', undefined, 'transform', expect.any(Function)]])
  })

  it('live services - show their version and methods, and say where they were not seen', async () => {
    const { live } = fakeMesh()
    const shown = (spec: string): string => inspect(live.object(spec), { showProxy: false })
    expect(shown('d1')).toBe('RemoteService d1 (not seen; .ls looks again)')
    await live.refresh()
    expect(shown('d1')).toBe('RemoteService d1@1.4.2 { transform, users.find, users.all }')
    expect(shown('my-svc')).toBe('RemoteService my-svc (1.0.0, 2.0.0) { a, b }')
    expect(shown('my-svc@^1')).toBe('RemoteService my-svc@^1 (1.0.0, 2.0.0) { a, b }')
    expect(Object.keys(live.object('d1'))).toEqual(['transform', 'users'])
    expect(Object.keys(live.all())).toEqual(['d1', 'my-svc'])
    expect(inspect(live.all())).toContain('RemoteService d1@1.4.2')
  })

  it('live services - are no promises, nor are their methods', async () => {
    const { live } = fakeMesh()
    const d1 = live.object('d1') as Callable
    const awaited = (value: unknown): Promise<unknown> => Promise.resolve(value)
    expect(await awaited(d1)).toBe(d1)
    await expect(awaited(live.all())).resolves.toBeDefined()
    expect([d1['then'], (d1['transform'] as Callable)['then']]).toEqual([undefined, undefined])
    expect(typeof d1['transform']).toBe('function')
    expect((d1['transform'] as unknown as () => void).name).toBe('transform')
  })

  it('live services - idle is when the last call has settled, also one that failed', async () => {
    const { live } = fakeMesh()
    const order: string[] = []
    const failing = (live.object('d1') as Callable)['transform']?.('fail').catch(() => order.push('failed'))
    await live.idle().then(() => order.push('idle'))
    await failing
    expect(order).toEqual(['failed', 'idle'])
  })

  it('live services - a service that was not there is looked for again', async () => {
    const { live, mesh } = fakeMesh()
    const gone = live.object('gone') as Callable
    await expect(gone['x']?.()).rejects.toThrow('no instance')
    Object.assign(mesh, { dnodeFor: () => Promise.resolve({ x: () => 'back' }) })
    expect(await gone['x']?.()).toBe('back')
  })
})
