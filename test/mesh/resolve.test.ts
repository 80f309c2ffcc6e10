import { describe, expect, it } from 'vitest'
import type { State } from '../../lib/base/identity.js'
import { resolve } from '../../lib/mesh/choosing/resolve.js'

const at = (version: string, state: State = 'ready') => ({ identity: { version, state } })
const versions = (list: readonly { identity: { version: string } }[]): string[] =>
  list.map((c) => c.identity.version)

describe('resolve - which instances a range means', () => {
  it.each([
    ['^1', ['1.2.0', '1.9.9', '2.0.0'], ['1.9.9']],
    ['*', ['1.2.0', '1.9.9', '2.0.0'], ['2.0.0']],
    ['~1.2', ['1.2.0', '1.9.9'], ['1.2.0']],
    ['^1', ['1.9.9', '1.10.0', '1.9.9'], ['1.10.0']],
    ['^1', ['1.0.0', '1.0.0'], ['1.0.0', '1.0.0']],
    ['^3', ['1.0.0', '2.0.0'], []],
    ['^1', ['1.3.0-beta.1'], []],
    ['^1.0.0', ['1.1.0-beta.1'], []],
    ['*', ['1.1.0-beta.1'], []],
    ['1.1.0-beta.1', ['1.1.0-beta.1', '1.1.0-beta.2'], ['1.1.0-beta.1']],
    ['^1.1.0-beta.1', ['1.1.0-beta.2', '1.1.0-beta.10', '1.2.0-rc.1'], ['1.1.0-beta.10']],
    ['^1.1.0-beta.1', ['1.1.0-beta.2', '1.1.0'], ['1.1.0']],
    ['^1.3.0-beta', ['1.3.0-beta.1', '1.2.0'], ['1.3.0-beta.1']],
  ])('%s of %j is %j', (range, there, chosen) => {
    expect(
      versions(
        resolve(
          there.map((version) => at(version)),
          range,
        ).chosen,
      ),
    ).toEqual(chosen)
  })

  it('uses waiting instances only while none is ready', () => {
    expect(versions(resolve([at('1.1.0', 'waiting')], '^1').chosen)).toEqual(['1.1.0'])
    expect(versions(resolve([at('1.1.0', 'waiting'), at('1.0.0')], '^1').chosen)).toEqual(['1.0.0'])
  })

  it.each([
    ['^1', '1.9.9 1.10.0!', '1.9.9', '1.10.0'],
    ['^1', '1.9.9! 1.10.0', '1.10.0', ''],
    ['^1', '1.9.9 1.10.0! 1.10.0', '1.10.0', '1.10.0'],
    ['^1', '1.9.9 1.10.0! 1.10.0!', '1.9.9 1.10.0 1.10.0', '1.10.0 1.10.0'],
    ['^1', '1.9.9! 1.10.0 2.0.0! 2.0.0!', '1.10.0', ''],
    ['^1', '1.10.0!', '1.10.0', '1.10.0'],
  ])('%s of %s (! ejected) is %s, to be probed: %s', (range, there, chosen, probed) => {
    const candidates = there
      .split(' ')
      .map((text) => ({ ...at(text.replace('!', '')), standing: { isEjected: text.endsWith('!') } }))
    const resolution = resolve(candidates, range)
    expect(versions(resolution.chosen).join(' ')).toBe(chosen)
    expect(versions(resolution.ejected).join(' ')).toBe(probed)
  })

  it('takes every version where it is told to, but no ejected one, and none that waits', () => {
    const there = [at('1.0.0'), at('1.1.0'), at('1.2.0', 'waiting'), at('2.0.0')]
    expect(versions(resolve(there, '^1', 'range').chosen)).toEqual(['1.0.0', '1.1.0'])
    const ill = there.map((one, i) => ({ ...one, standing: { isEjected: i === 1 } }))
    expect(versions(resolve(ill, '^1', 'range').chosen)).toEqual(['1.0.0'])
  })

  it('lists a malformed version as invalid', () => {
    const { chosen, passed } = resolve([at('banana'), at('1.0'), at('1.0.0')], '*')
    expect(versions(chosen)).toEqual(['1.0.0'])
    expect(passed.map(({ why }) => why)).toEqual(['its version is invalid', 'its version is invalid'])
  })

  it('says of each that it passed over why', () => {
    const { passed } = resolve(
      [at('1.0.0'), at('1.1.0'), at('2.0.0'), at('1.2.0', 'draining'), at('1.3.0', 'waiting')],
      '^1',
    )
    expect(passed.map(({ candidate, why }) => `${candidate.identity.version}: ${why}`).sort()).toEqual([
      '1.0.0: a higher version is there',
      '1.2.0: draining',
      '1.3.0: waiting',
      '2.0.0: out of range ^1',
    ])
  })
})
