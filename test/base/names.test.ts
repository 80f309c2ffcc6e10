import { describe, expect, it } from 'vitest'
import { checkName, checkRange, checkVersion, duration, splitAt } from '../../lib/base/names.js'

describe('names - what may be called what', () => {
  it.each(['d1', '@acme/img', 'a.b', 'x_y~z-1', 'a'.repeat(64)])('%s is a name', (name) => {
    expect(checkName(name)).toBe(name)
  })

  it.each([
    '',
    'D1',
    'a b',
    '../x',
    '__proto__',
    '.hidden',
    '_x',
    '@acme',
    '@/x',
    'a/b',
    'é',
    'a'.repeat(65),
    7,
    null,
    {},
  ])('%j is none', (name) => {
    expect(() => checkName(name)).toThrow(expect.objectContaining({ code: 'DS_INVALID', ran: 'no' }))
  })

  it('a version is exact and comes without build metadata', () => {
    expect(checkVersion('1.2.0+build.7')).toBe('1.2.0')
    for (const bad of ['1.2', '^1', 'latest', '', 1, undefined])
      expect(() => checkVersion(bad)).toThrow(/no version/)
  })

  it('a range is as in package.json, and nothing means any', () => {
    expect([checkRange(undefined), checkRange(''), checkRange('^1.2')]).toEqual(['*', '*', '^1.2'])
    for (const bad of ['one', 1, null, '^^1']) expect(() => checkRange(bad)).toThrow(/no semver range/)
  })

  it.each([
    ['d1@1.2.0', 'd1', '1.2.0'],
    ['d1', 'd1', undefined],
    ['@acme/img@^2', '@acme/img', '^2'],
    ['@acme/img', '@acme/img', undefined],
  ])('%s is split at its last @', (text, name, after) => {
    expect(splitAt(text)).toEqual({ name, after })
  })

  it.each([
    [250, 250],
    ['250', 250],
    ['250ms', 250],
    ['2s', 2_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
  ])('%j is %d ms', (value, ms) => {
    expect(duration(value)).toBe(ms)
  })

  it('what is no duration is refused by what it is for', () => {
    for (const bad of [-1, NaN, '2 days', '', null, {}])
      expect(() => duration(bad, 'timeout')).toThrow(/no timeout/)
  })
})
