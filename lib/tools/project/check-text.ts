/** What `check` says of each remote: in lines for people, as data for programs. */
import { summaryOf } from '../../base/errors.js'
import type { Use } from '../../remotes/index.js'
import { failureOf } from '../cli/failure.js'
import { oneLine } from '../cli/text.js'
import type { Talk } from '../cli/talk.js'
import { isFinding, type Change, type Checked, type Other } from './checking.js'
import { aligned } from './shown.js'

/** Places of uses that a line names. */
const NAMED = 5

/** A line for each remote, and below it one for each method that broke. */
export function checkedText(checked: readonly Checked[], talk: Talk): string[] {
  const heads = aligned(checked.map((one) => headOf(one, talk)))
  return checked.flatMap((one, at) => [`${markOf(one, talk)} ${heads[at] ?? ''}`, ...below(one, talk)])
}

function markOf(checked: Checked, { style: { colors, marks } }: Talk): string {
  if (isFinding(checked)) return colors.red(marks.no)
  const isFine = checked.verdict === 'fits' && checked.lower.length === 0
  return isFine ? colors.green(marks.ok) : colors.yellow(marks.wait)
}

function headOf(checked: Checked, talk: Talk): string[] {
  const { declaration, version } = checked
  return [declaration.name, declaration.range, version ?? '-', sayingOf(checked, talk)].map(oneLine)
}

function sayingOf(
  { declaration, locked, verdict, changes, problem }: Checked,
  { style: { marks } }: Talk,
): string {
  if (verdict === 'absent') return absenceText(declaration, problem)
  if (verdict === 'unlocked') return 'not locked'
  if (verdict === 'breaks') return `breaks what is locked (${locked?.version})`
  if (verdict === 'unjudged') return 'changed, cannot be judged'
  const more = changes.filter(({ kind }) => kind === 'added').map(({ method }) => method)
  if (changes.length === 0) return 'contract unchanged'
  return `contract fits${more.length > 0 ? ` ${marks.dot} new: ${more.join(', ')}` : ''}`
}

function absenceText({ optional, lazy }: Checked['declaration'], problem: Error | null): string {
  const may = optional ? ' (optional)' : lazy ? ' (lazy)' : ''
  return `${problem ? summaryOf(problem) : 'not in the mesh'}${may}`
}

function below({ changes, problem, verdict, lower }: Checked, talk: Talk): string[] {
  const { marks } = talk.style
  const broken = changes.filter(({ step }) => step === 'major')
  const rows = aligned(broken.map((change) => [change.method, oneLine(change.text), usesText(change)]))
  const lines = rows.map((row) => `  ${marks.no} ${row}`)
  if (problem && verdict !== 'absent') lines.push(`  ${marks.no} ${problemText(problem)}`)
  return [...lines, ...lower.map((other) => `  ${marks.wait} ${lowerText(other)}`)]
}

function problemText(problem: Error): string {
  const { hint } = failureOf(problem, 'setup')
  return oneLine(`${summaryOf(problem)}${hint === undefined ? '' : `: ${hint}`}`)
}

function lowerText({ version, changes, problem }: Other): string {
  const broken = changes.filter(({ step }) => step === 'major').map(({ method }) => method)
  const why = broken.length > 0 ? broken.join(', ') : problem ? summaryOf(problem) : ''
  return oneLine(`${version} runs too, and cannot stand for what is locked: ${why}`)
}

function usesText({ uses }: Change): string {
  if (uses.length === 0) return 'no use of it was seen'
  const places = [...new Set(uses.map(placeOf))]
  const more = places.length - NAMED
  return `used in ${places.slice(0, NAMED).join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}

/** `src/pay.ts:12`. */
export function placeOf({ file, line }: Use): string {
  return `${file}:${line}`
}

/** The same as data. */
export function checkedJson(checked: Checked): object {
  const { declaration, locked, verdict, version, live, changes, problem, lower } = checked
  const { name, range, optional, lazy } = declaration
  return {
    ...{ name, range, optional, lazy, verdict, version, live, changes },
    locked: locked?.version ?? null,
    lower: lower.map((other) => ({ ...other, ...problemJson(other.problem) })),
    ...problemJson(problem),
  }
}

function problemJson(problem: Error | null): object {
  return { problem: problem && failureOf(problem, 'setup') }
}
