/** Everything that must hold, phase by phase: `npm run verify [-- --strict] [-- --only build,lint]`. */
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { PHASES } from './verify/phases.mjs'
import { LOGS, PhaseError, seconds } from './verify/run.mjs'

const { values: flags } = parseArgs({
  options: { strict: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const only = flags.only?.split(',') ?? PHASES.map((phase) => phase.name)
const unknown = only.filter((name) => !PHASES.some((phase) => phase.name === name))
if (unknown.length > 0) {
  console.error(`no such phase: ${unknown.join(', ')}. There are ${PHASES.map((p) => p.name).join(', ')}`)
  process.exit(2)
}

const totals = { passed: 0, failed: 0, skipped: 0 }
const failures = []
const started = performance.now()

rmSync(LOGS, { recursive: true, force: true })
mkdirSync(LOGS, { recursive: true })
/** Phases that began before their place: what becomes of them. */
const begun = new Map()
for (const phase of PHASES) {
  if (only.includes(phase.name)) await runPhase(phase)
  for (const other of PHASES) {
    if (other.from === phase.name && only.includes(other.name) && !blockerOf(other)) begin(other)
  }
}

const budget = PHASES.reduce((sum, phase) => sum + (phase.from ? 0 : phase.budget), 0)
console.log(`\ntotal ${seconds(started)} of ${budget} s; logs in ${path.relative(process.cwd(), LOGS)}`)
if (flags.strict && totals.skipped > 0) failures.push(`--strict: ${totals.skipped} skipped`)
for (const failure of failures) console.log(`failed: ${failure}`)
console.log(`tests: ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exitCode = failures.length > 0 ? 1 : 0

function blockerOf(phase) {
  return phase.after?.find((name) => failures.includes(name))
}

/** Starts a phase; what it fails with is kept until its place. */
function begin(phase) {
  const from = performance.now()
  const settled = phase.run({ strict: flags.strict }).then(
    (result) => ({ result, took: performance.now() - from }),
    (error) => ({ error, took: performance.now() - from }),
  )
  begun.set(phase.name, settled)
  return settled
}

/** Runs one phase, adds to the totals, prints one line, and the end of its log where it failed. */
async function runPhase(phase) {
  const blocker = blockerOf(phase)
  const { result, error, took } = blocker
    ? { error: new PhaseError(`not run, because ${blocker} failed`), took: 0 }
    : await (begun.get(phase.name) ?? begin(phase))
  if (!error) {
    const { note, skip, counts } = result ?? {}
    add(counts ?? (skip ? { skipped: 1 } : { passed: 1 }))
    report(skip ? '-' : '✓', phase, took, skip ? `skipped: ${skip}` : note)
  } else {
    const known = error instanceof PhaseError
    add(error.counts?.failed ? error.counts : { ...error.counts, failed: 1 })
    failures.push(phase.name)
    report('✗', phase, took, known ? error.message : error.stack)
    if (known && error.tail) console.log(error.tail.replace(/^/gm, '    '))
  }
}

function add({ passed = 0, failed = 0, skipped = 0 }) {
  totals.passed += passed
  totals.failed += failed
  totals.skipped += skipped
}

function report(mark, phase, took, note) {
  const late = took > phase.budget * 1000 ? ', over budget' : ''
  const time = `${(took / 1000).toFixed(1)} of ${phase.budget} s${late}`
  console.log(`${mark} ${phase.name.padEnd(10)} ${time}${note ? `  ${note}` : ''}`)
}
