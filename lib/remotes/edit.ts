/** Edits of a JSON file that leave the rest as its owner has written it. */
import { createRequire } from 'node:module'
import type * as Jsonc from 'jsonc-parser'

/** Loaded by the first edit. */
const load = createRequire(import.meta.url)
const jsonc = (): typeof Jsonc => load('jsonc-parser') as typeof Jsonc

/** A value to set; undefined: to take out. */
export interface Edit {
  readonly path: readonly string[]
  readonly value: unknown
}

/**
 * The text with this edit, in its own indent and line ends. A new name within an object that is there
 * stands where it belongs by the alphabet, as npm does it.
 */
export function edited(text: string, { path, value }: Edit): string {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
  const plain = text.slice(mark.length)
  const root = jsonc().parseTree(plain)
  const isNested =
    root && path.length > 1 && jsonc().findNodeAtLocation(root, path.slice(0, -1)) !== undefined
  const edits = jsonc().modify(plain, [...path], value, {
    formattingOptions: formattingOf(plain),
    getInsertionIndex: (names) => (isNested ? placeOf(path.at(-1) ?? '', names) : names.length),
  })
  return mark + jsonc().applyEdits(plain, edits)
}

function placeOf(name: string, names: readonly string[]): number {
  const at = names.findIndex((other) => other > name)
  return at < 0 ? names.length : at
}

function formattingOf(text: string): Jsonc.FormattingOptions {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? '  '
  return { insertSpaces: !indent.startsWith('\t'), tabSize: indent.startsWith('\t') ? 1 : indent.length, eol }
}
