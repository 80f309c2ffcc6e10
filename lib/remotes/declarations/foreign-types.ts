/** Declarations that a peer has written, looked through before they become a file: they may say what its api is, and nothing else. */
import { invalid } from '../../base/errors.js'
import type { TypesContract } from '../../mesh/contract.js'
import { tokensOf, unfit, type Token } from './type-tokens.js'

/** What may come before a declaration's own word, between it and `export`. */
const MODIFIERS: ReadonlySet<string> = new Set(['declare', 'abstract'])
const DECLARING: ReadonlySet<string> = new Set(['interface', 'type', 'class'])

/** A word and what is around it; `end` where nothing is. */
interface Around {
  readonly before: Token
  readonly next: Token
  readonly after: Token
}

const END: Token = { kind: 'mark', text: '', line: 0, depth: 0 }

/** By word: why it may not stand there; undefined where it may. As the name of a member it may. */
const RULES: ReadonlyMap<string, (around: Around) => string | undefined> = new Map<
  string,
  (around: Around) => string | undefined
>([
  ['import', ({ next, after }) => (isMember(next, after) ? undefined : 'imports another module')],
  ['require', ({ next, after }) => (isCall(next, after) ? 'requires another module' : undefined)],
  ['from', ({ next }) => (next.kind === 'string' ? 'takes something from another module' : undefined)],
  ['export', ({ next }) => (isWholeExport(next) ? 'exports what is no declaration of its own' : undefined)],
  ['global', ({ before, next }) => (opens(before, next) ? 'declares something for all files' : undefined)],
  ['module', ({ next }) => (next.kind === 'mark' ? undefined : 'declares another module')],
])

/**
 * Checks a declaration file before it is written: no import, no export of another module, no `declare global` or `declare module`, no
 * order to a compiler, and its root is an exported interface, type or class without parameters. Errors: DS_INVALID with the line.
 */
export function checkTypes({ root, text }: TypesContract): void {
  const tokens = tokensOf(text)
  tokens.forEach((token, at) => {
    const rule = token.kind === 'word' ? RULES.get(token.text) : undefined
    const around = {
      before: tokens[at - 1] ?? END,
      next: tokens[at + 1] ?? END,
      after: tokens[at + 2] ?? END,
    }
    const why = rule?.(around)
    if (why !== undefined) throw unfit(token.line, why)
  })
  const top = tokens.filter(({ depth }) => depth === 0)
  const at = top.findIndex(({ text: word }, i) => word === root && DECLARING.has(top[i - 1]?.text ?? ''))
  if (!isExported(top, at) && !isListed(tokens, root)) throw notExported(root)
  const behind = tokens[tokens.indexOf(top[at] ?? END) + 1]
  if (at >= 0 && behind?.text === '<')
    throw unfit(behind.line, `gives parameters to ${root}, which nobody could fill in`)
}

function notExported(root: string): Error {
  return invalid({
    summary: `the types do not export ${root}`,
    hint: `declare it there: export interface ${root} { … }`,
  })
}

function isMember(next: Token, after: Token): boolean {
  if (next.kind !== 'mark') return false
  return next.text === '(' ? after.kind !== 'string' : [':', '?', '<', ',', ';', '}'].includes(next.text)
}

function isCall(next: Token, after: Token): boolean {
  return next.text === '(' && after.kind === 'string'
}

function isWholeExport(next: Token): boolean {
  return (
    (next.kind === 'word' && next.text === 'as') || (next.kind === 'mark' && ['*', '='].includes(next.text))
  )
}

function opens(before: Token, next: Token): boolean {
  return before.text === 'declare' || next.text === '{' || next.kind === 'word'
}

/** `export declare interface Api`, where `at` is the name. */
function isExported(top: readonly Token[], at: number): boolean {
  let before = at - 2
  while (MODIFIERS.has(top[before]?.text ?? '')) before--
  return at >= 0 && top[before]?.text === 'export'
}

/** `export { type Api }`, `export type { X as Api }`. */
function isListed(tokens: readonly Token[], root: string): boolean {
  return tokens.some((token, at) => {
    if (token.text !== 'export' || token.depth > 0) return false
    const open = at + (tokens[at + 1]?.text === 'type' ? 2 : 1)
    if (tokens[open]?.text !== '{') return false
    const close = tokens.findIndex(({ text, depth }, i) => i > open && text === '}' && depth === 1)
    return tokens
      .slice(open, close + 1)
      .some(({ text }, i, list) => text === root && /^[,}]$/.test(list[i + 1]?.text ?? ''))
  })
}
