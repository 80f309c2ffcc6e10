/** How one contract differs from another, in lines. */
import type { MethodChange, Verdict } from '../../remotes/index.js'
import type { Style } from '../cli/style.js'
import { count, oneLine } from '../cli/text.js'

const SIGNS: Readonly<Record<MethodChange['kind'], string>> = { added: '+', removed: '-', changed: '~' }

/** A line for each method that differs, and one that sums up. */
export function verdictText({ step, changes }: Verdict, style: Style): string {
  const width = Math.max(0, ...changes.map(({ method }) => method.length))
  const lines = changes.map(({ method, kind, text, step: by }) => {
    const line = `${SIGNS[kind]} ${oneLine(method).padEnd(width)}  ${by}  ${oneLine(text)}`
    return by === 'major' ? style.colors.red(line) : line
  })
  const broken = changes.filter((change) => change.step === 'major').length
  const sum =
    broken > 0 ? `${count(broken, 'method')} cannot be called as before` : 'callers can go on as they are'
  return [...lines, `${style.colors.bold(step)}: ${sum}`].join('\n')
}
