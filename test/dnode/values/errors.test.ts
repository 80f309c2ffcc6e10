/** Errors as values: what arrives of them, and what stays at home. */
import { expect, it } from 'vitest'
import { DServiceError, timeout } from '../../../lib/base/errors.js'
import type { Outgoing } from '../../../lib/dnode/values/port.js'
import { writeWireError } from '../../../lib/dnode/wire-error.js'
import { read, tables, travel } from './peer.js'

function arrive(error: Error, outgoing?: Partial<Outgoing>): Error & Record<string, unknown> {
  const both = tables()
  const more = { ...both, outgoing: { ...both.outgoing, ...outgoing } }
  return travel([error], { tables: more })[0] as Error & Record<string, unknown>
}

it.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError])(
  'errors - a %o keeps its class',
  (Type) => {
    const error = arrive(new Type('no'))
    expect(error.constructor).toBe(Type)
    expect([error.name, error.message, Object.keys(error)]).toEqual([Type.name, 'no', []])
  },
)

it('errors - of another class it is an Error with its name, and has its own data', () => {
  class Denied extends Error {
    override name = 'Denied'
    code = 'E_NO'
    user = { id: 1, $: NaN }
    list = [{ $: 1 }]
  }
  const error = arrive(new Denied('no', { cause: new TypeError('inner', { cause: 'text' }) }))
  expect(error.constructor).toBe(Error)
  expect(error).toMatchObject({ name: 'Denied', code: 'E_NO', user: { id: 1, $: NaN }, list: [{ $: 1 }] })
  expect(error.cause).toBeInstanceOf(TypeError)
  expect((error.cause as Error).cause).toMatchObject({ name: 'Error', message: 'text' })
  expect(Object.keys(error).sort()).toEqual(['code', 'list', 'user'])
})

it('errors - an AggregateError has its errors, the same one being the same', () => {
  const one = new RangeError('one')
  const [error, again] = travel([new AggregateError([one, 'text', one], 'many'), one]) as [
    AggregateError,
    Error,
  ]
  expect(error).toBeInstanceOf(AggregateError)
  expect(error.errors.map(String)).toEqual(['RangeError: one', 'Error: text', 'RangeError: one'])
  expect(error.errors[0]).toBe(again)
  expect(error.errors[2]).toBe(again)
})

it('errors - an AggregateError that is a cause, or in a property, says what its errors were', () => {
  const many = new AggregateError([new RangeError('one'), 'text'], 'many')
  const error = arrive(Object.assign(new Error('no', { cause: many }), { also: { many } }))
  const cause = error.cause as AggregateError
  expect(cause).toBeInstanceOf(AggregateError)
  expect(cause.errors).toMatchObject([{ name: 'RangeError', message: 'one' }, 'text'])
  expect(Object.keys(error)).toEqual(['also'])
})

it('errors - an AggregateError that is answered says what its errors were', () => {
  const wire = writeWireError(new AggregateError([new RangeError('one')], 'many'), 'yes')
  expect(wire.properties).toMatchObject({ errors: [{ name: 'RangeError', message: 'one' }] })
})

it('errors - one of ours arrives as an Error, never as a DServiceError', () => {
  const error = arrive(timeout({ summary: 'too late', hint: 'wait', details: { after: 5 } }))
  expect(error).not.toBeInstanceOf(DServiceError)
  expect(error).toMatchObject({ name: 'DServiceError', code: 'DS_TIMEOUT', details: { after: 5 } })
})

it('errors - stacks stay at home, and none of ours is made up', () => {
  const error = arrive(new Error('no'))
  expect(error.stack).toBe('Error: no')
  expect(error['remoteStack']).toBeUndefined()
})

it('errors - a hook that sends a stack or hides the error has the last word', () => {
  const shown = arrive(new Error('no'), {
    error: (e) => ({ ...writeWireError(e, 'yes'), stack: 'at home\u001b[2J' }),
  })
  expect(shown['remoteStack']).toBe('at home [2J')
  const hidden = arrive(new AggregateError([new Error('secret')], 'secret'), {
    error: () => ({ name: 'Error', message: 'hidden', ran: 'yes' }),
  })
  expect(hidden).not.toBeInstanceOf(AggregateError)
  expect([hidden.message, hidden['errors']]).toEqual(['hidden', undefined])
})

it('errors - every error in an AggregateError passes the hook, also what is no error', () => {
  const seen: string[] = []
  arrive(new AggregateError([new Error('a'), { token: 'secret' }], 'many'), {
    error: (e) => (seen.push(e.message), writeWireError(e, 'yes')),
  })
  expect(seen).toEqual(['many', 'a', 'a thrown Object'])
})

it('errors - what a peer says of an error never reaches what every object has', () => {
  const text = `[{"$":["error",{"name":"TypeError","message":"m","code":5,"properties":{"toString":1,"then":{"$":["function",0]},"name":"N","stack":"S","ran":"no","own":{"$":["date",0]}}}]}]`
  const both = tables()
  both.sent.push(() => 1)
  const [error] = read(text, [], { incoming: both.incoming }) as [Error & Record<string, unknown>]
  expect(Object.keys(error)).toEqual(['code', 'own'])
  expect(error['own']).toEqual(new Date(0))
  expect([error.name, error.stack, String(error)]).toEqual(['TypeError', 'TypeError: m', 'TypeError: m'])
})

it('errors - a peer may send any value as a cause, and the error in its own cause', () => {
  const [a, b] = read(
    '[{"$":["error",{"name":"E","message":"","cause":{"$":["ref",0]}}]},{"$":["error",{"name":"E","message":"","cause":[1]}]}]',
  ) as [Error, Error]
  expect(a.cause).toBe(a)
  expect(b.cause).toEqual([1])
})

it('errors - causes are eight deep at most, one that is its own cause too', () => {
  const error = new Error('round')
  error.cause = error
  let depth = 0
  for (let at: unknown = arrive(error); at instanceof Error; at = at.cause) depth++
  expect(depth).toBe(9)
})

it('errors - a hook may answer with the same cause again and again', () => {
  const both = tables()
  const cause = { name: 'Error', message: 'hidden', ran: 'yes' } as const
  const outgoing: Outgoing = { ...both.outgoing, error: (e) => ({ ...writeWireError(e, 'yes'), cause }) }
  const list = Array.from({ length: 20 }, (_, i) => new Error(`${i}`))
  const shared = {}
  const [errors, a, b] = travel([list, shared, shared], { tables: { ...both, outgoing } }) as [
    Error[],
    object,
    object,
  ]
  expect(errors.map(({ message }) => message)).toEqual(list.map(({ message }) => message))
  expect(b).toBe(a)
  expect(a).toEqual({})
})

it('errors - stacks of other errors are as long as before', () => {
  arrive(new Error('no'))
  expect(new Error('here').stack).toContain('errors.test')
})
