/** How a failure is told: one shape for people, programs and the REPL. */
import { reasonOf, toError } from '../../base/errors.js'
import { exitOf, type Phase } from './exit.js'
import type { Style } from './style.js'
import { inset } from './text.js'

/** The `error` of a JSON document. */
export interface Failed {
  /** `DS_…`, or the code or name that a remote method's own error has. */
  readonly code: string
  readonly exit: number
  /** `TypeError`; only of a remote method's own error. */
  readonly name?: string
  readonly message: string
  readonly hint?: string
  readonly ran?: string
  /** What there is instead: services, methods. */
  readonly known?: readonly string[]
  /** The nodes of a cycle. */
  readonly path?: readonly string[]
  /** What caused it, in one line. */
  readonly cause?: string
}

interface Parts {
  readonly name?: unknown
  readonly code?: unknown
  readonly summary?: unknown
  readonly hint?: unknown
  readonly ran?: unknown
  readonly cause?: unknown
  readonly details?: { readonly known?: unknown; readonly live?: unknown; readonly path?: unknown }
}

/** Turns whatever was thrown into what is told of it. Never throws. */
export function failureOf(thrown: unknown, phase: Phase): Failed {
  const error = toError(thrown)
  const parts = error as Parts
  const own = typeof parts.code === 'string' && parts.code.startsWith('DS_')
  const known = listOf(parts.details?.known) ?? listOf(parts.details?.live)
  const path = listOf(parts.details?.path)
  return {
    code: own || typeof parts.code === 'number' ? String(parts.code) : String(parts.code ?? error.name),
    exit: exitOf(error, phase),
    message: own && typeof parts.summary === 'string' ? parts.summary : String(error.message),
    ...(own || error.name === 'Error' ? {} : { name: error.name }),
    ...(own && typeof parts.hint === 'string' ? { hint: parts.hint } : {}),
    ...(typeof parts.ran === 'string' ? { ran: parts.ran } : {}),
    ...(known ? { known } : {}),
    ...(path ? { path } : {}),
    ...(parts.cause === undefined ? {} : { cause: reasonOf(parts.cause) }),
  }
}

function listOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  return value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
}

/** Where the texts of a failure begin; their further lines begin there too. */
const INDENT = 9

/** The failure in lines for a terminal: what, why, what to do. */
export function failureText(failed: Failed, style: Style): string {
  const { colors } = style
  const lines = [`${colors.red(colors.bold('error'))}  ${inset(named(failed), INDENT)}`]
  const add = (label: string, text: string | undefined): void => {
    if (text) lines.push(`  ${colors.dim(label.padEnd(6))} ${inset(text, INDENT)}`)
  }
  add('hint', failed.hint)
  const isTold = (text: string | undefined): boolean => mentions(text, failed.known ?? [])
  if (failed.known && !isTold(failed.hint) && !isTold(failed.message)) add('known', failed.known.join(', '))
  add('path', failed.path?.join(` ${style.marks.arrow} `))
  if (failed.cause && !isSaid(failed.cause, failed.message)) add('cause', failed.cause)
  // a plain Error has no code but its name, which says nothing
  const code = failed.code === (failed.name ?? 'Error') ? undefined : failed.code
  add('code', code && failed.ran === 'maybe' ? `${code} (it may have run)` : code)
  return lines.join('\n')
}

function named({ name, message }: Failed): string {
  return name === undefined ? message : `${name}: ${message}`
}

/** The cause in the words of the message; what it adds is its own hint, which the message's stands for. */
function isSaid(cause: string, message: string): boolean {
  return message.includes(cause) || cause.startsWith(message)
}

function mentions(hint: string | undefined, known: readonly string[]): boolean {
  return hint !== undefined && known.every((name) => hint.includes(name))
}
