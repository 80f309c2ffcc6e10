import { describe, expect, it } from 'vitest'
import { DServiceError, isDServiceError, reasonOf, timeout, toError } from '../../lib/base/errors.js'

describe('errors - one class, a factory per code', () => {
  it('says what was expected and what to do, and whether it ran', () => {
    const error = timeout({ summary: 'no answer', hint: 'wait longer', details: { method: 'x' } })
    expect(error).toBeInstanceOf(DServiceError)
    expect(error).toMatchObject({
      name: 'DServiceError',
      code: 'DS_TIMEOUT',
      ran: 'maybe',
      message: 'no answer. Wait longer',
      summary: 'no answer',
      hint: 'wait longer',
      details: { method: 'x' },
    })
    expect([isDServiceError(error), isDServiceError(new Error('x'))]).toEqual([true, false])
  })

  it('keeps the cause, and lets a case differ from the usual answer', () => {
    const cause = new Error('why')
    expect(timeout({ summary: 's', ran: 'no', cause })).toMatchObject({ ran: 'no', cause })
  })

  it.each([
    ['text', 'text'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Object.create(null), 'something of type object that has no text'],
    [new Error('why'), 'why'],
    [new AggregateError([new Error('a'), 'b'], ''), 'a; b'],
  ])('whatever was thrown has a reason in text', (thrown, text) => {
    expect(reasonOf(thrown)).toBe(text)
    expect(toError(thrown)).toBeInstanceOf(Error)
  })
})
