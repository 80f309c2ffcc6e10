/** Errors arrive, whatever hangs on them: what is too much is left out, and the rest says what was wrong. */
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/base/options.js'
import type { Outcome, WireError } from '../../lib/dnode/messages.js'
import type { Redact } from '../../lib/dnode/redact.js'
import { methodsRow, two, withRaw } from './pair.js'

const WAIT = { timeout: 1_000 }

type Caught = Error & { [property: string]: unknown }

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })
const ones = (length: number): number[] => Array.from({ length }, () => 1)

/** What a caller gets of an error with these properties. */
async function thrown(
  properties: object,
  options?: ErrorOptions,
  redact: Redact | null = null,
): Promise<Caught> {
  const f = (): never => {
    throw Object.assign(new Error('the text', options), properties)
  }
  const { client } = await two({ f }, { server: { redact } })
  const outcome: Outcome = await client.call('f', [], WAIT)
  return (outcome as unknown as { error: Caught }).error
}

describe('error-room - what the caller could not read', () => {
  it.each([Number.NaN, Infinity, -Infinity])('a code of %s is none', async (code) => {
    const error = await thrown({ code, a: 1 })
    expect(error).toMatchObject({ message: 'the text', ran: 'yes', a: 1 })
    expect(error['code']).toBeUndefined()
  })

  it('a code that redact makes of it is none either', async () => {
    const error = await thrown({}, {}, (sent) => ({ ...sent, code: Number.NaN }))
    expect([error.message, error['code']]).toEqual(['the text', undefined])
  })

  it('properties travel as deep as the caller takes them, and are left out where they are deeper', async () => {
    const deepest = LIMITS.depth - 2
    expect(await thrown({ q: nested(deepest) })).toMatchObject({ message: 'the text', q: { a: {} } })
    const error = await thrown({ q: nested(deepest + 1), a: 1 })
    expect([error.message, error['q'], error['a']]).toEqual(['the text', undefined, 1])
  })

  it('in a cause they are one level deeper', async () => {
    const inside = async (depth: number): Promise<Caught> => {
      const cause = Object.assign(new Error('inner'), { q: nested(depth) })
      return (await thrown({}, { cause })).cause as Caught
    }
    expect((await inside(LIMITS.depth - 3))['q']).toBeDefined()
    const error = await inside(LIMITS.depth - 2)
    expect([error.message, error['q']]).toEqual(['inner', undefined])
  })

  it('many values count together, over causes too', async () => {
    const cause = Object.assign(new Error('inner'), { d: ones(60_000), e: 1 })
    const error = await thrown({ a: ones(60_000), b: ones(60_000), c: 1 }, { cause })
    expect(error.message).toBe('the text')
    expect([(error['a'] as unknown[]).length, error['b'], error['c']]).toEqual([60_000, undefined, 1])
    expect(error.cause).toMatchObject({ message: 'inner', e: 1 })
    expect((error.cause as Caught)['d']).toBeUndefined()
  })

  it('texts count together', async () => {
    const half = 'x'.repeat(600_000)
    const error = await thrown({ a: half, b: half, c: 'short' })
    expect([error['a'] === half, error['b'], error['c']]).toEqual([true, undefined, 'short'])
  })

  it('a text that is too long for any row is cut', async () => {
    const f = (): Promise<never> => Promise.reject(new Error('x'.repeat(5_000_000)))
    const { client } = await two({ f })
    const outcome = await client.call('f', [], WAIT)
    expect((outcome as unknown as { error: Caught }).error.message).toMatch(/^x{1000}/)
  })

  it('a hundred of them in a row do no harm to other calls', async () => {
    const bad = (): never => {
      throw Object.assign(new Error('the text'), { code: Number.NaN, q: nested(63) })
    }
    let release: (value: string) => void = () => undefined
    const { client } = await two({ bad, slow: () => new Promise((resolve) => (release = resolve)) })
    const slow = client.call('slow', [], WAIT)
    await Promise.all(Array.from({ length: 150 }, () => client.call('bad', [], WAIT)))
    release('ok')
    expect(await slow).toEqual({ ok: true, value: 'ok' })
  })
})

describe('error-room - what repeats one text', () => {
  it.each(['now', 'later'])('an error that carries it is told: thrown %s', async (when) => {
    const text = 'x'.repeat(900_000)
    const fail = (): Error =>
      Object.assign(new Error('bad query'), { query: Array.from({ length: 700 }, () => text) })
    const f = (): unknown => {
      if (when === 'later') return Promise.reject(fail())
      throw fail()
    }
    const { rows, send } = await withRaw({ f })
    await send(methodsRow(), [['call', 1, 0]])
    const [kind, id, error] = (rows.at(-1) as [[string, number, WireError]])[0]
    expect([kind, id, error.message, error.ran]).toEqual(['error', 1, 'bad query', 'yes'])
  })
})

describe('error-room - redact', () => {
  const hide: Redact = (sent, { error }) => ({
    ...sent,
    message: `hidden ${(error as Error).message.length}`,
  })

  it('is asked about errors inside of properties, however deep', async () => {
    const deepest = Object.assign(new Error('SECRET'), { list: [new TypeError('SECRET 2')] })
    const error = await thrown({ inner: deepest, errors: [{ at: new Error('SECRET 34') }] }, {}, hide)
    expect(JSON.stringify({ ...error })).not.toContain('SECRET')
    expect(error['inner']).toMatchObject({ message: 'hidden 6', list: [{ message: 'hidden 8' }] })
    expect(error['errors']).toMatchObject([{ at: { message: 'hidden 9' } }])
  })

  it('an error that is part of itself leaves that part out', async () => {
    const one = Object.assign(new Error('one'), { a: 1, other: {} })
    one.other = { other: Object.assign(new Error('other'), { one, b: 2 }) }
    const error = await thrown({ one }, {}, hide)
    expect(error['one']).toMatchObject({ message: 'hidden 3', a: 1, other: { other: { b: 2 } } })
    expect(JSON.stringify(error['one'])).not.toContain('"one"')
  })

  it('errors that hold each other many times are asked about a bounded number of times', async () => {
    let asked = 0
    let top = new Error('bottom')
    for (let level = 0; level < 8; level++) {
      top = Object.assign(new Error('level'), { list: Array.from({ length: 12 }, () => top) })
    }
    const error = await thrown({ top }, {}, (sent) => (asked++, sent))
    expect(error.message).toBe('the text')
    expect(asked).toBeLessThanOrEqual(1_001)
  })
})
