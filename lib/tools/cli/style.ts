/** Colours and marks of one stream, decided once: from the flags, the environment and whether it is a terminal. */
import picocolors from 'picocolors'

/** The marks carry the meaning; colour only helps. */
export interface Marks {
  readonly ok: string
  readonly no: string
  readonly wait: string
  readonly live: string
  readonly arrow: string
  readonly dot: string
  readonly tee: string
  readonly end: string
  readonly bar: string
}

export interface Style {
  readonly colors: ReturnType<typeof picocolors.createColors>
  readonly marks: Marks
}

const UNICODE: Marks = {
  ok: '✓',
  no: '✗',
  wait: '▲',
  live: '●',
  arrow: '→',
  dot: '·',
  tee: '├─ ',
  end: '└─ ',
  bar: '│  ',
}

const ASCII: Marks = {
  ok: '+',
  no: 'x',
  wait: '!',
  live: '*',
  arrow: '->',
  dot: '-',
  tee: '|- ',
  end: '`- ',
  bar: '|  ',
}

/** What of a stream matters here. */
export interface Screen {
  readonly isTTY?: boolean
}

/** The flag beats NO_COLOR, which beats FORCE_COLOR, which beats the terminal. */
export function wantsColor(env: NodeJS.ProcessEnv, screen: Screen, flag: boolean): boolean {
  if (!flag || env['NO_COLOR']) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return screen.isTTY === true && env['TERM'] !== 'dumb'
}

/** ASCII where the terminal or the locale says that it knows no more. */
export function wantsUnicode(env: NodeJS.ProcessEnv): boolean {
  if (env['TERM'] === 'dumb' || env['TERM'] === 'linux') return false
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG']
  return !locale || /utf-?8/i.test(locale)
}

/** The style of a stream. */
export function styleOf(env: NodeJS.ProcessEnv, screen: Screen, flag = true): Style {
  return {
    colors: picocolors.createColors(wantsColor(env, screen, flag)),
    marks: wantsUnicode(env) ? UNICODE : ASCII,
  }
}

/** Without colours, with Unicode marks: for tests and files. */
export const PLAIN: Style = { colors: picocolors.createColors(false), marks: UNICODE }
