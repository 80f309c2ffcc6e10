/** What a project needs besides what the commands write: its owner is told, since these files are the owner's. */
import path from 'node:path'
import { createRequire } from 'node:module'
import type * as Jsonc from 'jsonc-parser'
import { readText } from './files/write.js'
import { attempt } from './lock/lock-read.js'

const load = createRequire(import.meta.url)

/** Sentences for people, in no case errors; none where all is well. */
export function hintsFor(folder: string): string[] {
  return [packageHint(folder), compilerHint(folder), ignoreHint(folder)].filter((hint) => hint !== null)
}

/** Generated modules import `dservice/remote`, and whoever came by `npx` may not have it. */
function packageHint(folder: string): string | null {
  try {
    createRequire(path.join(folder, 'package.json')).resolve('dservice/package.json')
    return null
  } catch {
    return "'#remote/…' imports dservice, which is not installed here: npm install dservice"
  }
}

/** A compiler's globs pass over folders with a dot: nothing would tell it what types `dnodeFor('d1')`. */
function compilerHint(folder: string): string | null {
  const text = textOf(path.join(folder, 'tsconfig.json'))
  if (text === null) return null
  const { include, extends: base } = fieldsOf(text)
  if (include === undefined && base !== undefined) return null
  const isThere =
    Array.isArray(include) && include.some((glob) => /(^|\/)\.dservice(\/|$)/.test(String(glob)))
  if (isThere) return null
  const globs = [...(Array.isArray(include) ? (include as unknown[]) : ['**/*']), '.dservice/**/*.d.ts']
  const all = globs.map((glob) => JSON.stringify(glob)).join(', ')
  return `dnodeFor() and rely() are typed by the name where tsconfig.json has "include": [${all}]`
}

/** What cannot be read is of no help to anybody. */
function textOf(file: string): string | null {
  return attempt(() => readText(file))
}

/** A tsconfig.json may have comments. */
function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  const { parse } = load('jsonc-parser') as typeof Jsonc
  const value: unknown = parse(text)
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The lock is for the repository; `.dservice` is made of it. */
function ignoreHint(folder: string): string | null {
  const lines = textOf(path.join(folder, '.gitignore'))
    ?.split(/\r?\n/)
    .map((line) => line.trim())
  if (!lines) return null
  if (lines.some((line) => /^\/?dservice-lock\.json$/.test(line)))
    return '.gitignore names dservice-lock.json: take it out, so that everybody has the same contracts'
  const isThere = lines.some((line) => /^(\*\*)?\/?\.dservice\/?(\*\*?)?$/.test(line))
  return isThere ? null : '.gitignore may name .dservice: dservice install writes it anew from the lock'
}
