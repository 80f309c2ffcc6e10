import { describe, expect, it } from 'vitest'
import { parseArguments, type Sources } from '../../../lib/tools/cli/literals.js'

const sources: Sources = {
  file: (path) =>
    path === 'a.json'
      ? Promise.resolve('{ "from": "file" }')
      : Promise.reject(new Error('ENOENT: no such file')),
  stdin: () => Promise.resolve('[1, 2,]'),
}
const parse = (...words: string[]): Promise<unknown[]> => parseArguments(words, sources)

describe('arguments', () => {
  it.each<[string, unknown]>([
    ['beep', 'beep'],
    ['5', 5],
    ['-5', -5],
    ['1.5e3', 1500],
    ['0x10', 16],
    ['true', true],
    ['null', null],
    ['"5"', '5'],
    ["'x y'", 'x y'],
    ['[1,2,]', [1, 2]],
    ['{a: 1, "b": {c: null}}', { a: 1, b: { c: null } }],
    ['1.2.3', '1.2.3'],
    ['007', '007'],
    ['http://x.y/?a=b', 'http://x.y/?a=b'],
    ['', ''],
    ['@', '@'],
    ['undefined', 'undefined'],
  ])('arguments - %s is read as the literal that it is, else as text', async (word, value) => {
    expect(await parse(word)).toEqual([value])
  })

  it('arguments - pairs are gathered into one object, where the first of them stands', async () => {
    expect(await parse('first', 'a=1', '[2]', 'b=x y', 'a-b=true', 'e=')).toEqual([
      'first',
      { a: 1, b: 'x y', 'a-b': true, e: '' },
      [2],
    ])
  })

  it('arguments - a pair named __proto__ stays data', async () => {
    const [value] = await parse('__proto__={"x":1}')
    expect(Object.keys(value as object)).toEqual(['__proto__'])
    expect((value as { x?: unknown }).x).toBeUndefined()
  })

  it('arguments - @file and - hold JSON, also as the value of a pair', async () => {
    expect(await parse('@a.json', '-', 'k=@a.json')).toEqual([
      { from: 'file' },
      [1, 2],
      { k: { from: 'file' } },
    ])
  })

  it.each([
    ['{a', 'no JSON'],
    ['"x', 'no JSON'],
    ['[1', 'no JSON'],
    ['@b.json', 'no such file'],
    ['12345678901234567890', 'larger than a number'],
    ['k={', 'no JSON'],
  ])('arguments - %s is refused with what is wrong and what to do', async (word, what) => {
    const refused = parse(word)
    await expect(refused).rejects.toMatchObject({ code: 'DS_INVALID', hint: expect.any(String) as string })
    await expect(refused).rejects.toThrow(what)
  })
})
