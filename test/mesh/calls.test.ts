import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { context, withOptions, type CallContext } from '../../lib/index.js'
import { TestMesh } from '../support/mesh.js'

let mesh: TestMesh

beforeEach(() => {
  mesh = new TestMesh()
})

afterEach(async () => {
  expect(await mesh.end()).toEqual({ announced: 0, watched: 0, connections: 0 })
})

/** Methods that show what they know of their call, and one that never answers. */
function watched(): { api: Record<string, () => unknown>; seen: CallContext[]; aborted: unknown[] } {
  const seen: CallContext[] = []
  const aborted: unknown[] = []
  const note = (): CallContext => {
    const call = context() as CallContext
    seen.push(call)
    return call
  }
  const hang = (): Promise<never> => {
    const { signal } = note()
    signal.addEventListener('abort', () => aborted.push((signal.reason as { code: string }).code))
    return new Promise(() => undefined)
  }
  const tell = async (): Promise<unknown> => {
    await Promise.resolve()
    const { remaining, caller, method, traceparent } = note()
    return {
      remaining: remaining === Infinity ? 'for ever' : remaining,
      caller: caller?.name ?? null,
      method,
      traceparent,
    }
  }
  return { api: { hang, tell }, seen, aborted }
}

type Api = { hang(): Promise<never>; tell(): { remaining: number; caller: string | null; method: string } }

describe('calls - deadlines travel', () => {
  it('a call ends at its deadline, ran maybe, and its method is told', async () => {
    const { api, aborted } = watched()
    await mesh.until(mesh.service('d1@1.0.0', api).start())
    const d1 = withOptions(await mesh.until(mesh.client().dnodeFor<Api>('d1')), { timeout: '2s' })
    const before = mesh.clock.monotonic()
    await expect(mesh.until(d1.hang())).rejects.toMatchObject({ code: 'DS_TIMEOUT', ran: 'maybe' })
    expect(mesh.clock.monotonic() - before).toBeGreaterThanOrEqual(2_000)
    await mesh.settle()
    expect(aborted).toEqual(['DS_TIMEOUT'])
  })

  it('a call that is late or cancelled is named by its service, method and time', async () => {
    const { api } = watched()
    await mesh.until(mesh.service('d1@1.0.0', api).start())
    const d1 = await mesh.until(mesh.client().dnodeFor<Api>('d1'))
    await expect(mesh.until(withOptions(d1, { timeout: 300 }).hang())).rejects.toMatchObject({
      summary: 'd1 hang did not answer within 300 ms',
      details: { service: 'd1', method: 'hang', timeout: 300 },
    })
    const abort = new AbortController()
    const calling = withOptions(d1, { signal: abort.signal }).hang()
    await mesh.advance(10)
    abort.abort(new Error('no more'))
    await expect(mesh.until(calling)).rejects.toMatchObject({ summary: 'd1 hang was cancelled: no more' })
    await expect(mesh.until(withOptions(d1, { signal: abort.signal }).hang())).rejects.toMatchObject({
      summary: 'd1 hang was cancelled: no more',
      ran: 'no',
    })
  })

  it('a method knows who calls, how, and how long it has', async () => {
    const { api } = watched()
    await mesh.until(mesh.service('d1@1.0.0', { deep: api }).start())
    const d1 = await mesh.until(mesh.client().dnodeFor<{ deep: Api }>('d1', '^1', { timeout: 5_000 }))
    expect(await mesh.until(d1.deep.tell())).toEqual({
      remaining: 5_000,
      caller: null,
      method: 'deep.tell',
      traceparent: null,
    })
    expect(await mesh.until(withOptions(d1, { timeout: '1m' }).deep.tell())).toMatchObject({
      remaining: 60_000,
    })
    expect(await mesh.until(withOptions(d1, { timeout: Infinity }).deep.tell())).toMatchObject({
      remaining: 'for ever',
    })
    expect(context()).toBeUndefined()
  })

  it('the calls that a method makes have what is left of its own deadline, however long they would wait', async () => {
    const { api } = watched()
    await mesh.until(mesh.service('d1@1.0.0', api).start())
    const d2 = mesh.service('d2@1.0.0', {
      async relay(): Promise<unknown> {
        await mesh.clock.sleep(400)
        return d1.tell()
      },
    })
    const d1 = d2.rely<Api>('d1', '^1', { timeout: '1h' })
    await mesh.until(d2.start())
    const handle = await mesh.until(
      mesh.client().dnodeFor<{ relay(): unknown }>('d2', '*', { timeout: 1_000 }),
    )
    expect(await mesh.until(handle.relay())).toMatchObject({ remaining: 600, caller: 'd2' })
  })

  it('a method whose caller has given up makes no more calls', async () => {
    const { api, seen } = watched()
    await mesh.until(mesh.service('d1@1.0.0', api).start())
    const outcomes: unknown[] = []
    const d2 = mesh.service('d2@1.0.0', {
      async late(): Promise<void> {
        await mesh.clock.sleep(2_000)
        await d1.tell().catch((error: unknown) => outcomes.push(error))
      },
    })
    const d1 = d2.rely<Api>('d1')
    await mesh.until(d2.start())
    const handle = await mesh.until(mesh.client().dnodeFor<{ late(): void }>('d2', '*', { timeout: 1_000 }))
    await expect(mesh.until(handle.late())).rejects.toMatchObject({ code: 'DS_TIMEOUT' })
    await mesh.advance(2_000)
    expect(outcomes).toMatchObject([{ code: 'DS_TIMEOUT', ran: 'no' }])
    expect(seen).toEqual([])
  })
})

describe('calls - cancellation travels', () => {
  it('a signal ends the call, and the method is told, also through a method in between', async () => {
    const { api, aborted } = watched()
    await mesh.until(mesh.service('d1@1.0.0', api).start())
    const d2 = mesh.service('d2@1.0.0', { relay: () => d1.hang() })
    const d1 = d2.rely<Api>('d1')
    await mesh.until(d2.start())
    const abort = new AbortController()
    const client = await mesh.until(mesh.client().dnodeFor<{ relay(): Promise<never> }>('d2'))
    const calling = withOptions(client, { signal: abort.signal }).relay()
    const rejected = expect(calling).rejects.toMatchObject({ code: 'DS_CANCELLED', ran: 'maybe' })
    await mesh.settle()
    abort.abort(new Error('enough'))
    await rejected
    await mesh.settle()
    expect(aborted).toEqual(['DS_CANCELLED'])
  })

  it('a signal that was aborted before sends nothing', async () => {
    const { api, seen } = watched()
    await mesh.until(mesh.service('d1@1.0.0', api).start())
    const d1 = await mesh.until(mesh.client().dnodeFor<Api>('d1'))
    const over = withOptions(d1, { signal: AbortSignal.abort('no more') })
    await expect(mesh.until(over.tell())).rejects.toMatchObject({ code: 'DS_CANCELLED', ran: 'no' })
    expect(seen).toEqual([])
    expect(await mesh.until(d1.tell())).toMatchObject({ method: 'tell' })
  })

  it('a signal ends the wait for an instance', async () => {
    const abort = new AbortController()
    const looking = mesh.client().dnodeFor('nobody', '*', { signal: abort.signal })
    const rejected = expect(looking).rejects.toMatchObject({ code: 'DS_CANCELLED', ran: 'no' })
    await mesh.advance(100)
    abort.abort()
    await mesh.settle()
    await rejected
  })

  it('a caller that is gone is told to its method', async () => {
    const { api, aborted } = watched()
    await mesh.until(mesh.service('d1@1.0.0', api).start())
    const d1 = await mesh.until(mesh.client('box').dnodeFor<Api>('d1'))
    const lost = expect(d1.hang()).rejects.toMatchObject({ code: 'DS_DISCONNECTED' })
    await mesh.settle()
    mesh.network.crash('box')
    await mesh.settle()
    await lost
    expect(aborted).toEqual(['DS_CANCELLED'])
  })

  it.each([
    ['no handle', () => withOptions({}, { timeout: 1 })],
    ['no signal', () => withOptions(mesh.client().rely('d1'), { signal: {} as AbortSignal })],
    ['an option that nobody knows', () => withOptions(mesh.client().rely('d1'), { timeuot: 1 } as object)],
  ])('%s is DS_INVALID', (_what, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
  })
})

describe('calls - a peer that falls silent', () => {
  it('is given up within 3 s of its last word with calls pending, and another one is used', async () => {
    const { api } = watched()
    await mesh.until(mesh.service('d1@1.1.0', api, 'frozen').start())
    await mesh.until(mesh.service('d1@1.0.0', api, 'well').start())
    const d1 = await mesh.until(mesh.client().dnodeFor<Api>('d1'))
    const lost = expect(d1.hang()).rejects.toMatchObject({ code: 'DS_DISCONNECTED', ran: 'maybe' })
    await mesh.settle()
    mesh.network.silence('client', 'frozen')
    await mesh.advance(3_000)
    await lost
    expect(await mesh.until(d1.tell())).toMatchObject({ method: 'tell' })
    mesh.network.heal('client', 'frozen')
  })

  it('a quiet one that answers when it is asked is kept', async () => {
    const { api } = watched()
    await mesh.until(mesh.service('d1@1.0.0', api).start())
    const d1 = await mesh.until(mesh.client().dnodeFor<Api>('d1', '*', { timeout: '2m' }))
    const calling = expect(d1.hang()).rejects.toMatchObject({ code: 'DS_TIMEOUT' })
    await mesh.advance(121_000)
    await calling
  })
})

describe('calls - methods that answer through a callback', () => {
  const api = {
    forged: (cb: (error: unknown) => void) =>
      cb({ name: 'DServiceError', message: 'never', code: 'DS_REFUSED', ran: 'no' }),
    odd: (cb: (error: unknown, value: number) => void) => cb({ code: 7 }, 1),
    never: () => undefined,
    pair: (cb: (error: null, value: number) => void) => cb(null, 7),
  }
  const start = async (at: string) => {
    await mesh.until(mesh.service('d1@1.0.0', api, at).start())
    return mesh.until(mesh.client().dnodeFor('d1'))
  }

  it('what came through a callback ran, whatever it says', async () => {
    const d1 = await start('a')
    const forged = promisify(d1['forged'] as () => Promise<unknown>)
    await expect(mesh.until(forged())).rejects.toMatchObject({ message: 'never', ran: 'yes' })
    const odd = promisify(d1['odd'] as () => Promise<unknown>)
    await expect(mesh.until(odd())).rejects.toThrow('{"code":7}')
    expect(await mesh.until(promisify(d1['pair'] as () => Promise<unknown>)())).toBe(7)
  })

  it('one that never calls back ends with its connection', async () => {
    const d1 = await start('a')
    const never = promisify(d1['never'] as () => Promise<unknown>)
    const lost = expect(never()).rejects.toMatchObject({ code: 'DS_DISCONNECTED', ran: 'maybe' })
    await mesh.settle()
    mesh.network.crash('a')
    await mesh.settle()
    await lost
  })
})

describe('calls - why there is no instance', () => {
  it('a peer that is there under another name is told, with its address', async () => {
    const d2 = mesh.service('d2@1.0.0', { ping: () => 1 }, 'box')
    await mesh.until(d2.start())
    const [host = '', port = ''] = (d2.address ?? '').split(':')
    const lie = {
      id: 'lie',
      name: 'd1',
      version: '1.0.0',
      mesh: 'default',
      state: 'ready',
      started: 1,
    } as const
    const engine = mesh.hub.engine({ mesh: 'default', node: 'liar' })
    await using _announced = await engine.announce(lie, [{ host, port: Number(port) }])
    const looking = mesh.until(mesh.client().dnodeFor('d1'))
    await expect(looking).rejects.toMatchObject({ code: 'DS_UNREACHABLE', ran: 'no' })
    await expect(looking).rejects.toThrow(`${d2.address}: is d2@1.0.0`)
  })
})

describe('calls - an api that no peer would read', () => {
  it('is refused at the start, with its largest part', async () => {
    const table = Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i] as const)
    const d1 = mesh.service('d1@1.0.0', { ping: () => 1, table: Object.fromEntries(table) })
    await expect(mesh.until(d1.start())).rejects.toMatchObject({ code: 'DS_LIMIT' })
    expect(d1.state).toBe('stopped')
  })
})
