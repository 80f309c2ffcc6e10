import { describe, expect, it } from 'vitest'
import { styleOf, wantsColor, wantsUnicode } from '../../../lib/tools/cli/style.js'

describe('style', () => {
  it.each<[string, NodeJS.ProcessEnv, boolean, boolean, boolean]>([
    ['a terminal', {}, true, true, true],
    ['no terminal', {}, false, true, false],
    ['--no-color', { FORCE_COLOR: '1' }, true, false, false],
    ['NO_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, true, false],
    ['an empty NO_COLOR', { NO_COLOR: '' }, true, true, true],
    ['FORCE_COLOR', { FORCE_COLOR: '1' }, false, true, true],
    ['FORCE_COLOR=0', { FORCE_COLOR: '0' }, true, true, false],
    ['TERM=dumb', { TERM: 'dumb' }, true, true, false],
  ])('style - %s decides about colours', (_, env, isTTY, flag, colored) => {
    expect(wantsColor(env, { isTTY }, flag)).toBe(colored)
  })

  it.each<[NodeJS.ProcessEnv, boolean]>([
    [{}, true],
    [{ LANG: 'C' }, false],
    [{ LANG: 'C.UTF-8' }, true],
    [{ LANG: 'en_US.utf8' }, true],
    [{ LC_ALL: 'POSIX', LANG: 'C.UTF-8' }, false],
    [{ TERM: 'linux' }, false],
  ])('style - %j decides about marks', (env, unicode) => {
    expect(wantsUnicode(env)).toBe(unicode)
    expect(styleOf(env, {}).marks.arrow).toBe(unicode ? '→' : '->')
  })
})
