/** The project's own sources as data: files, what they import, and their code without comments. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './build.js'

/** One import: of a file of ours (`to` is its path from the root) or of a package (`to` is its name). */
export interface Import {
  readonly from: string
  readonly to: string
  /** `import()` at run time: it counts for the layers, not for cycles. */
  readonly isLazy: boolean
}

/** All files below `folder` with one of the endings, as paths from the root, with `/`. */
export function filesOf(folder: string, endings: readonly string[] = ['.ts']): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .sort()
}

export function textOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}

const TOKENS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

/** The text without comments; strings stay. */
export function codeOf(text: string): string {
  return text.replace(TOKENS, (token) => (token.startsWith('/') ? ' ' : token))
}

const STATIC =
  /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g
const LAZY = /\b(import|require)\s*\(\s*['"]([^'"]+)['"]\s*\)/g

/** What a file's text imports, statically and lazily, types included. */
export function importsOf(from: string, text: string): Import[] {
  const code = codeOf(text)
  const statics = [...code.matchAll(STATIC)].map((m) => ({ to: m[1] ?? m[2] ?? '', isLazy: false }))
  const lazies = [...code.matchAll(LAZY)].map((m) => ({ to: m[2] ?? '', isLazy: m[1] === 'import' }))
  return [...statics, ...lazies].map(({ to, isLazy }) => ({ from, to: resolved(from, to), isLazy }))
}

function resolved(from: string, to: string): string {
  if (!to.startsWith('.')) return to
  return path.posix.join(path.posix.dirname(from), to).replace(/\.js$/, '.ts')
}
