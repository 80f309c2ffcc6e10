/** The shape of the sources: sizes, time and chance, and what no file may say. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './support/build.js'
import { codeOf, filesOf, textOf } from './support/sources.js'

/** Lines of a file of lib, and of a test file. */
const LONGEST_FILE = 300
const LONGEST_TEST = 500
/** Nine functions in ten have at most this many lines, comments and blank lines left out. */
const NINE_IN_TEN = 25

/** Files that may read the system's clock and chance, and why. */
const CLOCKS: Readonly<Record<string, string>> = {
  'lib/base/clock.ts': 'it is the clock',
  'services/time.ts': 'telling the time is what it is for',
  'lib/base/keepalive.ts': 'its timer never runs: it only has to exist',
}
const TIME_AND_CHANCE =
  /\b(Date\.now|Math\.random|setTimeout|setInterval|performance\.\w+|AbortSignal\.timeout|randomUUID|randomBytes|randomInt|FinalizationRegistry)\b|new Date\(\)|timers\/promises/

/** What a text says that no file may say. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\b(oxlint|eslint)-disable|@ts-(ignore|nocheck)/, 'switches a check off'],
  [/\.catch\(\s*\(\)\s*=>\s*(\{\s*\}|undefined|null)\s*\)/, 'swallows an error'],
  [/^\s*(export )?(declare )?(const )?enum /m, 'has an enum'],
]

const lib = [...filesOf('lib'), ...filesOf('services')]
const tests = filesOf('test')
const usesTime = (text: string): string | undefined => TIME_AND_CHANCE.exec(codeOf(text))?.[0]
const says = (text: string): string[] => FORBIDDEN.flatMap(([what, why]) => (what.test(text) ? [why] : []))
const linesOf = (file: string): number => textOf(file).trimEnd().split('\n').length

/** Lines of every function below lib, counted by the linter: a limit of none makes it report them all. */
function functionLines(): number[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'dservice-shape-'))
  const config = path.join(folder, 'oxlintrc.json')
  const rule = ['error', { max: 0, skipBlankLines: true, skipComments: true }]
  writeFileSync(
    config,
    JSON.stringify({ categories: { correctness: 'off' }, rules: { 'max-lines-per-function': rule } }),
  )
  const oxlint = createRequire(import.meta.url)
    .resolve('oxlint/package.json')
    .replace('package.json', 'bin/oxlint')
  const args = [oxlint, '-c', config, '--format', 'json', 'lib']
  const { stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1e8 })
  rmSync(folder, { recursive: true, force: true })
  return [...stdout.matchAll(/has too many lines \((\d+)\)/g)]
    .map((match) => Number(match[1]))
    .sort((a, b) => a - b)
}

it(`shape - no file of lib is longer than ${LONGEST_FILE} lines, no test file than ${LONGEST_TEST}`, () => {
  const long = (files: string[], most: number): string[] => files.filter((file) => linesOf(file) > most)
  expect([...long(lib, LONGEST_FILE), ...long(tests, LONGEST_TEST)]).toEqual([])
})

it(`shape - nine functions in ten have at most ${NINE_IN_TEN} lines`, () => {
  const lengths = functionLines()
  expect(lengths.length).toBeGreaterThan(100)
  expect(lengths[Math.floor(lengths.length * 0.9)]).toBeLessThanOrEqual(NINE_IN_TEN)
})

it('shape - time and chance come through the Clock alone', () => {
  const readers = lib.filter((file) => !(file in CLOCKS) && !file.startsWith('lib/tools/'))
  expect(
    readers.flatMap((file) => (usesTime(textOf(file)) ? [`${file}: ${usesTime(textOf(file))}`] : [])),
  ).toEqual([])
  expect(Object.keys(CLOCKS).filter((file) => !usesTime(textOf(file)))).toEqual([])
})

it('shape - no file of lib switches a check off or swallows an error', () => {
  expect(lib.flatMap((file) => says(textOf(file)).map((why) => `${file} ${why}`))).toEqual([])
})

it('shape - each file says first what it is', () => {
  const mute = lib.filter((file) => !/^(#!.*\n|\/\/\/ .*\n)?\/\*\*? ?\n? ?\*? ?[^\n]{10}/.test(textOf(file)))
  expect(mute).toEqual([])
})

it.each(['f().catch(() => {})', '// oxlint-disable-next-line', 'enum A { B }'])(
  'shape - "%s" is seen',
  (text) => {
    expect(says(text)).toHaveLength(1)
  },
)

it.each([
  'setTimeout(f, 1)',
  'const at = Date.now()',
  'new Date()',
  'AbortSignal.timeout(5)',
  'new FinalizationRegistry(f)',
])('shape - "%s" reads the time', (text) => {
  expect(usesTime(text)).toBeDefined()
  expect(usesTime(`// ${text}`)).toBeUndefined()
})
