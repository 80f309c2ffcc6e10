/** What the two sides of a recorded session serve: methods that a hostile peer may call as it likes. */
import type { Clock } from '../../lib/base/clock.js'
import { context } from '../../lib/dnode/context.js'

type Method = (...args: unknown[]) => unknown

/** Is shown what every method is called with; it must not take long. */
export type Look = (args: readonly unknown[]) => unknown

/** Calls what may be a function. */
export function call(f: unknown, ...args: unknown[]): unknown {
  return typeof f === 'function' ? (f as Method)(...args) : undefined
}

/** The api that is served; no method does more than its arguments' size allows. */
export function servedApi(clock: Clock, look: Look): object {
  const looked = <T extends (...args: never[]) => unknown>(method: T): T =>
    function (this: unknown, ...args: never[]): unknown {
      look(args)
      return method.apply(this, args)
    } as unknown as T
  return {
    echo: looked((x: unknown, cb: unknown) => (typeof cb === 'function' ? (cb as Method)(x) : x)),
    later: looked(async (x: unknown) => {
      await clock.sleep(20)
      return x
    }),
    wait: looked(waitForAbort),
    fail: looked(fail),
    each: looked((list: unknown, cb: unknown) => {
      if (Array.isArray(list)) list.slice(0, 100).forEach((item, i) => call(cb, item, i))
    }),
    subscribe: looked((o: { on?: { data?: unknown; end?: unknown } } | null) => {
      call(o?.on?.data, 1, (more: unknown) => call(more, 'more'))
      call(o?.on?.end)
    }),
    give: looked(() => ({ f: () => 1, nested: { g: (cb: unknown) => call(cb, 'g') } })),
    call: looked((cb: unknown) => call(cb, cb)),
    walk: looked((x: unknown) => JSON.stringify(x)?.length),
    big: looked((n: unknown) => 'é'.repeat(typeof n === 'number' && n > 0 && n < 50_000 ? n : 1)),
    nothing: looked(() => undefined),
    peek: looked(() => context()?.signal.aborted),
    count: looked(async function* (n: unknown) {
      for (let i = 0; i < 3_000 && typeof n === 'number' && i < n; i++) yield { i }
    }),
    sum: looked(async (items: unknown) => {
      let count = 0
      if (typeof items === 'object' && items !== null && Symbol.asyncIterator in items) {
        for await (const _item of items as AsyncIterable<unknown>) if (++count === 10) break
      }
      return count
    }),
    pieces: looked(async function* (n: unknown) {
      for (let i = 0; i < 30 && typeof n === 'number' && i < n; i++) yield Buffer.alloc(i * 100, '\n\u00ff')
    }),
    until: looked((signal: unknown) => (signal instanceof AbortSignal ? untilAborted(signal) : null)),
    ask: looked(async (cb: unknown) => [await call(cb, 1), await call(cb, 2)]),
    stopped: looked((signal: unknown) => (signal instanceof AbortSignal ? signal.aborted : null)),
    login: looked((key: unknown) => ({ profile: () => ({ key }), fails: () => fail('deep') })),
    users: { find: looked((id: unknown) => ({ id, name: 'ann' })) },
  }
}

/** What the calling side serves, for those that call back. */
export function callersApi(look: Look): object {
  return {
    progress: (...args: unknown[]): number => {
      look(args)
      return args.length
    },
  }
}

function waitForAbort(): Promise<unknown> {
  return untilAborted(context()?.signal)
}

function untilAborted(signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise((_, reject) => {
    const over = (): void => reject(new Error('nobody waits', { cause: signal?.reason }))
    if (!signal || signal.aborted) over()
    else signal.addEventListener('abort', over, { once: true })
  })
}

function fail(kind: unknown): never {
  if (kind === 'text') throw 'a text'
  const cause = Object.assign(new TypeError('inner'), { code: 'E_INNER', at: { row: 3 } })
  throw Object.assign(new RangeError('outer', { cause }), { code: 17, path: ['a', 0] })
}
