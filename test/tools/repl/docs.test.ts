import { describe, expect, it } from 'vitest'
import type { Contract, InstanceContract } from '../../../lib/index.js'
import { argumentAt, completeArgument } from '../../../lib/tools/repl/arguments.js'
import { docsText, questionIn } from '../../../lib/tools/repl/docs.js'

const told = (contract: Contract | null): InstanceContract => ({
  instance: {
    id: 'a',
    name: 'd1',
    version: '1.4.2',
    state: 'ready',
    address: 'a:1',
    started: 1,
    ejected: false,
  },
  hash: null,
  contract,
  rely: {},
  described: true,
})

const text = { type: 'string' }
const methods: Contract['methods'] = {
  transform: { description: 'Shouts.', idempotent: true, input: [text], output: text },
  'users.find': { input: [text, { type: 'object', properties: { deep: {}, depth: {}, 'a b': {} } }] },
  plain: {},
}

describe('docs at a prompt', () => {
  it.each([
    ['d1.transform?', { spec: 'd1', path: 'transform' }],
    [' d1.users.find ? \n', { spec: 'd1', path: 'users.find' }],
    ['svc.d1?', { spec: 'd1', path: '' }],
    [`svc['d1@^1'].x?`, { spec: 'd1@^1', path: 'x' }],
    ['d1.transform("a")', null],
    ['a ? b : c', null],
    ['a ?? b', null],
    ['a?.b', null],
    ['f()?', null],
  ])('docs at a prompt - %j asks about %j', (line, question) => {
    expect(questionIn(line)).toEqual(question)
  })

  it('docs at a prompt - a method has its types, and what is said of it', async () => {
    expect(await docsText('transform', [told(null), told({ methods })])).toBe(
      [
        'd1@1.4.2',
        '  transform(arg0: string): string',
        '    Shouts.',
        '    running it twice does no more than running it once',
      ].join('\n'),
    )
  })

  it('docs at a prompt - of a service all methods, of an object those in it', async () => {
    const all = await docsText('', [told({ methods })])
    expect(all).toMatch(/plain\(…\)[^]*transform\([^]*users\.find\(arg0: string, arg1: \{/)
    expect(await docsText('users', [told({ methods })])).not.toContain('transform')
  })

  it('docs at a prompt - where there are no schemas, the lines of the service’s own types', async () => {
    const types = {
      root: 'Api',
      text: 'export interface Api {\n  /** Old. */\n  plain(\n    text: string,\n  ): number\n  other(): void\n}\n',
    }
    expect(await docsText('plain', [told({ methods, types })])).toBe(
      'd1@1.4.2\n  plain(\n    text: string,\n  ): number',
    )
    expect(await docsText('', [told({ methods: {}, types })])).toContain('export interface Api {')
  })

  it('of a declaration that does not end the first lines are shown, in time', async () => {
    const types = { root: 'Api', text: `f(a: {\n${'  b: 1\n'.repeat(35_000)}` }
    const text = await docsText('f', [told({ methods: { f: {} }, types })])
    expect(text.split('\n')).toHaveLength(13)
  })

  it('docs at a prompt - what is not known is said, and nothing paints on the screen', async () => {
    expect(await docsText('', [told(null)])).toContain('nothing is known')
    expect(await docsText('nope', [told({ methods })])).toBe('d1@1.4.2 has no method nope')
    const hostile = { a: { description: '\u001b[2Jboo\ndsv> ', output: { enum: ['\u001b]0;x'] } } }
    const shown = await docsText('a', [told({ methods: hostile })])
    expect(shown).not.toContain('\u001b')
    expect(shown).not.toMatch(/^dsv>/m)
  })
})

describe('completion in a call', () => {
  it.each([
    ['d1.users.find("x", { de', { spec: 'd1', path: 'users.find', index: 1, part: 'de' }],
    ['await svc.d1.a({', { spec: 'd1', path: 'a', index: 0, part: '' }],
    [`svc['d1@^1'].a({ x: 1, `, { spec: 'd1@^1', path: 'a', index: 0, part: '' }],
    ['d1.a(f(1, 2), "a, {b", { x: [1, 2], y', { spec: 'd1', path: 'a', index: 2, part: 'y' }],
    ['d1.a({ x: { y', null],
    ['d1.a({ x: y', null],
    ['d1.a("{', null],
    ['d1.a(x', null],
    ['d1.a({ x }).then({ y', null],
    ['{ x', null],
  ])('completion in a call - %j', (line, place) => {
    expect(argumentAt(line)).toEqual(place)
  })

  it('completion in a call - the names that the schema has, and that can be typed so', () => {
    const place = { spec: 'd1', path: 'users.find', index: 1, part: 'de' }
    expect(completeArgument(place, [told({ methods })])).toEqual([['deep: ', 'depth: '], 'de'])
    expect(completeArgument({ ...place, part: 'a' }, [told({ methods })])).toEqual([[], 'a'])
    expect(completeArgument({ ...place, index: 0 }, [told({ methods })])).toEqual([[], 'de'])
    expect(completeArgument(place, [told(null)])).toEqual([[], 'de'])
  })
})
