import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DServiceError } from '../../lib/base/errors.js'
import { Document } from '../../lib/remotes/files/document.js'

/** What reading this says, with where. */
function failure(text: string, then: (document: Document) => unknown = () => null): DServiceError {
  try {
    then(new Document('/away/package.json', text))
  } catch (error) {
    return error as DServiceError
  }
  throw new Error('nothing was wrong with it')
}

describe('document - what is no JSON is refused with its place', () => {
  it.each([
    ['a comma too many', '{\n  "a": 1,\n}', '3:1: this is no JSON (property name expected)'],
    ['a comma too few', '{\r\n  "a": 1\r\n  "b": 2 }', '3:3: this is no JSON (comma expected)'],
    ['a comment', '{\n // no\n}', '2:2: this is no JSON (invalid comment token)'],
    ['an end too early', '{ "a": [1', '1:10: this is no JSON (close bracket expected)'],
    ['an empty file', '', '1:1: this is no JSON (value expected)'],
    ['two values', '{} {}', '1:4: this is no JSON (end of file expected)'],
    ['a merge', '{\n<<<<<<< HEAD\n "a": 1\n=======\n}', '2:1: a merge left both sides here'],
    ['a merge with CRLF', '{\r\n=======\r\n}', '2:1: a merge left both sides here'],
    ['after a byte order mark', '\uFEFF{ a', '1:3: this is no JSON (invalid symbol)'],
    [
      'a little too deep',
      '['.repeat(257) + ']'.repeat(257),
      '1:1: values stand in values more than 256 deep',
    ],
    [
      'a depth that ends the stack',
      '{"a":'.repeat(200_000),
      '1:1: values stand in values more than 256 deep',
    ],
  ])('%s', (_, text, says) => {
    const error = failure(text)
    expect(error.code).toBe('DS_INVALID')
    expect(error.summary).toBe(`/away/package.json:${says}`)
    expect(error.hint).not.toBeNull()
  })
})

it('document - takes and refuses what JSON.parse takes and refuses', () => {
  const bits = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '\\u12',
    '\\q',
    '1',
    '-',
    '01',
    '1e',
    '.5',
    'true',
    'nul',
  ]
  const text = fc.array(fc.constantFrom(...bits, ' ', '\n', '\t', '\u00A0', '\u0001', '\u2028', '/'), {
    maxLength: 9,
  })
  const reads = (read: () => unknown): boolean => {
    try {
      read()
      return true
    } catch {
      return false
    }
  }
  fc.assert(
    fc.property(
      fc.oneof(
        text.map((parts) => parts.join('')),
        fc.json(),
      ),
      (json) => {
        expect(reads(() => new Document('x.json', json))).toBe(reads(() => JSON.parse(json)))
      },
    ),
    { numRuns: 2_000 },
  )
})

it('document - an error names the file from here, its line and column', () => {
  const file = path.join(process.cwd(), 'sub', 'package.json')
  const document = new Document(file, '\uFEFF{\n  "a": { "b": [1, "x"] } }')
  const error = document.error(document.find('a', 'b', 1) ?? 0, { summary: 'no', hint: 'say yes' })
  expect(error.message).toBe(`${path.join('sub', 'package.json')}:2:19: no. Say yes`)
  expect(error.details).toEqual({ file, line: 2, column: 19 })
  expect(document.error(1, { summary: 'no', hint: 'x' }).details).toMatchObject({ line: 1, column: 1 })
})

describe('document - members', () => {
  const of = (text: string) => () => failure(text, (document) => document.members(document.root, 'the file'))
  it.each([
    ['{\n"a": 1, "\\u0061": 2}', '2:9: the file names "a" twice'],
    ['{ "__proto__": {} }', '1:3: the file names "__proto__"'],
    ['[1]', '1:1: the file is a list'],
    [' "text"', '1:2: the file is "text"'],
    ['null', '1:1: the file is null'],
  ])('%s is refused', (text, says) => {
    expect(of(text)().summary).toBe(`/away/package.json:${says}`)
  })

  it('they come in the order of the text, with where they stand', () => {
    const document = new Document('x.json', '{ "b": 1, "a": { "c": null } }')
    const members = document.members(document.root, 'the file')
    expect(members.map(({ name, key, value }) => [name, key.offset, value.type])).toEqual([
      ['b', 2, 'number'],
      ['a', 10, 'object'],
    ])
  })
})

it('document - a value is plain, and sets no prototype', () => {
  const document = new Document('x.json', '{ "a": [1, { "__proto__": { "evil": true } }], "n": 1.5 }')
  expect(document.valueOf(document.find('n') ?? document.root)).toBe(1.5)
  const value = document.valueOf(document.root) as { a: [number, { evil?: boolean }] }
  expect(value.a[1].evil).toBeUndefined()
  expect(Object.keys(value.a[1])).toEqual(['__proto__'])
  expect(document.find('a', 7)).toBeUndefined()
  expect(document.find('missing', 'more')).toBeUndefined()
})
