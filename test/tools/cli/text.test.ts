import { describe, expect, it } from 'vitest'
import { failureOf, failureText } from '../../../lib/tools/cli/failure.js'
import { PLAIN } from '../../../lib/tools/cli/style.js'
import { inset, jsonText, oneLine, plain } from '../../../lib/tools/cli/text.js'
import { shown, valueText } from '../../../lib/tools/cli/values.js'

const MARKS = ['\u0000', '\u0007', '\u001b', '\r', '\u007f', '\u009b', '\u061c', '\u200e', '\u2028', '\u202e']
const ALL = [...MARKS, '\u2066', '\u2069'].join('x')
/** What a terminal would obey. */
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

describe('text', () => {
  it('text - control characters are shown, not obeyed; letters, tabs and newlines stay', () => {
    expect(plain(ALL)).not.toMatch(OBEYED)
    expect(plain('\u009b31m')).toBe('\\u009b31m')
    expect(plain('ä→日\t\n')).toBe('ä→日\t\n')
    expect(oneLine('a\n\tb')).toBe('a  b')
    expect(inset('a\nb', 2)).toBe('a\n  b')
  })

  it.each([0, 2])('text - JSON with indent %i holds no control character, and says the same', (indent) => {
    const value = { [ALL]: [ALL, { deep: ALL }], text: 'ä→日' }
    expect(jsonText(value, indent)).not.toMatch(OBEYED)
    expect(JSON.parse(jsonText(value, indent))).toEqual(value)
  })

  it.each<[string, unknown]>([
    ['a text', ALL],
    ['an object', { [ALL]: ALL, none: undefined }],
    ['a Map', new Map([[ALL, ALL]])],
    ['an error', new Error(ALL)],
    ['an error of a hostile name', Object.assign(new Error('x'), { name: ALL, stack: ALL })],
  ])('text - %s is shown without control characters, with colours and without', (_, value) => {
    expect(valueText(value)).not.toMatch(OBEYED)
    expect(shown(value, { colors: false, depth: 4 })).not.toMatch(OBEYED)
    expect(shown(value, { colors: true, depth: 4 }).replace(/\u001b\[\d+m/g, '')).not.toMatch(OBEYED)
  })

  it('text - colours are kept where they are only ours', () => {
    expect(shown(5, { colors: true, depth: 4 })).toBe('\u001b[33m5\u001b[39m')
  })

  it('text - the lines of a hostile error are set in: none passes for one of ours', () => {
    const error = Object.assign(new Error('a\nerror  forged\r\nFORGED'), { ran: 'yes', code: 'E\nFORGED' })
    const lines = failureText(failureOf(error, 'call'), PLAIN).split('\n')
    expect(lines.filter((line) => !line.startsWith('  '))).toEqual(['error  a'])
    expect(lines.slice(1).every((line) => line.startsWith(' '.repeat(9)) || line.startsWith('  code '))).toBe(
      true,
    )
  })
})
