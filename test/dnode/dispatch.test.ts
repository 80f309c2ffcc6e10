/** One-way calls as classic dnode makes them: who is answered, once, and what becomes of errors. */
import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { refused } from '../../lib/base/errors.js'
import type { Api } from '../../lib/dnode/session.js'
import { writeWireError } from '../../lib/dnode/wire-error.js'
import { methodsRow, two, withRaw } from './pair.js'

type Method = (...args: unknown[]) => void

/** A client's remote, what the server's functions threw, and the calls that came back. */
async function classic(api: Api, more: { admit?: () => ReturnType<typeof refused> } = {}) {
  const errors: string[] = []
  const onError = (error: Error): void => void errors.push(writeWireError(error, 'yes').message)
  const pair = await two(api, { server: { hello: null, onError, ...more } })
  const calls: unknown[][] = []
  const remote = pair.client.remote as Record<string, Method>
  const call = async (method: string, ...args: unknown[]): Promise<unknown[][]> => {
    calls.length = 0
    remote[method]?.(...args, (...answer: unknown[]) => calls.push(answer))
    await pair.clock.settle()
    return calls
  }
  return { ...pair, errors, remote, call, calls }
}

describe('dispatch - the function in last place', () => {
  it('dispatch - what the method itself calls is all that is heard', async () => {
    const { call, errors } = await classic({
      once: (cb: Method) => cb(1),
      twice: (cb: Method) => {
        cb(1)
        cb(2)
      },
      andReturns: (cb: Method) => {
        cb(1)
        return 2
      },
      andResolves: async (cb: Method) => {
        await Promise.resolve()
        cb(1)
        return 2
      },
      never: (_cb: Method) => undefined,
    })
    expect(await call('once')).toEqual([[1]])
    expect(await call('twice')).toEqual([[1], [2]])
    expect(await call('andReturns')).toEqual([[1]])
    expect(await call('andResolves')).toEqual([[1]])
    expect(await call('never')).toEqual([])
    expect(errors).toEqual([])
  })

  it('dispatch - a value or promise answers (null, value), an error answers (error)', async () => {
    const { call, errors } = await classic({
      value: () => 0,
      resolves: async () => undefined,
      thenable: () => ({ then: (done: Method) => done('soon') }),
      throws: () => {
        throw new RangeError('far')
      },
      rejects: async () => {
        throw new Error('no')
      },
      text: () => {
        throw 'just text'
      },
      hostile: () => {
        throw Object.defineProperty(new Error('x'), 'message', {
          get: () => {
            throw new Error('!')
          },
        })
      },
      bare: () => {
        throw Object.create(null)
      },
      rejectsBare: async () => {
        throw Object.create(null)
      },
      cannotTravel: () => ({ sum: 1n }),
    })
    expect(await call('value')).toEqual([[null, 0]])
    expect(await call('resolves')).toEqual([[null, null]])
    expect(await call('thenable')).toEqual([[null, 'soon']])
    expect(await call('throws')).toEqual([[{ name: 'RangeError', message: 'far' }]])
    expect(await call('rejects')).toEqual([[{ name: 'Error', message: 'no' }]])
    expect(await call('text')).toEqual([[{ name: 'Error', message: 'just text' }]])
    expect(await call('cannotTravel')).toMatchObject([[{ code: 'DS_UNSENDABLE' }]])
    expect(errors).toEqual([])
    expect(await call('bare')).toEqual([[{ name: 'Error', message: 'a thrown object' }]])
    expect(await call('rejectsBare')).toEqual([[{ name: 'Error', message: 'a thrown object' }]])
    expect(await call('hostile')).toEqual([
      [{ name: 'Error', message: 'an error that cannot be described: !' }],
    ])
    expect(errors).toEqual(['an error that cannot be described: !'])
  })

  it('dispatch - an error after the function was called, or without one, is told to the owner', async () => {
    const { call, remote, clock, errors } = await classic({
      callsAndThrows: (cb: Method) => {
        cb(1)
        throw new Error('after')
      },
      callsAndRejects: async (cb: Method) => {
        cb(1)
        throw new Error('later')
      },
      throws: () => {
        throw new Error('alone')
      },
      rejects: async () => {
        throw new Error('alone too')
      },
      getter: () =>
        Object.defineProperty({}, 'then', {
          get: () => {
            throw new Error('then')
          },
        }),
    })
    expect(await call('callsAndThrows')).toEqual([[1]])
    expect(await call('callsAndRejects')).toEqual([[1]])
    for (const name of ['throws', 'rejects', 'getter']) remote[name]?.()
    await clock.settle()
    expect(errors).toEqual(['after', 'later', 'alone', 'then', 'alone too'])
  })

  it('dispatch - a timer or an emitter that callback code happens to return is no answer', async () => {
    const emitter = new EventEmitter()
    const { call, calls, clock } = await classic({
      immediate: (cb: Method) => setImmediate(() => cb('now')),
      subscribe: (cb: Method) => emitter.on('x', cb),
    })
    expect(await call('immediate')).toEqual([['now']])
    expect(await call('subscribe')).toEqual([])
    emitter.emit('x', 7)
    await clock.settle()
    expect(calls).toEqual([[7]])
  })

  it('dispatch - one function in last place of several calls is answered for each', async () => {
    const finish: Method[] = []
    const { remote, clock } = await classic({
      slow: (n: number) => new Promise((resolve) => finish.push(() => resolve(n))),
      quick: (n: number, cb: Method) => cb(null, n),
    })
    const seen: unknown[] = []
    const cb = (_error: unknown, n: unknown): void => void seen.push(n)
    remote['slow']?.(1, cb)
    remote['slow']?.(2, cb)
    remote['quick']?.(3, cb)
    await clock.settle()
    expect(seen).toEqual([3])
    finish[1]?.()
    await clock.settle()
    finish[0]?.()
    await clock.settle()
    expect(seen).toEqual([3, 2, 1])
  })

  it('dispatch - a function received twice is the same function', async () => {
    const kept = new Set<Method>()
    const { remote, clock, server } = await classic({ keep: (cb: Method) => void kept.add(cb) })
    const cb = (): void => undefined
    remote['keep']?.(cb)
    remote['keep']?.(cb)
    await clock.settle()
    expect([kept.size, server.references.imported]).toEqual([1, 1])
  })

  it('dispatch - a refused one-way call tells the function in last place', async () => {
    const { call } = await classic({ f: () => 1 }, { admit: () => refused({ summary: 'draining' }) })
    expect(await call('f')).toMatchObject([[{ code: 'DS_REFUSED', message: 'draining' }]])
  })
})

describe('dispatch - apis', () => {
  it('dispatch - a constructor is called with new, the remote and the session; what it returns is the api', async () => {
    const seen: unknown[] = []
    class Api {
      constructor(remote: object, conn: unknown) {
        seen.push(remote, conn)
      }
      hello(): string {
        return 'class'
      }
    }
    const made = await two(Api, { server: { conn: 'the conn' } })
    expect(made.client.methods).toEqual(['hello'])
    expect(seen).toEqual([made.server.remote, 'the conn'])
    const arrow = await two(() => ({ hi: () => 1 }))
    expect(arrow.client.methods).toEqual(['hi'])
    const old = await two(function (this: Record<string, unknown>) {
      this['old'] = () => 1
      return 7
    })
    expect(old.client.methods).toEqual(['old'])
  })

  it('dispatch - what an api merely keeps is not callable', async () => {
    class Database {
      run = () => 'own'
      driver = { dropAll: () => 'dropped' }
      query(): string {
        return 'inherited'
      }
    }
    class Emitting extends EventEmitter {
      db = new Database()
      store = new Map()
      bytes = Buffer.from('x')
      hooked = Object.assign(new Map(), { hook: () => 'on a map' })
      go(): number {
        return 1
      }
    }
    const { client, server, clock } = await two(new Emitting().on('x', () => 'heard'))
    expect(client.methods).toEqual(['db.run', 'go'])
    const hidden = ['emit', 'db.query', 'db.driver.dropAll', 'constructor', 'store.get', 'hooked.hook']
    for (const name of [...hidden, '_events.x', 'toString', 'go.call', 'db.run.call', '']) {
      expect(await client.call(name, [], { timeout: 1 })).toMatchObject({ error: { code: 'DS_NO_METHOD' } })
    }
    expect(server.references.exported).toBe(2)
    await clock.settle()
  })

  it('dispatch - what the methods row does not list is not called by name either', async () => {
    class Database {
      driver = { dropAll: () => 'dropped' }
      run = () => 'own'
    }
    const hooked = Object.assign(new Map(), { hook: () => 'on a map' })
    const bus = new EventEmitter().on('x', () => 'heard')
    const { send, rows } = await withRaw({ db: new Database(), hooked, bus, ok: () => 1 })
    await send(methodsRow())
    const hidden = ['db.driver.dropAll', 'hooked.hook', 'bus._events.x', 'bus.emit', 'db.__proto__.x', '']
    await send([...hidden, 'db.run', 'ok'].map((method, id) => ['call', id, method]))
    expect(rows.slice(1).flat()).toMatchObject([
      ...hidden.map((_, id) => ['error', id, { code: 'DS_NO_METHOD', ran: 'no' }]),
      ['answer', 6, 'own'],
      ['answer', 7, 1],
    ])
  })

  it('dispatch - nothing is reached through what an api inherits but its own methods', async () => {
    const fails: string[] = []
    const api = Object.create({ tools: { run: () => 1 } }) as object
    const { client, clock } = await two(api, {
      client: { hello: null },
      server: { onFail: (e) => fails.push(e.message) },
    })
    client.connection.send('{"method":"tools.run"}\n')
    await clock.settle()
    expect(fails).toEqual(['the service has no method "tools.run". It has: none'])
  })

  it('dispatch - a constructor that throws ends the session, not the process', async () => {
    const errors: string[] = []
    const failing = two(
      () => {
        throw new Error('no api today')
      },
      { server: { onError: (e) => errors.push(e.message) } },
    )
    await expect(failing).rejects.toMatchObject({
      code: 'DS_DISCONNECTED',
      cause: { message: 'no api today' },
    })
    expect(errors).toEqual(['no api today'])
  })
})

describe('dispatch - views', () => {
  it('dispatch - a view has a remote of its own, and its callbacks are forgotten with it', async () => {
    const pair = await two({
      keep: (_cb: Method) => undefined,
      nested: { echo: (x: unknown, cb: Method) => cb(x) },
      v: [1],
    })
    const { client, server, clock } = pair
    const shared = (): void => undefined
    const [one, other] = [client.view(), client.view()]
    const methods = (view: typeof one) =>
      view.remote as { keep: Method; nested: { echo: Method }; v: unknown }
    expect(methods(one).v).toEqual([1])
    const answer = new Promise((resolve) => methods(one).nested.echo('x', resolve))
    expect(await answer).toBe('x')
    methods(one).keep(shared)
    methods(one).keep(shared)
    methods(other).keep(shared)
    methods(one).keep(() => undefined)
    await clock.settle()
    expect(client.references.exported).toBe(3)
    one.release()
    one.release()
    expect(client.references.exported).toBe(1)
    methods(one).keep(() => undefined)
    await clock.settle()
    expect([client.references.exported, server.references.imported]).toEqual([1, 3])
    other.release()
    expect(client.references.exported).toBe(0)
    client.destroy(new Error('cut'))
    await clock.settle()
    expect(methods(other).keep(shared)).toBe(undefined)
    expect(server.references).toEqual({ exported: 0, imported: 0 })
  })

  it('dispatch - what the session itself sent stays when a view lets go of it', async () => {
    const { client, clock } = await two({ keep: (_cb: Method) => undefined })
    const shared = (): void => undefined
    ;(client.remote['keep'] as Method)(shared)
    const view = client.view()
    ;(view.remote['keep'] as Method)(shared)
    view.release()
    await clock.settle()
    expect(client.references.exported).toBe(1)
  })
})
