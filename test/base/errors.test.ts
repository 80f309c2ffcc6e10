import { describe, expect, it } from 'vitest'
import {
  DServiceError,
  isDServiceError,
  isRemoteError,
  reasonOf,
  timeout,
  toError,
} from '../../lib/base/errors.js'
import { codeOf, filesOf, textOf } from '../support/sources.js'

describe('errors - hints', () => {
  it('begin with a small letter and end without a full stop: the message makes a sentence of them', () => {
    const hints = filesOf('lib').flatMap((file) =>
      [...codeOf(textOf(file)).matchAll(/\bhint:[^'"`]{0,80}['"`](.*)['"`]/g)].map(
        ([, text = '']) => `${file}: ${text}`,
      ),
    )
    expect(hints.length).toBeGreaterThan(100)
    // the first letter may be that of a text inside of a text: `${near ? `Did you mean …
    expect(hints.filter((hint) => /: (?:\$\{[^'"`]*['"`])?[A-Z][a-z]|[^.]\.$/.test(hint))).toEqual([])
  })
})

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

  it.each([
    ['no answer', 'is it up?', 'no answer. Is it up?'],
    ['no answer: is it up?', 'wait', 'no answer: is it up? Wait'],
    ['no answer', undefined, 'no answer'],
  ])('%j and %j are two sentences', (summary, hint, message) => {
    expect(timeout({ summary, hint }).message).toBe(message)
  })

  it('an error of a remote method is told by its `ran` from one of ours and from any other', () => {
    const theirs = Object.assign(new TypeError('x'), { ran: 'yes', code: 'E_FAR' })
    const all = [theirs, timeout({ summary: 's' }), new Error('x'), { ran: 'yes' }, null]
    expect(all.map(isRemoteError)).toEqual([true, false, false, false, false])
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
