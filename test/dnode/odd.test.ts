/** What a method may throw or return besides errors and values: each call is still answered, and it ran. */
import { describe, expect, it } from 'vitest'
import { reasonOf } from '../../lib/base/errors.js'
import { methodsRow, withRaw } from './pair.js'

function throwing(): never {
  throw new Error('from a getter')
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** Makes each odd thing anew: some can be used once only. */
const ODD: Record<string, () => unknown> = {
  'an error whose message throws': () => Object.defineProperty(new Error('x'), 'message', { get: throwing }),
  'an error whose message throws such an error': () =>
    Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw Object.defineProperty(new Error('x'), 'message', { get: throwing })
      },
    }),
  'an object without a prototype': () => Object.create(null) as object,
  'a symbol': () => Symbol('odd'),
  'a revoked proxy': revoked,
  'an object whose getters throw revoked proxies': () =>
    Object.defineProperty({}, 'name', {
      get: () => {
        throw revoked()
      },
    }),
  'a proxy that hides what it is': () => new Proxy({}, { getPrototypeOf: throwing, ownKeys: throwing }),
  undefined: () => undefined,
  'an error with a message that is no text': () => Object.assign(new Error('x'), { message: Symbol('m') }),
}

/** Promises and values that throw while they are looked at. */
const RETURNED: Record<string, () => unknown> = {
  'a getter for then that throws': () => Object.defineProperty({}, 'then', { get: throwing }),
  'a promise whose constructor throws': () =>
    Object.defineProperty(Promise.resolve(1), 'constructor', { get: throwing }),
  'a getter for on that throws': () => Object.defineProperty({}, 'on', { enumerable: true, get: throwing }),
  'a revoked proxy': revoked,
}

/** Calls `run` with an id and one way; answers the error of the first, what was heard of the second, and what was not. */
async function called(run: () => unknown): Promise<{ answer: unknown; heard: unknown; rest: string[] }> {
  const rest: string[] = []
  const note = (error: Error): void => void rest.push(reasonOf(error))
  const { send, rows, session } = await withRaw({ run }, { onFail: note })
  await send(methodsRow())
  rows.length = 0
  await send([['call', 7, 0]])
  await send([['notify', 0, { $: ['function', 3] }]])
  expect(session.isClosed).toBe(false)
  const [answer, heard] = rows.flat()
  return { answer, heard, rest }
}

describe('odd - what a method throws', () => {
  for (const [name, make] of Object.entries(ODD)) {
    const error = { name: expect.any(String) as string, message: expect.any(String) as string }
    const expected = {
      answer: ['error', 7, { ...error, ran: 'yes' }],
      heard: ['notify', 3, { $: ['error', error] }],
      rest: [],
    }

    it(`odd - ${name}, thrown, is an error answer that ran`, async () => {
      const seen = await called(() => {
        throw make()
      })
      expect(seen).toMatchObject(expected)
    })

    it(`odd - ${name}, rejected, is an error answer that ran`, async () => {
      const seen = await called(async () => {
        throw make()
      })
      expect(seen).toMatchObject(expected)
    })
  }
})

describe('odd - what a method returns', () => {
  for (const [name, make] of Object.entries(RETURNED)) {
    it(`odd - ${name} is an answer or an error that ran`, async () => {
      const { answer, heard, rest } = await called(make)
      expect(answer).toMatchObject(['error', 7, { ran: 'yes' }])
      expect(heard).toMatchObject(['notify', 3, { $: ['error', { message: expect.any(String) as string }] }])
      expect(rest).toEqual([])
    })
  }
})
