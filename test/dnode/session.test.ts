/** Sessions between two dservice peers: calls, errors, deadlines, ends. */
import { describe, expect, it } from 'vitest'
import type { DServiceError } from '../../lib/base/errors.js'
import { refused } from '../../lib/base/errors.js'
import type { Outcome } from '../../lib/dnode/messages.js'
import { closeBoth, hello, IDENTITY, methodsRow, two, valueOf, withRaw } from './pair.js'

const WAIT = { timeout: 1_000 }

function errorOf(outcome: Outcome): DServiceError & Record<string, unknown> {
  if (outcome.ok) throw new Error('the call succeeded')
  return outcome.error as DServiceError & Record<string, unknown>
}

describe('session - calls', () => {
  it('session - a method by dotted path answers with what it returns, resolves to, or a function', async () => {
    const pair = await two({
      transform: (s: string) => s.toUpperCase(),
      users: { find: async (id: number) => ({ id, name: 'ann' }) },
      counter: (by: number) => ({ next: (n: number, cb: (m: number) => void) => cb(n + by) }),
    })
    const { client } = pair
    expect(client.methods).toEqual(['transform', 'users.find', 'counter'])
    expect(valueOf(await client.call('transform', ['beep'], WAIT))).toBe('BEEP')
    expect(valueOf(await client.call('users.find', [7], WAIT))).toEqual({ id: 7, name: 'ann' })
    const counter = valueOf(await client.call('counter', [10], WAIT)) as {
      next(n: number, cb: (m: unknown) => void): void
    }
    expect(await new Promise((resolve) => counter.next(5, resolve))).toBe(15)
    await closeBoth(pair)
  })

  it('session - this is the object that holds the method', async () => {
    class Shop {
      prefix = 'no. '
      nested = {
        base: 3,
        plus(this: { base: number }, n: number) {
          return this.base + n
        },
      }
      label(n: number): string {
        return this.prefix + n
      }
    }
    const pair = await two(new Shop())
    expect(pair.client.methods).toEqual(['nested.plus', 'label'])
    expect(valueOf(await pair.client.call('label', [1], WAIT))).toBe('no. 1')
    expect(valueOf(await pair.client.call('nested.plus', [1], WAIT))).toBe(4)
    await closeBoth(pair)
  })

  it('session - undefined, thenables and nested nothing arrive as they are', async () => {
    const pair = await two({
      nothing: () => undefined,
      thenable: () => ({ value: { then: 'text' } }),
      echo: (x: unknown) => x,
    })
    expect(valueOf(await pair.client.call('nothing', [], WAIT))).toBe(undefined)
    expect(valueOf(await pair.client.call('thenable', [], WAIT))).toEqual({ value: { then: 'text' } })
    expect(valueOf(await pair.client.call('echo', [null], WAIT))).toBe(null)
    await closeBoth(pair)
  })

  it('session - a builtin answers by its name and is not listed', async () => {
    const pair = await two({ f: () => 1 }, { server: { builtins: { $describe: () => ({ name: 'd1' }) } } })
    expect(pair.client.methods).toEqual(['f'])
    expect(valueOf(await pair.client.call('$describe', [], WAIT))).toEqual({ name: 'd1' })
    expect(errorOf(await pair.client.call('$other', [], WAIT))).toMatchObject({
      code: 'DS_NO_METHOD',
      ran: 'no',
    })
    await closeBoth(pair)
  })

  it('session - calls of one turn travel in one row, and all settle', async () => {
    const pair = await two({ double: (n: number) => n * 2 })
    const calls = Array.from({ length: 1_000 }, (_, n) => pair.client.call('double', [n], WAIT))
    expect(pair.client.pending).toBe(1_000)
    const outcomes = await Promise.all(calls)
    expect(outcomes.map(valueOf)).toEqual(Array.from({ length: 1_000 }, (_, n) => n * 2))
    await closeBoth(pair)
  })
})

describe('session - errors', () => {
  it('session - an error of a method arrives with name, message, code, cause, properties and ran', async () => {
    const pair = await two({
      fail() {
        throw Object.assign(new TypeError('no text', { cause: new Error('inner') }), {
          code: 'E_TEXT',
          position: 3,
          run: () => 1,
        })
      },
      reject: async () => {
        throw 'just text'
      },
    })
    const error = errorOf(await pair.client.call('fail', [], WAIT))
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'TypeError',
      message: 'no text',
      code: 'E_TEXT',
      position: 3,
      ran: 'yes',
    })
    expect(error.cause).toMatchObject({ message: 'inner', stack: 'Error: inner' })
    expect(error['run']).toBe(undefined)
    expect(errorOf(await pair.client.call('reject', [], WAIT))).toMatchObject({
      message: 'just text',
      ran: 'yes',
    })
    await closeBoth(pair)
  })

  it('session - an unknown method fails at once with near names and all that is there', async () => {
    const pair = await two({ transform: () => 1, list: () => 2 })
    const error = errorOf(await pair.client.call('transfrom', [], WAIT))
    expect(error).toMatchObject({
      code: 'DS_NO_METHOD',
      ran: 'no',
      details: { near: ['transform'], known: ['transform', 'list'] },
    })
    expect(error.message).toContain('Did you mean transform')
    expect(errorOf(await pair.client.call('__proto__', [], WAIT)).code).toBe('DS_NO_METHOD')
    await closeBoth(pair)
  })

  it('session - what cannot travel fails with its path, on the way there and on the way back', async () => {
    const pair = await two({ big: () => ({ sums: [Symbol('sum')] }), echo: (x: unknown) => x })
    const there = errorOf(await pair.client.call('echo', [{ user: { socket: new WeakMap() } }], WAIT))
    expect(there).toMatchObject({
      code: 'DS_UNSENDABLE',
      ran: 'no',
      details: { path: 'arguments[0].user.socket' },
    })
    const back = errorOf(await pair.client.call('big', [], WAIT))
    expect(back).toMatchObject({ code: 'DS_UNSENDABLE', ran: 'yes', details: { path: 'result.sums[0]' } })
    await closeBoth(pair)
  })

  it('session - a refused call did not run; builtins and callbacks are not refused', async () => {
    let ran = 0
    let isDraining = false
    const admit = () => (isDraining ? refused({ summary: 'd1 is draining' }) : null)
    const pair = await two(
      {
        f: () => ++ran,
        ask: async (cb: (n: number, reply: (m: number) => void) => void) =>
          new Promise((done) => cb(1, done)),
      },
      { server: { admit, builtins: { $describe: () => 'here' } } },
    )
    const asked = pair.client.call(
      'ask',
      [
        (n: number, reply: (m: number) => void) => {
          isDraining = true
          reply(n + 1)
        },
      ],
      WAIT,
    )
    expect(valueOf(await asked)).toBe(2)
    expect(errorOf(await pair.client.call('f', [], WAIT))).toMatchObject({
      code: 'DS_REFUSED',
      ran: 'no',
      message: 'd1 is draining',
    })
    expect(valueOf(await pair.client.call('$describe', [], WAIT))).toBe('here')
    expect(ran).toBe(0)
    await closeBoth(pair)
  })

  it('session - a DS error that a method met has run', async () => {
    const pair = await two({
      f: () => {
        throw refused({ summary: 'another service is draining', hint: 'wait' })
      },
    })
    expect(errorOf(await pair.client.call('f', [], WAIT))).toMatchObject({
      name: 'DServiceError',
      code: 'DS_REFUSED',
      ran: 'yes',
      hint: 'wait',
      summary: 'another service is draining',
    })
    await closeBoth(pair)
  })
})

describe('session - limits of the peer', () => {
  it('session - calls beyond what the peer takes at once fail at once, and did not run', async () => {
    const pair = await two(
      { hang: () => new Promise(() => undefined) },
      { server: { hello: () => hello(IDENTITY, { pending: 2 }) } },
    )
    const calls = [1, 2, 3].map(() => pair.client.call('hang', [], WAIT))
    expect(errorOf(await (calls[2] as Promise<Outcome>))).toMatchObject({ code: 'DS_LIMIT', ran: 'no' })
    pair.client.destroy(new Error('done'))
    await Promise.all(calls)
    await closeBoth(pair)
  })

  it('session - values deeper or more than the peer takes fail at once', async () => {
    const pair = await two(
      { f: () => 1 },
      { server: { hello: () => hello(IDENTITY, { depth: 16, nodes: 1_000 }) } },
    )
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
    const many = (n: number): unknown => Array.from({ length: n }, () => 1)
    expect(valueOf(await pair.client.call('f', [nested(16)], WAIT))).toBe(1)
    expect(errorOf(await pair.client.call('f', [nested(17)], WAIT)).code).toBe('DS_LIMIT')
    expect(valueOf(await pair.client.call('f', [many(999)], WAIT))).toBe(1)
    expect(errorOf(await pair.client.call('f', [many(1_000)], WAIT)).code).toBe('DS_LIMIT')
    await closeBoth(pair)
  })
})

describe('session - deadlines', () => {
  it('session - a call ends at its own deadline, and a late answer is dropped', async () => {
    let answer: (value: string) => void = () => undefined
    const pair = await two({ slow: () => new Promise((resolve) => (answer = resolve)), fast: () => 'now' })
    const { client, clock } = pair
    const ends: string[] = []
    void client
      .call('slow', [], { timeout: 300 })
      .then((o) => ends.push(`300 ${errorOf(o).code} ${errorOf(o).ran}`))
    void client.call('slow', [], { timeout: 100 }).then((o) => ends.push(`100 ${errorOf(o).code}`))
    void client.call('slow', [], { timeout: Infinity }).then((o) => ends.push(`never ${String(valueOf(o))}`))
    await clock.advance(99)
    expect(ends).toEqual([])
    await clock.advance(1)
    expect(ends).toEqual(['100 DS_TIMEOUT'])
    await clock.advance(200)
    expect(ends).toEqual(['100 DS_TIMEOUT', '300 DS_TIMEOUT maybe'])
    expect(client.pending).toBe(1)
    answer('late')
    await clock.settle()
    expect(ends.at(-1)).toBe('never late')
    expect(errorOf(await client.call('fast', [], { timeout: 0 }))).toMatchObject({
      code: 'DS_TIMEOUT',
      ran: 'no',
    })
    await closeBoth(pair)
  })
})

describe('session - ends', () => {
  it('session - 1 000 calls in flight settle when the connection breaks, each with ran', async () => {
    const pair = await two({ hang: () => new Promise(() => undefined) })
    const { client, server, clock } = pair
    const written = Array.from({ length: 1_000 }, () => client.call('hang', [], WAIT))
    await clock.settle()
    expect(server.running).toBe(1_000)
    const unwritten = client.call('hang', [], WAIT)
    client.destroy(new Error('cut'))
    const outcomes = (await Promise.all(written)).map(errorOf)
    expect(new Set(outcomes.map(({ code, ran }) => `${code} ${ran}`))).toEqual(
      new Set(['DS_DISCONNECTED maybe']),
    )
    expect(errorOf(await unwritten)).toMatchObject({ code: 'DS_DISCONNECTED', ran: 'no' })
    expect(errorOf(await client.call('hang', [], WAIT))).toMatchObject({ code: 'DS_DISCONNECTED', ran: 'no' })
    await closeBoth(pair)
  })

  it('session - a method that ends after its session leaves nothing behind', async () => {
    let finish: () => void = () => undefined
    const pair = await two({
      work: () => new Promise((resolve) => (finish = () => resolve({ stop: () => undefined }))),
    })
    const call = pair.client.call('work', [], WAIT)
    await pair.clock.settle()
    pair.server.destroy(new Error('cut'))
    finish()
    await pair.clock.settle()
    expect(errorOf(await call)).toMatchObject({ code: 'DS_DISCONNECTED', ran: 'maybe' })
    expect(pair.server.running).toBe(0)
    await closeBoth(pair)
  })

  it.each([
    ['one large call', [100_000]],
    ['the one of several that fills the batch', [10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000]],
  ])('session - what was written at once may have run: %s', async (_what, sizes) => {
    const { client } = await two({ take: () => new Promise(() => undefined) })
    const calls = sizes.map((size) => client.call('take', ['x'.repeat(size)], WAIT))
    client.destroy(new Error('cut'))
    const outcomes = await Promise.all(calls)
    expect(outcomes.map((outcome) => errorOf(outcome).ran)).toEqual(sizes.map(() => 'maybe'))
  })

  it('session - closing it ourselves says so', async () => {
    const pair = await two({ hang: () => new Promise(() => undefined) })
    const call = pair.client.call('hang', [], WAIT)
    await pair.clock.settle()
    await Promise.all([pair.client.close(), pair.clock.advance(10_000)])
    expect(errorOf(await call)).toMatchObject({ code: 'DS_CLOSED', ran: 'maybe' })
    expect(errorOf(await pair.client.call('hang', [], WAIT))).toMatchObject({ code: 'DS_CLOSED', ran: 'no' })
    await closeBoth(pair)
  })

  it('session - idle waits for the calls that run, and their answers are out by then', async () => {
    let finish: () => void = () => undefined
    const pair = await two({ work: () => new Promise<string>((resolve) => (finish = () => resolve('done'))) })
    const { client, server, clock } = pair
    await server.idle()
    const call = client.call('work', [], WAIT)
    await clock.settle()
    let isIdle = false
    const idle = server.idle().then(() => (isIdle = true))
    await clock.settle()
    expect([isIdle, server.running]).toEqual([false, 1])
    finish()
    await idle
    // the bare connection: the session's own close would write what is left
    await Promise.all([server.connection.close(), clock.settle()])
    expect(valueOf(await call)).toBe('done')
    await closeBoth(pair)
  })

  it('session - a function of a peer that is gone can be called, and says so to who awaits it', async () => {
    const errors: Error[] = []
    let callback: (n: number) => unknown = () => undefined
    const pair = await two(
      { keep: (cb: (n: number) => void) => void (callback = cb) },
      { server: { onError: (error) => errors.push(error) } },
    )
    await pair.client.call('keep', [() => undefined], WAIT)
    pair.client.destroy(new Error('cut'))
    await pair.clock.settle()
    callback(1)
    await expect(callback(2)).rejects.toMatchObject({ code: 'DS_REF_GONE', ran: 'no' })
    expect(errors).toEqual([])
    await closeBoth(pair)
  })

  it('session - a peer that says nothing is ended after 2 s', async () => {
    const { clock, session } = await withRaw({})
    const failure = session.ready.then(
      () => null,
      (error: unknown) => error,
    )
    await clock.advance(1_999)
    expect(session.isClosed).toBe(false)
    await clock.advance(1)
    expect(await failure).toMatchObject({ code: 'DS_TIMEOUT', ran: 'no' })
    expect(await session.closed).toMatchObject({ code: 'DS_TIMEOUT' })
    expect(clock.waiting).toBe(0)
  })

  it('session - a change of state is told once the hello has come', async () => {
    const { session, rows, send } = await withRaw({})
    session.changed('waiting', 1)
    session.changed('ready', 2)
    await send(methodsRow())
    expect(rows.slice(1)).toEqual([[['changed', 'ready', 2]]])
  })

  it('session - a change of state is told', async () => {
    const seen: string[] = []
    const onChanged = (state: string, revision: number) => seen.push(`${state} ${revision}`)
    const pair = await two({}, { client: { onChanged } })
    pair.server.changed('draining', 4)
    await pair.clock.settle()
    expect(seen).toEqual(['draining 4'])
    await closeBoth(pair)
  })
})

describe('session - thousands of calls at its end', () => {
  it('their errors are made without a look for the line that made them: each caller puts its own there', async () => {
    const { client } = await two({ hang: () => new Promise(() => undefined) })
    const calls = [1, 2].map(() => client.call('hang', [], { timeout: 1_000 }))
    client.destroy(new Error('cut'))
    for (const outcome of await Promise.all(calls)) {
      expect(outcome).toMatchObject({ ok: false, error: { code: 'DS_DISCONNECTED' } })
      expect((outcome as { error: Error }).error.stack).not.toContain('\n    at ')
    }
  })
})
