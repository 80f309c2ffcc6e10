/** What `method()` takes for a function's schemas, held by the compiler. */
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { method } from 'dservice'

const one = (text: string): string => text
const two = (text: string, count: number): Promise<number> => Promise.resolve(text.length + count)
const maybe = (text: string, count?: number): string => text.repeat(count ?? 1)
const classic = (text: string, cb: (error: Error | null, text?: string) => void): void => cb(null, text)
const many = (...all: string[]): number => all.length
const order = (given: { total: number; currency: string }): { id: string } => ({ id: String(given.total) })
const none = (): number => 1
async function* ticks(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield await Promise.resolve(i)
}

describe('types - method() and its schemas', () => {
  it('the function keeps its type', () => {
    expectTypeOf(method(two, { input: [z.string(), z.number()] })).toEqualTypeOf<typeof two>()
    const same = method(<T>(value: T): T => value, { input: z.unknown() })
    expectTypeOf(same('text')).toEqualTypeOf<string>()
    expectTypeOf(method((n: number) => n, { output: z.number() })).toEqualTypeOf<(n: number) => number>()
  })

  it('schemas of any library that fit are taken', () => {
    method(one, { input: [z.string()], output: z.string() })
    method(one, { input: [v.string()], output: v.string() })
    method(one, { input: [type('string')], output: type('string') })
    method(two, { input: [v.string(), type('number')], output: z.number() })
    method(order, { input: z.object({ total: z.coerce.number(), currency: z.string().default('EUR') }) })
    method(order, { input: v.object({ total: v.number(), currency: v.optional(v.string(), 'EUR') }) })
    method(order, { input: type({ total: 'number', currency: 'string' }), output: type({ id: 'string' }) })
  })

  it('one alone is of the only argument', () => {
    method(one, { input: z.string() })
    method(maybe, { input: z.string() })
    method(classic, { input: z.string() })
    // @ts-expect-error there are two
    method(two, { input: z.string() })
  })

  it('parameters that may be left out, rest parameters and callbacks need none', () => {
    method(maybe, { input: [z.string()] })
    method(maybe, { input: [z.string(), z.number()] })
    method(maybe, { input: [z.string(), z.number().optional()] })
    method(many, { input: [z.string(), z.string()] })
    method(classic, { input: [z.string()] })
    method(none, { input: [] })
  })

  it('schemas that do not fit are refused', () => {
    // @ts-expect-error a number is no text
    method(one, { input: [z.number()] })
    // @ts-expect-error a number is no text
    method(one, { input: v.number() })
    // @ts-expect-error a number is no text
    method(one, { input: type('number') })
    // @ts-expect-error it may be undefined
    method(one, { input: [z.string().optional()] })
    // @ts-expect-error the second is missing
    method(two, { input: [z.string()] })
    // @ts-expect-error there is no second
    method(one, { input: [z.string(), z.string()] })
    // @ts-expect-error one of its members does not fit
    method(order, { input: z.object({ total: z.string(), currency: z.string() }) })
    // @ts-expect-error a text is no number
    method(two, { input: [z.string(), z.number()], output: z.string() })
    // @ts-expect-error a list of none
    method(one, { input: [] })
  })

  it('a stream has no schema of what it gives, and a callback method may have any', () => {
    method(ticks, { input: z.number() })
    // @ts-expect-error its items are not looked into
    method(ticks, { output: z.number() })
    method(classic, { output: z.undefined() })
  })
})
