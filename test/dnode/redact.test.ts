import { describe, expect, it } from 'vitest'
import { DServiceError, noInstance, refused } from '../../lib/base/errors.js'
import type { Outcome } from '../../lib/dnode/messages.js'
import type { Leaving, Redact } from '../../lib/dnode/redact.js'
import type { Api, SessionOptions } from '../../lib/dnode/session.js'
import { hello, IDENTITY, methodsRow, two, withRaw } from './pair.js'

const WAIT = { timeout: 1_000 }
const failing = {
  f: (): never => {
    throw Object.assign(new TypeError('secret', { cause: new Error('inner') }), {
      code: 'E_X',
      table: 'users',
    })
  },
}

type Caught = Error & { code?: unknown; ran?: unknown; remoteStack?: string; table?: unknown }
const errorOf = (outcome: Outcome): Caught => (outcome as { error: Caught }).error

async function failure(redact: Redact | null, more: Partial<SessionOptions> = {}): Promise<Caught> {
  const { client } = await two(failing, { server: { redact, ...more } })
  return errorOf(await client.call('f', [], WAIT))
}

describe('redact - what leaves of an error', () => {
  it('without it everything but the stack leaves, also of causes and of errors with a toJSON', async () => {
    class Telling extends Error {
      toJSON(): object {
        return { message: this.message, stack: this.stack }
      }
    }
    const { rows, send } = await withRaw({
      ...failing,
      value: () => [new Telling('told')],
      back: (cb: (error: Error) => void) => cb(new Telling('told')),
    })
    await send(methodsRow(), [
      ['call', 1, 'f'],
      ['call', 2, 'value'],
      [{ callbacks: { 0: ['0'] } }, 'notify', 'back', '[Function]'],
    ])
    const text = JSON.stringify(rows.slice(1))
    expect(text).toContain('"told"')
    expect(text).not.toMatch(/stack|redact\.test/)
  })

  it('the function is shown the error as it would leave, the error itself and who called, and may take away', async () => {
    const seen: unknown[] = []
    const redact: Redact = ({ name, code }, about: Leaving) => {
      seen.push(about.error instanceof TypeError, about.caller?.name)
      return { name, message: 'something went wrong', ...(code === undefined ? {} : { code }) }
    }
    const { client } = await two(failing, {
      client: { hello: () => hello({ ...IDENTITY, name: 'asker' }) },
      server: { redact },
    })
    const error = errorOf(await client.call('f', [], WAIT))
    expect(error).toMatchObject({
      name: 'TypeError',
      message: 'something went wrong',
      code: 'E_X',
      ran: 'yes',
    })
    expect([error.table, error.cause, error.remoteStack, ...seen]).toEqual([
      undefined,
      undefined,
      undefined,
      true,
      'asker',
    ])
  })

  it('a stack that it adds arrives as the remote one, beside that of the caller', async () => {
    const redact: Redact = (sent, { error }) => ({ ...sent, stack: (error as Error).stack ?? '' })
    const error = await failure(redact)
    expect(error.remoteStack).toMatch(/^TypeError: secret\n.*redact\.test\.ts/)
    expect(error.stack).not.toBe(error.remoteStack)
    const { client } = await two(
      {
        f: () => {
          throw refused({ summary: 'no' })
        },
      },
      { server: { redact } },
    )
    const ours = errorOf(await client.call('f', [], WAIT))
    expect(ours).toBeInstanceOf(DServiceError)
    expect(ours.remoteStack).toContain('redact.test.ts')
  })

  it('the remote stack of an error does not travel on by itself', async () => {
    const relay = (): never => {
      throw Object.assign(new Error('relayed'), { remoteStack: 'at secret.js', stack: 'at mine.js' })
    }
    const { rows, send } = await withRaw({
      relay,
      value: () => Object.assign(new Error('x'), { remoteStack: 's.js' }),
    })
    await send(methodsRow(), [
      ['call', 1, 'relay'],
      ['call', 2, 'value'],
    ])
    expect(JSON.stringify(rows.slice(1))).not.toMatch(/remoteStack|secret\.js|s\.js/)
  })

  it('a promise is no answer: an error that says nothing leaves, and nobody has to catch it', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const redact = (() => Promise.reject(new Error('late'))) as unknown as Redact
    const error = await failure(redact)
    await new Promise(setImmediate)
    process.off('unhandledRejection', note)
    expect(error.message).toBe('an error that is not shown')
    expect(unhandled).toEqual([])
  })

  it('covers errors among values, those told to callbacks, and those of the session', async () => {
    const seen: string[] = []
    const redact: Redact = (sent) => (seen.push(sent.message), { name: 'Error', message: 'hidden' })
    const api: Api = {
      value: () => [new Error('a value')],
      back: (cb: (error: Error) => void) => cb(new Error('called back')),
      rejects: () => Promise.reject(new Error('rejected')),
      unsendable: () => new WeakMap(),
      draining: () => 1,
    }
    const { rows, send } = await withRaw(api, { redact })
    await send(methodsRow(), [
      ['call', 1, 'value'],
      ['notify', 'back', { $: ['function', 0] }],
      ['notify', 'rejects', { $: ['function', 1] }],
      ['call', 2, 'unsendable'],
      ['call', 3, 'nope'],
      ['call', 4, 'value', { $: 'bad' }],
    ])
    const text = JSON.stringify(rows.slice(1))
    expect(text.match(/"hidden"/g)).toHaveLength(6)
    expect(text).not.toMatch(/a value|called back|rejected|cannot travel|no method/)
    expect(seen).toHaveLength(6)
  })

  it.each<[string, Redact]>([
    [
      'throws',
      () => {
        throw new Error('in redact')
      },
    ],
    ['answers nothing', () => undefined as never],
    ['answers a promise', (sent) => Promise.resolve(sent) as never],
    ['answers half an error', () => ({ name: 'X' }) as never],
    [
      'answers what throws when it is read',
      () => ({
        get name(): string {
          throw new Error('in redact')
        },
        message: 'm',
      }),
    ],
    ['answers a bad cause', (sent) => ({ ...sent, cause: 7 as never })],
  ])('when it %s, an error that says nothing leaves, and the owner is told', async (_what, redact) => {
    const told: string[] = []
    const note = (_fields: unknown, message: string): void => void told.push(message)
    const logger = { debug: () => undefined, info: () => undefined, warn: note, error: note }
    const error = await failure(redact, { logger })
    expect([error.name, error.message, error.code, error.ran]).toEqual([
      'Error',
      'an error that is not shown',
      undefined,
      'yes',
    ])
    expect(told).toEqual(['redact failed: the error leaves without its text'])
  })

  it('an Error that it gives back whole takes neither its stack nor its properties along', async () => {
    const error = await failure((() => Object.assign(new RangeError('other'), { token: 'x' })) as never)
    expect([error.name, error.message, error.remoteStack]).toEqual(['RangeError', 'other', undefined])
    expect(Object.keys(error)).not.toContain('token')
  })

  it('the function has no say in whether the method ran', async () => {
    expect(await failure((sent) => ({ ...sent, ran: 'no' }) as never)).toMatchObject({ ran: 'yes' })
  })
})

describe('wire errors - what is believed of a peer', () => {
  async function received(wire: object): Promise<Caught & DServiceError> {
    const { session, send } = await withRaw({})
    await send(methodsRow())
    const calling = session.call('$x', [], WAIT)
    await send([['error', 0, wire]])
    return errorOf(await calling) as Caught & DServiceError
  }
  const wire = { name: 'Error', message: 'm', ran: 'yes' }

  it('a stack is bounded and cannot write on a terminal', async () => {
    const evil = `Error: m\n    at \u001b[2J\u009b31m\r\u202eevil\u0007 ${'x'.repeat(20_000)}`
    const { remoteStack = '' } = await received({ ...wire, stack: evil })
    expect(remoteStack).toMatch(/^Error: m\n {4}at \S* ?\[2J/)
    expect(remoteStack).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(remoteStack.length).toBeLessThanOrEqual(8_000)
  })

  it('what is no text is no stack, and no property poses as one', async () => {
    const error = await received({
      ...wire,
      stack: { a: 1 },
      properties: { remoteStack: 'posing', stack: 'posing' },
    })
    expect(error.remoteStack).toBeUndefined()
    expect(error.stack).not.toContain('posing')
  })

  it('an error of ours that a method met keeps its class and code, and has run', async () => {
    const { client } = await two({
      f: () => Promise.reject(noInstance({ summary: 'no d3', hint: 'start d3', details: { live: [] } })),
    })
    const error = errorOf(await client.call('f', [], WAIT))
    expect(error).toBeInstanceOf(DServiceError)
    expect(error).toMatchObject({
      code: 'DS_NO_INSTANCE',
      ran: 'yes',
      summary: 'no d3',
      hint: 'start d3',
      details: { live: [] },
    })
  })

  it('an error without a hint is whole too', async () => {
    const { client } = await two({ f: () => Promise.reject(refused({ summary: 'no more' })) })
    expect(errorOf(await client.call('f', [], WAIT))).toMatchObject({
      summary: 'no more',
      hint: null,
      message: 'no more',
    })
  })

  it('a method that is not there is answered with those that are', async () => {
    const { rows, send } = await withRaw({ transform: () => 1, other: () => 2 })
    await send(methodsRow(), [['call', 1, 'transfrom']])
    expect(rows.at(-1)).toMatchObject([
      [
        'error',
        1,
        {
          code: 'DS_NO_METHOD',
          ran: 'no',
          properties: {
            hint: 'did you mean transform? It has: transform, other',
            details: { known: ['transform', 'other'], near: ['transform'] },
          },
        },
      ],
    ])
  })

  it('asking a large api for what is not there is answered with a part of it', async () => {
    const api = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`method${i}`, () => i]))
    const { rows, send } = await withRaw(api)
    await send(methodsRow(), [['call', 1, 'm'.repeat(1_000)]])
    expect(JSON.stringify(rows.at(-1)).length).toBeLessThan(5_000)
  })
})
