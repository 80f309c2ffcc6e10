import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  context,
  DServiceError,
  dservice,
  forbidden,
  withOptions,
  type CallHook,
  type HandleCall,
  type Hooks,
} from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

type D1 = { f(n?: unknown): unknown; secret(): string; hang(): Promise<never> }

const api = {
  f: (n?: unknown) => n ?? context()?.traceparent ?? null,
  secret: () => 'the secret',
  hang: () => new Promise<never>(() => undefined),
}

const start = async (hooks: readonly Hooks[] = [], at = 'd1'): Promise<void> =>
  mesh.until(mesh.service('d1@1.0.0', api, at, { hooks }).start())

const handle = (...call: CallHook[]) =>
  mesh.until(
    mesh.client('client', 'default', { hooks: call.map((hook) => ({ call: hook })) }).dnodeFor<D1>('d1'),
  )

describe('hooks - four stories', () => {
  it('tracing: spans hang together over three processes, by the traceparent that travels', async () => {
    const spans: { name: string; id: string; parent: string | null; failed: boolean }[] = []
    let made = 0
    const hex = (length: number): string => (++made).toString(16).padStart(length, '0')
    const tracing = (): Hooks => {
      const own = new WeakMap<object, string>()
      const span = async (name: string, above: string | null, run: (at: string) => Promise<unknown>) => {
        const at = `00-${above?.slice(3, 35) ?? hex(32)}-${hex(16)}-01`
        const entry = { name, id: at.slice(36, 52), parent: above?.slice(36, 52) ?? null, failed: false }
        spans.push(entry)
        try {
          return await run(at)
        } catch (error) {
          entry.failed = true
          throw error
        }
      }
      return {
        serve: (call, next) =>
          span(`serve ${call.method}`, call.traceparent, (at) => {
            own.set(context() ?? {}, at)
            return next()
          }),
        call: (call, next) => {
          const above = own.get(context() ?? {}) ?? call.traceparent
          return span(`call ${call.service}.${call.method}`, above, (traceparent) => next({ traceparent }))
        },
      }
    }
    await start([tracing()])
    const d2 = mesh.service('d2@1.0.0', { relay: () => d1.f() }, 'd2', { hooks: [tracing()] })
    const d1 = d2.rely<D1>('d1')
    await mesh.until(d2.start())
    const client = mesh.client('client', 'default', { hooks: [tracing()] })
    const remote = await mesh.until(client.dnodeFor<{ relay(): unknown }>('d2'))
    expect(await mesh.until(remote.relay())).toMatch(/^00-/)
    expect(spans.map(({ name }) => name)).toEqual(['call d2.relay', 'serve relay', 'call d1.f', 'serve f'])
    expect(spans.map(({ parent }) => parent)).toEqual([null, ...spans.slice(0, 3).map(({ id }) => id)])
  })

  it('metrics: every call is counted once, with its outcome and its instance', async () => {
    const counts = new Map<string, number>()
    const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1)
    const counting: CallHook = async (call, next) => {
      try {
        const value = await next()
        count(`${call.method} ok ${call.instance?.name}@${call.instance?.version}`)
        return value
      } catch (error) {
        const { code, ran } = error as DServiceError
        count(`${call.method} ${code} ${ran}`)
        throw error
      }
    }
    await start()
    const d1 = await handle(counting)
    await mesh.until(Promise.all([d1.f(1), d1.f(2)]))
    const failing = [
      (d1 as unknown as { nope(): Promise<unknown> }).nope(),
      withOptions(d1, { timeout: 10 }).hang(),
      withOptions(d1, { timeout: 0 }).f(),
    ].map((calling) => expect(calling).rejects.toBeInstanceOf(DServiceError))
    await mesh.until(Promise.all(failing))
    expect(Object.fromEntries(counts)).toEqual(
      Object.fromEntries([
        ['f DS_TIMEOUT no', 1],
        ['f ok d1@1.0.0', 2],
        ['hang DS_TIMEOUT maybe', 1],
        ['nope DS_NO_METHOD no', 1],
      ]),
    )
  })

  it('an access rule: who may not is told DS_FORBIDDEN, and the method did not run', async () => {
    const rule: Hooks = {
      serve: (call, next) => {
        if (call.method === 'secret' && call.caller?.name !== 'admin')
          throw forbidden('only admin', 'ask admin')
        return next()
      },
    }
    await start([rule])
    const d1 = await handle()
    const refused = mesh.until(d1.secret())
    await expect(refused).rejects.toBeInstanceOf(DServiceError)
    await expect(refused).rejects.toMatchObject({
      code: 'DS_FORBIDDEN',
      ran: 'no',
      summary: 'only admin',
      hint: 'ask admin',
    })
    const admin = mesh.service('admin@1.0.0', { look: () => served.secret() })
    const served = admin.rely<D1>('d1')
    await mesh.until(admin.start())
    const asked = await mesh.until(mesh.client('second').dnodeFor<{ look(): unknown }>('admin'))
    expect(await mesh.until(asked.look())).toBe('the secret')
  })

  it('validation: a schema coerces the arguments, or refuses them with the path', async () => {
    const schema: Hooks = {
      serve: ({ method, args }, next) => {
        if (method !== 'f') return next()
        const n = Number(args[0])
        if (!Number.isNaN(n)) return next([n])
        const path = 'arguments[0]'
        throw new DServiceError('DS_INVALID', { summary: `${path} of f is no number`, details: { path } })
      },
    }
    await start([schema])
    const d1 = await handle()
    expect(await mesh.until(d1.f('7'))).toBe(7)
    await expect(mesh.until(d1.f('x'))).rejects.toMatchObject({
      code: 'DS_INVALID',
      ran: 'no',
      details: { path: 'arguments[0]' },
    })
  })
})

describe('call hook - what it sees', () => {
  it('the call as the user made it, once, however many instances are asked', async () => {
    await start([], 'first')
    await mesh.until(mesh.service('d1@1.1.0', api, 'second').start())
    const seen: HandleCall[] = []
    const d1 = await handle((call, next) => (seen.push(call), next()))
    const draining = mesh.until(mesh.service('d1@1.2.0', api, 'third').start())
    await draining
    expect(await mesh.until(d1.f(1))).toBe(1)
    expect(seen).toHaveLength(1)
    expect(seen[0]).toMatchObject({
      service: 'd1',
      range: '*',
      method: 'f',
      args: [1],
      timeout: 30_000,
      traceparent: null,
    })
    expect(seen[0]?.instance?.version).toMatch(/^1\.\d\.0$/)
  })

  it('what it returns is the value, and the inner one sees the trace of the outer one', async () => {
    await start()
    const at = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const seen: unknown[] = []
    const d1 = await handle(
      async (_call, next) => [await next({ traceparent: at })],
      (call, next) => (seen.push(call.traceparent), next()),
    )
    expect(await mesh.until(d1.f())).toEqual([at])
    expect(seen).toEqual([at])
  })

  it('is around promisified calls too', async () => {
    await mesh.until(
      mesh.service('d1@1.0.0', { f: (n: number, cb: (n: number) => void) => cb(n + 1) }).start(),
    )
    const seen: unknown[] = []
    const d1 = await handle((call, next) => (seen.push(call.args), next()))
    expect(await mesh.until(promisify(d1.f as (n: number) => Promise<unknown>)(1))).toBe(2)
    expect(seen).toEqual([[1]])
  })

  it('the error shows the line that called; what a hook throws shows its own', async () => {
    await start()
    const plain = await handle((_call, next) => next())
    const calling = async (): Promise<unknown> => {
      try {
        return await plain.f(new WeakMap())
      } catch (error) {
        return (error as Error).stack
      }
    }
    const theirs = await mesh.until(calling())
    expect(theirs).toMatch(/at (async )?calling .*hooks\.test\.ts/)
    const own = new RangeError('from the hook')
    const { stack } = own
    const throwing = await mesh.until(
      mesh.client('other', 'default', { hooks: [{ call: () => Promise.reject(own) }] }).dnodeFor<D1>('d1'),
    )
    await expect(mesh.until(throwing.f())).rejects.toBe(own)
    expect(own.stack).toBe(stack)
  })
})

describe('call hook - misuse and time', () => {
  it.each<[string, CallHook, string]>([
    ['never calls next', () => 'cached', 'no'],
    ['calls next twice', (_call, next) => next().then(() => next()), 'yes'],
    ['gives no trace context', (_call, next) => next({ traceparent: 'abc' }), 'no'],
    ['misspells the trace context', (_call, next) => next({ traceParent: 'x' } as never), 'no'],
    ['gives a text', (_call, next) => next('x' as never), 'no'],
  ])('one that %s fails the call', async (_what, hook, ran) => {
    await start()
    const d1 = await handle(hook)
    await expect(mesh.until(d1.f())).rejects.toMatchObject({ code: 'DS_INVALID', ran })
  })

  it('a misspelt key is told with the right one', async () => {
    await start()
    const d1 = await handle((_call, next) => next({ traceParent: 'x' } as never))
    await expect(mesh.until(d1.f())).rejects.toThrow(/"traceParent".*did you mean traceparent\?/i)
  })

  it('one that hangs before next is ended by the deadline, and never sends the call', async () => {
    await start()
    let late: () => Promise<unknown> = () => Promise.resolve()
    const d1 = await handle((_call, next) => new Promise(() => (late = next)))
    await expect(mesh.until(withOptions(d1, { timeout: 300 }).f())).rejects.toMatchObject({
      code: 'DS_TIMEOUT',
      ran: 'no',
    })
    const refused = expect(late()).rejects.toMatchObject({ code: 'DS_TIMEOUT', ran: 'no' })
    await mesh.until(refused)
  })

  it('one that hangs after next is ended by the deadline or the signal, and the call has run', async () => {
    await start()
    const d1 = await handle((_call, next) => next().then(() => new Promise(() => undefined)))
    await expect(mesh.until(withOptions(d1, { timeout: 300 }).f())).rejects.toMatchObject({
      code: 'DS_TIMEOUT',
      ran: 'yes',
    })
    const abort = new AbortController()
    const calling = expect(withOptions(d1, { signal: abort.signal }).f()).rejects.toMatchObject({
      code: 'DS_CANCELLED',
      ran: 'yes',
    })
    await mesh.advance(10)
    abort.abort()
    await mesh.until(calling)
  })

  it('a hook has its say about the deadline of the call, but not more time', async () => {
    await start()
    const mending = await handle((_call, next) =>
      next().catch((error: unknown) => [(error as DServiceError).code, (error as DServiceError).ran]),
    )
    expect(await mesh.until(withOptions(mending, { timeout: 300 }).hang())).toEqual(['DS_TIMEOUT', 'maybe'])
    const stuck = mesh.client('other', 'default', {
      hooks: [{ call: (_call, next) => next().catch(() => new Promise(() => undefined)) }],
    })
    const d1 = withOptions(await mesh.until(stuck.dnodeFor<D1>('d1')), { timeout: 300 })
    const before = mesh.clock.monotonic()
    await expect(mesh.until(d1.hang())).rejects.toMatchObject({ code: 'DS_TIMEOUT', ran: 'maybe' })
    expect(mesh.clock.monotonic() - before).toBeLessThan(400)
  })
})

describe('hooks - as options', () => {
  it.each<[string, unknown]>([
    ['no list', { serve: () => 1 }],
    ['a hook of another name', [{ server: () => 1 }]],
    ['no function', [{ call: 7 }]],
    ['null', [null]],
  ])('%s is DS_INVALID', (_what, hooks) => {
    const make = (): unknown => dservice({ hooks: hooks as Hooks[], engine: 'memory:' })
    expect(make).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
  })

  it('redact that is no function is DS_INVALID', () => {
    const make = (): unknown => dservice({ redact: true as never, engine: 'memory:' })
    expect(make).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
  })
})
