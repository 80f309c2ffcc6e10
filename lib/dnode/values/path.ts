/** The way to a value, as errors tell it: `arguments[0].user["first name"]`, `result.<value 3>`. */
import { quote } from '../../wire/quote.js'

/** What a list of values is called. `arguments` and `items` are many, of the others there is one. */
export type Root = 'arguments' | 'items' | 'result' | 'reason' | 'error' | 'api'

/** A key or an index; or a part of what has neither, whose place moves as the walk goes on: `<key 0>`, `<item 3>`. */
export type Step = string | number | Part

export interface Part {
  readonly name: string
  /** null: there is one of them. */
  index: number | null
}

/** What is shown of a key, which may be a peer's. */
const SHOWN = 60

/** A part of something, the first of its name. */
export function part(name: string, index: number | null = 0): Part {
  return { name, index }
}

/** The first `length` steps, behind what they begin in. */
export function formatSteps(steps: readonly Step[], length: number, root: Root): string {
  let text: string = root
  const isMany = root === 'arguments' || root === 'items'
  for (let i = isMany ? 0 : 1; i < length; i++) text += formatStep(steps[i] as Step)
  return text
}

function formatStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`
  if (typeof step === 'object')
    return step.index === null ? `.<${step.name}>` : `.<${step.name} ${step.index}>`
  const key = step.length > SHOWN ? `${step.slice(0, SHOWN)}…` : step
  // quoted as whatever else comes from a peer: JSON leaves what a terminal obeys
  return /^[A-Za-z_$][\w$]*…?$/.test(key) ? `.${key}` : `[${quote(key)}]`
}
