import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dservice } from '../../../lib/index.js'
import { meantBy, nearNames } from '../../../lib/tools/cli/meant.js'
import { runCli, type Written } from '../../support/cli.js'

const where = { engine: 'memory:', mesh: 'meant' }
const math = dservice(
  'math@1.0.0',
  { add: (a: number, b: number) => a + b, nan: () => 0, cb: () => 0 },
  where,
)
beforeAll(() => math.start())
afterAll(() => math.stop())

const run = (...argv: string[]): Promise<Written & { exit: number }> =>
  runCli([...argv, '--engine', where.engine, '--mesh', where.mesh])

describe('what was meant', () => {
  it.each<[string, string[], string[]]>([
    ['mat', ['math', 'mail', 'd1'], ['math']],
    ['maht', ['math'], []],
    ['billign', ['billing', 'building', 'd1'], ['billing']],
    ['ad', ['add', 'nan', 'cb'], ['add']],
    ['abcd', ['abc', 'abd', 'acd', 'bcd'], ['abc', 'abd', 'acd']],
  ])('what was meant - near %s of %j are %j', (name, names, near) => {
    expect(nearNames(name, names)).toEqual(near)
  })

  it.each<[string, string | undefined, string[], string]>([
    ['math.nested.deep', undefined, ['f'], 'math:nested.deep.f'],
    ['math.nested', '^1', ['f'], 'math@^1:nested.f'],
    ['a.b.c', undefined, ['d'], 'a.b:c.d'],
  ])('what was meant - by a call of %s@%s it is the nested method', (name, range, path, meant) => {
    expect(meantBy({ name, range, path }, ['math', 'a', 'a.b'])).toEqual([meant])
  })

  it.each([
    [['call', 'math.nested.deep.f'], 'did you mean math:nested.deep.f?'],
    [['call', 'mth.add', '1'], 'did you mean math?'],
    [['ls', 'mth'], 'did you mean math?'],
    [['ls', 'math@^9'], 'live: math@1.0.0'],
    [['call', 'math@^9.add'], 'math@1.0.0'],
  ])('what was meant - %j says %s', async (argv, words) => {
    const text = await run(...argv)
    expect([text.exit, text.out]).toEqual([3, ''])
    expect(text.err).toContain(words)
    const json = await run(...argv, '--json')
    expect([json.exit, json.err]).toEqual([3, ''])
    expect(json.out).toContain(words)
  })

  it('what was meant - where nothing comes near, what there is is listed', async () => {
    expect((await run('call', 'zebra.x')).err).toMatch(/hint {3}start zebra.*\n {2}known {2}math\n/)
    expect((await run('ls', 'zebra')).err).toMatch(/\n {2}known {2}math\n/)
  })

  it('what was meant - a short method name has only near ones offered', async () => {
    const { err } = await run('call', 'math.ad', '1')
    expect(err).toMatch(/did you mean add\?/i)
    expect(err).not.toMatch(/or (nan|cb)/)
  })
})
