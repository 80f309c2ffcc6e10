/** Values that cost more than their bytes show: a row of them must not take seconds to read, and its sender is told first. */
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { DServiceError } from '../../../lib/base/errors.js'
import { CustomTypes } from '../../../lib/dnode/values/custom.js'
import { encode } from '../../../lib/dnode/values/encode.js'
import { from, read, tables, to, travel } from './peer.js'

const limitError = (what: RegExp): unknown =>
  expect.objectContaining({ code: 'DS_LIMIT', message: expect.stringMatching(what) as string })

function errorOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

const tag = (...parts: unknown[]): string => JSON.stringify([{ $: parts }])

/** As a sender has it; made the cheap way, where the engine would take seconds for the right one. */
function likeRegExp(source: string, flags: string): RegExp {
  return Object.defineProperties(/x/, { source: { value: source }, flags: { value: flags } })
}

const texts = (times: number): string => `[${'\\p{RGI_Emoji}'.repeat(times)}]`

describe('costs - regular expressions', () => {
  it.each([
    ['classes of emoji', texts(100), 'iv'],
    ['classes of characters', '\\p{L}'.repeat(1_900), 'iu'],
    ['classes of characters in twenty of them', '[^\\W]'.repeat(1_600), 'iu'],
  ])('costs - %s are refused in a few kilobytes, on either side', (_what, source, flags) => {
    const list = Array.from({ length: 2 }, () => ({ $: ['regexp', source, flags] }))
    const many = Array.from({ length: 2 }, () => likeRegExp(source, flags))
    expect(errorOf(() => read(JSON.stringify(list)))).toEqual(limitError(/values of a message/))
    expect(errorOf(() => encode(many, to()))).toEqual(limitError(/values of a message/))
  })

  it('costs - those that programs have go through, and what is no class counts nothing', () => {
    const some = [/^[\w.]+@[\w.]+$/u, /\p{L}+[^\s]\p{N}/giu, new RegExp('^\\p{RGI_Emoji}$', 'v')]
    expect(travel(some)).toEqual(some)
    const plain = [new RegExp('\\p\\W'.repeat(2_400)), new RegExp('[a-z]'.repeat(1_900), 'u')]
    expect(travel(plain, { limits: { depth: 64, nodes: 1_000 } })).toEqual(plain)
  })

  it('costs - the engine repeats a pattern that it does not know: nothing of it is obeyed by a terminal', () => {
    const error = errorOf(() => read(tag('regexp', '(\u001b]0;t\u0007\u202e', '')))
    expect(error).toMatchObject({ code: 'DS_PROTOCOL' })
    expect(inspect(error)).not.toMatch(/[\u001b\u0007\u202e]/)
  })
})

describe('costs - URLs', () => {
  const long = 'a'.repeat(3_000)

  it.each([
    `http://a${'\u0301\u0323'.repeat(1_000)}/`,
    `http://${'%CC%81%CC%A3'.repeat(200)}/`,
    `http:\\\\${long}`,
    `http:${long}`,
    `http:///${long}`,
    ` http://${long}`,
    `HTTP://${long}`,
    `h\tttp://${long}`,
    `http://a\n${long}`,
    `wss://u:p@${long}:1/`,
    `file://${long}/x`,
    `//${long}`,
  ])('costs - one is not read whose host is long, or may be: %#', (text) => {
    expect(errorOf(() => read(tag('url', text)))).toEqual(limitError(/host/))
  })

  it('costs - nor is it sent', () => {
    expect(errorOf(() => encode([{ u: new URL(`http://${long}/`) }], to()))).toEqual(
      limitError(/arguments\[0\]\.u .*host/),
    )
  })

  it.each([
    `https://u:p@example.org:8443/${long}?${long}#${long}`,
    `https://example.org?${long}`,
    `file:///${long}`,
    `file://host/${long}`,
    `data:text/plain,${long}`,
    `foo://bar/${long}`,
    `foo:/${long}`,
    'http://xn--bcher-kva.example/',
  ])('costs - what is long behind its host travels: %#', (text) => {
    expect(travel([new URL(text)])).toEqual([new URL(text)])
  })
})

describe('costs - signals and Web streams', () => {
  it.each([
    ['signals', () => ({ $: ['signal', 0] })],
    ['Web streams', () => ({ $: ['stream', 0, 'web'] })],
  ])('costs - %s count for ten more', (_what, one) => {
    const both = tables()
    both.sent.push({})
    const list = (length: number): string => JSON.stringify([Array.from({ length }, one)])
    const few = { limits: { depth: 64, nodes: 1_000 }, incoming: both.incoming }
    expect(read(list(90), [], few)[0]).toHaveLength(90)
    expect(errorOf(() => read(list(91), [], few))).toEqual(limitError(/values of a message/))
  })

  it('costs - their sender counts the same', () => {
    const few = { limits: { depth: 64, nodes: 1_000 }, outgoing: tables().outgoing }
    const signals = (length: number): unknown[] =>
      Array.from({ length }, () => AbortSignal.any([new AbortController().signal]))
    expect(encode([signals(90)], to(few)).values).toHaveLength(1)
    expect(errorOf(() => encode([signals(91)], to(few)))).toEqual(limitError(/values of a message/))
    const streams = (length: number): unknown[] => Array.from({ length }, () => new ReadableStream())
    expect(encode([streams(90)], to(few)).values).toHaveLength(1)
    expect(errorOf(() => encode([streams(91)], to(few)))).toEqual(limitError(/values of a message/))
  })
})

describe('costs - numbers as keys', () => {
  const large = (length: number): number[] => Array.from({ length }, (_, i) => 1e12 + i)
  const huge = (length: number): bigint[] => Array.from({ length }, (_, i) => BigInt(i) << 64n)
  const pairs = (keys: readonly unknown[]): [unknown, number][] => keys.map((key) => [key, 1])

  it.each<[string, unknown]>([
    ['20 000 large numbers in a set', new Set(large(18_000))],
    ['in a map', new Map(pairs(large(15_000)))],
    ['5 000 bigints in a set', new Set(huge(4_900))],
    ['any small numbers', new Set(Array.from({ length: 90_000 }, (_, i) => i - 45_000))],
    ['any texts', new Set(large(90_000).map(String))],
    ['any numbers in an array', large(90_000)],
  ])('costs - %s travel', (_what, value) => {
    expect(travel([value])).toEqual([value])
  })

  it.each<[string, Iterable<unknown>]>([
    ['more large numbers', large(22_000)],
    ['fractions', large(22_000).map((n) => n + 0.5)],
    ['numbers below zero', large(22_000).map((n) => -n)],
    ['more bigints', huge(5_600)],
  ])('costs - %s may have been chosen to collide, and are refused on either side', (_what, keys) => {
    const plain = Array.from(keys, (key) => (typeof key === 'bigint' ? { $: ['bigint', `${key}`] } : key))
    const tooMany = limitError(/values of a message/)
    expect(errorOf(() => read(tag('set', plain)))).toEqual(tooMany)
    expect(errorOf(() => read(tag('map', pairs(plain))))).toEqual(tooMany)
    expect(errorOf(() => encode([new Set(keys)], to()))).toEqual(tooMany)
    expect(errorOf(() => encode([new Map(pairs([...keys]))], to()))).toEqual(tooMany)
  })
})

describe('costs - text that tags repeat', () => {
  const long = 'x'.repeat(900_000)
  const digits = Array.from({ length: 45 }, () => ({ $: ['bigint', '9'.repeat(19_999)] }))

  it.each<[string, unknown]>([
    ['the name of an error', { $: ['error', { name: long, message: '' }] }],
    ['its code', { $: ['error', { name: 'E', message: '', code: long }] }],
    ['the key of a property', { $: ['error', { name: 'E', message: '', properties: { [long]: 1 } }] }],
    ['digits', digits],
  ])('costs - %s is counted each time', (_what, one) => {
    const again = Array.from({ length: 30 }, () => ({ $: ['ref', 0] }))
    expect(errorOf(() => read(JSON.stringify([one, again])))).toEqual(limitError(/repeats more than/))
  })
})

describe('costs - errors among values', () => {
  const EVIL = '\u001b]0;title\u0007\u202e'

  it('costs - what people see of one is printable, and its message is as it came', () => {
    const wire = {
      name: EVIL,
      message: EVIL,
      stack: EVIL,
      cause: { $: ['error', { name: EVIL, message: EVIL }] },
    }
    const [error] = read(tag('error', wire)) as [Error]
    expect(error.message).toBe(EVIL)
    expect(inspect(error)).not.toMatch(/[\u001b\u0007\u202e]/)
  })

  it('costs - nor is what a custom type says of what came', () => {
    const fussy = {
      name: 'fussy',
      is: (value: unknown): value is never => value === undefined,
      write: (): null => null,
      read: (value: unknown): never => {
        throw new Error(`no ${String(value)}`)
      },
    }
    const custom = new CustomTypes([fussy])
    const error = errorOf(() => read(tag('custom', 'fussy', EVIL), [], from({ custom })))
    expect(error).toBeInstanceOf(DServiceError)
    expect(inspect(error)).not.toMatch(/[\u001b\u0007\u202e]/)
  })
})
