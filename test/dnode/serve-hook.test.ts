import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { forbidden } from '../../lib/base/errors.js'
import { context } from '../../lib/dnode/context.js'
import type { Next } from '../../lib/dnode/hook-chain.js'
import type { ServedCall, ServeHook } from '../../lib/dnode/serve-hook.js'
import type { Api, SessionOptions } from '../../lib/dnode/session.js'
import { two, valueOf, type Two } from './pair.js'

const WAIT = { timeout: 1_000 }

/** A server with these hooks, and how its method was entered. */
async function hooked(
  serve: ServeHook | readonly ServeHook[],
  more: { api?: Api; client?: Partial<SessionOptions>; server?: Partial<SessionOptions> } = {},
): Promise<Two & { entered: unknown[][]; ask(...args: unknown[]): Promise<unknown> }> {
  const entered: unknown[][] = []
  const api = more.api ?? { f: (...args: unknown[]) => (entered.push(args), 'answer') }
  const serving = { ...more.server, serve: [serve].flat() as ServeHook[] }
  const pair = await two(api, { ...(more.client ? { client: more.client } : {}), server: serving })
  const ask = async (...args: unknown[]): Promise<unknown> => valueOf(await pair.client.call('f', args, WAIT))
  return { ...pair, entered, ask }
}

const pause = async (): Promise<void> => {
  for (let turns = 0; turns < 5; turns++) await Promise.resolve()
}

describe('serve hook - what it sees and what it may do', () => {
  it('sees the call and is its context, before and after awaits, and so is the method', async () => {
    const seen: unknown[] = []
    const note = (call: ServedCall): void =>
      void seen.push([call.method, call.args, call.remaining, context()?.method])
    const { ask } = await hooked(
      async (call, next) => {
        note(call)
        await pause()
        note(call)
        return next()
      },
      { api: { f: () => context()?.method } },
    )
    expect(await ask(1, 'two')).toBe('f')
    expect(seen).toEqual([
      ['f', [1, 'two'], 1_000, 'f'],
      ['f', [1, 'two'], 1_000, 'f'],
    ])
  })

  it('the call prints and spreads with all that it says, its arguments too', async () => {
    const seen: unknown[] = []
    const { ask } = await hooked((call, next) => (seen.push({ ...call }, inspect(call)), next()), {
      api: { f: () => 1 },
    })
    await ask(1, 'two')
    expect(seen).toEqual([
      expect.objectContaining({ method: 'f', args: [1, 'two'], remaining: 1_000, traceparent: null }),
      expect.stringMatching(/method: 'f',\s+args: \[ 1, 'two' \],\s+caller: .*,\s+remaining: 1000,/),
    ])
  })

  it('the method runs in the context of its call wherever next is called from', async () => {
    const went: (() => void)[] = []
    const { ask, clock } = await hooked(
      (_call, next) => new Promise((done) => went.push(() => done(next()))),
      {
        api: { f: () => context()?.method },
      },
    )
    const asking = ask()
    await clock.settle()
    for (const go of went) go()
    expect(await asking).toBe('f')
  })

  it('what it gives next are the arguments, and what it returns is the answer', async () => {
    const { ask, entered } = await hooked(async ({ args }, next) => [await next([Number(args[0]), 'more'])])
    expect(await ask('7')).toEqual(['answer'])
    expect(entered).toEqual([[7, 'more']])
  })

  it('several are one around the other, and the inner one sees what the outer one gave', async () => {
    const seen: unknown[] = []
    const outer: ServeHook = async (call, next) => `outer(${String(await next([...call.args, 'outer']))})`
    const inner: ServeHook = async (call, next) => {
      seen.push(call.args)
      return `inner(${String(await next())})`
    }
    const { ask, entered } = await hooked([outer, inner])
    expect(await ask('x')).toBe('outer(inner(answer))')
    expect([seen, entered]).toEqual([[['x', 'outer']], [['x', 'outer']]])
  })

  it('is around one-way calls too, but around nothing that is no method of the api', async () => {
    const seen: string[] = []
    const { client, clock } = await hooked(
      (call, next) => {
        seen.push(call.method)
        return next()
      },
      {
        api: {
          f: () => undefined,
          sub: { g: (cb: (back: () => void) => void) => cb(() => seen.push('called back')) },
        },
        server: { builtins: { $describe: () => 'here' } },
      },
    )
    const { remote } = client.view() as unknown as { remote: { f(): void; sub: { g(cb: unknown): void } } }
    remote.f()
    remote.sub.g((back: () => void) => back())
    expect(valueOf(await client.call('$describe', [], WAIT))).toBe('here')
    await clock.settle()
    expect(seen).toEqual(['f', 'sub.g', 'called back'])
  })

  it('a callback method is answered by itself alone, also where a hook awaits before it', async () => {
    const later: (() => void)[] = []
    const api = {
      sync: (s: string, cb: (s: string) => void) => cb(s.toUpperCase()),
      late: (s: string, cb: (s: string) => void) => void later.push(() => cb(s)),
      value: (s: string, _cb: unknown) => s,
      nothing: async (_s: string, _cb: unknown) => undefined,
    }
    const hooks: ServeHook[] = [(_call, next) => next(), async (_call, next) => (await pause(), next())]
    for (const hook of hooks) {
      const { client, clock } = await hooked(hook, { api, client: { hello: null } })
      const heard: unknown[] = []
      const { remote } = client.view() as unknown as { remote: Record<string, (...args: unknown[]) => void> }
      for (const name of Object.keys(api)) {
        remote[name]?.('s', (...args: unknown[]) => void heard.push([name, ...args]))
        await clock.settle()
      }
      later.pop()?.()
      await clock.settle()
      expect(heard).toEqual([
        ['sync', 'S'],
        ['value', null, 's'],
        ['nothing', null, null],
        ['late', 's'],
      ])
    }
  })
})

describe('serve hook - what it throws', () => {
  it.each<[string, ServeHook]>([
    [
      'at once',
      () => {
        throw forbidden({ summary: 'only admins' })
      },
    ],
    [
      'later',
      async () => {
        await pause()
        throw forbidden({ summary: 'only admins' })
      },
    ],
  ])('before next did not run the method: %s', async (_when, hook) => {
    const { ask, entered } = await hooked(hook)
    await expect(ask()).rejects.toMatchObject({ code: 'DS_FORBIDDEN', ran: 'no', message: 'only admins' })
    expect(entered).toEqual([])
  })

  it('an error of its own arrives as it is, with ran no before next and yes after it', async () => {
    class Odd extends Error {
      override name = 'Odd'
      issue = 3
    }
    const before = await hooked(() => {
      throw new Odd('not so')
    })
    await expect(before.ask()).rejects.toMatchObject({ name: 'Odd', issue: 3, ran: 'no' })
    const after = await hooked(async (_call, next) => {
      await next()
      throw new Odd('not so')
    })
    await expect(after.ask()).rejects.toMatchObject({ name: 'Odd', issue: 3, ran: 'yes' })
    expect(after.entered).toHaveLength(1)
  })

  it('what the method throws passes through it, or is mended by it', async () => {
    const api = { f: () => Promise.reject(new TypeError('inside')) }
    const passing = await hooked((_call, next) => next(), { api })
    await expect(passing.ask()).rejects.toMatchObject({ name: 'TypeError', message: 'inside', ran: 'yes' })
    const mending = await hooked(
      (_call, next) => next().catch((error: unknown) => (error as Error).message),
      { api },
    )
    expect(await mending.ask()).toBe('inside')
  })

  it('what it refuses of a one-way call is told to the function in last place, or to the owner', async () => {
    const errors: string[] = []
    const { client, clock } = await hooked(() => Promise.reject(forbidden({ summary: 'only admins' })), {
      client: { hello: null },
      server: { onError: (error) => errors.push(error.message) },
    })
    const { remote } = client.view() as unknown as { remote: { f(cb?: unknown): void } }
    const told: unknown[] = []
    remote.f((error: unknown) => told.push(error))
    remote.f()
    await clock.settle()
    expect(told).toMatchObject([{ code: 'DS_FORBIDDEN', message: 'only admins' }])
    expect(errors).toEqual(['only admins'])
  })
})

describe('serve hook - next', () => {
  it.each<[string, ServeHook, object]>([
    ['never called', () => 'cached', { code: 'DS_INVALID', ran: 'no' }],
    ['given no list', (_call, next) => next('x' as never), { code: 'DS_INVALID', ran: 'no' }],
    ['called twice', (_call, next) => next().then(() => next()), { code: 'DS_INVALID', ran: 'yes' }],
  ])('%s is an error', async (_what, hook, expected) => {
    const { ask, entered } = await hooked(hook)
    await expect(ask()).rejects.toMatchObject(expected)
    expect(entered.length).toBeLessThan(2)
  })

  it('called after the call had its answer runs nothing, also through a hook further in', async () => {
    const kept: Next<readonly unknown[]>[] = []
    const keep: ServeHook = (_call, next) => {
      kept.push(next)
      throw forbidden({ summary: 'no' })
    }
    const one = await hooked(keep)
    await expect(one.ask()).rejects.toMatchObject({ ran: 'no' })
    await expect(kept[0]?.()).rejects.toMatchObject({ code: 'DS_INVALID' })
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const dropping: ServeHook = (_call, next) => {
      void next()
      throw forbidden({ summary: 'no' })
    }
    const waiting: ServeHook = async (_call, next) => {
      await gate
      return next()
    }
    const deep = await hooked([dropping, waiting])
    await expect(deep.ask()).rejects.toMatchObject({ ran: 'no' })
    open()
    await deep.clock.settle()
    expect([one.entered, deep.entered]).toEqual([[], []])
  })

  it('a rejection that a hook drops ends no process', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    const api = { f: () => Promise.reject(new Error('dropped')) }
    const { ask, clock } = await hooked(
      (_call, next) => {
        void next()
        return 'answered'
      },
      { api },
    )
    expect(await ask()).toBe('answered')
    await clock.settle()
    await new Promise((done) => setImmediate(done))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})

describe('serve hook - time', () => {
  it('one that hangs is ended for the caller by its deadline, and is counted as running', async () => {
    const { client, server, clock } = await hooked(() => new Promise(() => undefined))
    const asking = client.call('f', [], WAIT)
    await clock.advance(500)
    expect(server.running).toBe(1)
    await clock.advance(500)
    expect(await asking).toMatchObject({ error: { code: 'DS_TIMEOUT', ran: 'maybe' } })
  })

  it('one that comes to next after the deadline or a cancellation runs nothing', async () => {
    const opens: (() => void)[] = []
    const { client, entered, clock } = await hooked(async (_call, next) => {
      await new Promise<void>((open) => opens.push(open))
      return next()
    })
    let cancel: (reason: Error) => void = () => undefined
    const cancellation = {
      onAbort: (run: typeof cancel) => ((cancel = run), { [Symbol.dispose]: () => undefined }),
    }
    const late = client.call('f', [], WAIT)
    const cancelled = client.call('f', [], { timeout: 9_000, cancellation })
    await clock.advance(1_000)
    cancel(new Error('enough'))
    await clock.settle()
    for (const open of opens) open()
    await clock.settle()
    expect([await late, await cancelled]).toMatchObject([
      { error: { code: 'DS_TIMEOUT' } },
      { error: { code: 'DS_CANCELLED' } },
    ])
    expect([opens.length, entered]).toEqual([2, []])
  })

  it('an answer after the deadline is dropped', async () => {
    let open: () => void = () => undefined
    const { client, entered, clock } = await hooked(async (_call, next) => {
      const answer = await next()
      await new Promise<void>((done) => (open = done))
      return answer
    })
    const asking = client.call('f', [], WAIT)
    await clock.advance(1_000)
    open()
    await clock.settle()
    expect(await asking).toMatchObject({ error: { code: 'DS_TIMEOUT', ran: 'maybe' } })
    expect([entered.length, client.isClosed]).toEqual([1, false])
  })
})
