/**
 * The phases in their order, each with its budget in seconds on two cores. One with `from` begins as soon as that phase
 * is done, runs beside those between, and is waited for at its place: its budget is not added to theirs.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { packed, published } from './pack.mjs'
import { bin, LOGS, node, PhaseError, ROOT } from './run.mjs'
import { systemNeeds } from './system.mjs'
import { versions } from './versions.mjs'

const AFTER_BUILD = ['build']
/** What tsc makes of a `.ts` file. */
const OUTPUT = /\.(js|d\.ts)$/
const LINT = ['--type-aware', '--deny-warnings', '--report-unused-disable-directives']

export const PHASES = [
  { name: 'versions', budget: 5, run: versions },
  { name: 'system', budget: 60, run: systemNeeds },
  { name: 'build', budget: 30, run: build },
  { name: 'types', budget: 30, run: tool('types', 'typescript', ['-p', 'tsconfig.json', '--noEmit'], 'tsc') },
  { name: 'lint', budget: 30, run: tool('lint', 'oxlint', LINT) },
  { name: 'format', budget: 30, run: tool('format', 'prettier', ['--check', '.']) },
  { name: 'knip', budget: 20, run: tool('knip', 'knip', ['--no-progress']) },
  { name: 'package', budget: 30, after: AFTER_BUILD, run: published },
  { name: 'fuzz', budget: 90, from: 'build', after: AFTER_BUILD, run: fuzz },
  { name: 'tests', budget: 140, run: vitest('unit') },
  { name: 'simulation', budget: 75, after: AFTER_BUILD, run: simulation },
  { name: 'processes', budget: 320, after: AFTER_BUILD, run: vitest('processes') },
  { name: 'examples', budget: 45, after: AFTER_BUILD, run: vitest('examples') },
  { name: 'pack', budget: 40, after: AFTER_BUILD, run: packed },
  { name: 'demo', budget: 20, after: AFTER_BUILD, run: demo },
]

/** Compiles, and takes away what earlier builds left of files that are gone: it would be packed. */
async function build() {
  await node('build', [bin('typescript', 'tsc'), '-p', 'tsconfig.build.json'])
  const dist = path.join(ROOT, 'dist')
  const outputs = readdirSync(dist, { recursive: true }).filter(
    (file) => OUTPUT.test(file) || file.endsWith('.map'),
  )
  const stale = outputs.filter((file) => !existsSync(path.join(ROOT, file.replace(OUTPUT, '.ts'))))
  for (const file of stale) rmSync(path.join(dist, file))
}

/** A phase that is one command of a development dependency. */
function tool(log, packageName, args, command = packageName) {
  return async () => {
    await node(log, [bin(packageName, command), ...args])
  }
}

/** A phase that is one vitest project; its numbers come from the JSON report. */
function vitest(project) {
  return async () => {
    const report = path.join(LOGS, `${project}.json`)
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const args = [bin('vitest'), 'run', '--project', project, ...reporters]
    try {
      await node(project, args, { env: { DSERVICE_BUILT: existsSync(path.join(ROOT, 'dist')) ? '1' : '0' } })
    } catch (error) {
      error.counts = counted(report)
      throw error
    }
    const counts = counted(report)
    return { counts, note: `${counts.passed} passed, ${counts.skipped} skipped${skippedNames(report)}` }
  }
}

function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
}

function counted(file) {
  const report = readReport(file)
  if (!report) return {}
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests, numTodoTests } = report
  return { passed, failed, skipped: numPendingTests + numTodoTests }
}

function skippedNames(file) {
  const tests = readReport(file).testResults.flatMap((result) => result.assertionResults)
  const names = tests.filter((test) => ['pending', 'skipped', 'todo'].includes(test.status))
  return names.map((test) => `\n    skipped: ${test.fullName}`).join('')
}

/** The mutator of recorded sessions, each of its cases a test. */
function fuzz() {
  return byChance('fuzz', path.join('fuzz', 'run.js'), Number(process.env.FUZZ_SECONDS ?? 30))
}

/** Whole meshes by chance, each run of them a test. */
function simulation() {
  const main = path.join('mesh', 'simulation', 'run.js')
  return byChance('simulation', main, Number(process.env.SIM_SECONDS ?? 55))
}

/** A program that tries by chance for some seconds; its closing line has the numbers. */
async function byChance(log, main, lasts) {
  try {
    const output = await node(log, [path.join(ROOT, 'dist', 'test', main)], { limit: lasts + 120 })
    const line = output.trimEnd().split('\n').at(-1)
    return { counts: closing(line), note: line }
  } catch (error) {
    error.counts = closing(error.tail)
    throw error
  }
}

function closing(text) {
  const found = /(\d+) passed, (\d+) failed$/.exec(text)
  return found ? { passed: Number(found[1]), failed: Number(found[2]) } : {}
}

/** The demo without a terminal checks its own output. */
async function demo() {
  const main = path.join(ROOT, 'dist', 'lib', 'tools', 'cli', 'main.js')
  const output = await node('demo', [main, 'demo', '--once'], { limit: 40 })
  if (!output.includes('RULEZ') || !output.includes('BOOP')) {
    throw new PhaseError('the demo did not print RULEZ and BOOP', { tail: output })
  }
}
