/** Edits of a JSON file that leave every other character as its owner has written it. */
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

/** A part of the text, and what takes its place. */
interface Splice {
  readonly from: number
  readonly to: number
  readonly by: string
}

/** How the file is written. */
interface Style {
  readonly unit: string
  readonly eol: string
}

/**
 * The text with this edit, in its own indent and line ends. A new name in a field that is there stands where it belongs by the
 * alphabet, as npm does it, options in their order at the end; an object of one line keeps to it. The text is JSON, and what is on the way an object.
 */
export function edited(text: string, edit: Edit): string {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
  const plain = text.slice(mark.length)
  const splice = spliceOf(plain, edit)
  if (!splice) return text
  return mark + plain.slice(0, splice.from) + splice.by + plain.slice(splice.to)
}

function spliceOf(text: string, { path, value }: Edit): Splice | null {
  const root = jsonc().parseTree(text)
  if (!root) return null
  const found = (depth: number): Jsonc.Node | undefined =>
    jsonc().findNodeAtLocation(root, path.slice(0, depth))
  let depth = path.length
  while (!found(depth)) depth--
  const at = found(depth) ?? root
  if (value === undefined) return depth === path.length ? removal(at) : null
  if (depth === path.length) return replacement(text, at, value)
  const nested = path.slice(depth + 1).reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)
  const isSorted = depth === 1 && path.length === 2
  return insertion(text, at, { name: path[depth] ?? '', value: nested, isSorted })
}

function endOf({ offset, length }: Jsonc.Node): number {
  return offset + length
}

/** A member goes with the comma that parted it from its neighbour. */
function removal({ parent: member }: Jsonc.Node): Splice | null {
  const object = member?.parent
  if (!member || !object) return null
  const members = object.children ?? []
  const at = members.indexOf(member)
  const [before, after] = [members[at - 1], members[at + 1]]
  if (after) return { from: member.offset, to: after.offset, by: '' }
  if (before) return { from: endOf(before), to: endOf(member), by: '' }
  return { from: object.offset, to: endOf(object), by: '{}' }
}

function replacement(text: string, at: Jsonc.Node, value: unknown): Splice {
  const by = pretty(value, indentAt(text, at.offset), styleOf(text))
  return { from: at.offset, to: endOf(at), by }
}

interface NewMember {
  readonly name: string
  readonly value: unknown
  readonly isSorted: boolean
}

function insertion(text: string, object: Jsonc.Node, { name, value, isSorted }: NewMember): Splice {
  const style = styleOf(text)
  const members = object.children ?? []
  const [first] = members
  const outer = indentAt(text, object.offset)
  const inner = first ? indentAt(text, first.offset) : outer + style.unit
  const line = style.eol + inner
  const member = `${JSON.stringify(name)}: ${pretty(value, inner, style)}`
  if (!first) return { from: object.offset, to: endOf(object), by: `{${line}${member}${style.eol}${outer}}` }
  const isOneLine = !text.slice(object.offset, first.offset).includes('\n')
  const short = `${JSON.stringify(name)}: ${JSON.stringify(value)}`
  const after = members.filter((_, at) => !isSorted || members.slice(0, at + 1).every(isBefore(name))).at(-1)
  if (after) {
    const by = isOneLine ? `, ${short}` : `,${line}${member}`
    return { from: endOf(after), to: endOf(after), by }
  }
  const by = isOneLine ? `${short}, ` : `${member},${line}`
  return { from: first.offset, to: first.offset, by }
}

function isBefore(name: string): (member: Jsonc.Node) => boolean {
  return ({ children }) => String(children?.[0]?.value) < name
}

function pretty(value: unknown, indent: string, { unit, eol }: Style): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', eol + indent)
}

/** The blanks that the line begins with. */
function indentAt(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}

function styleOf(text: string): Style {
  return { unit: /^[ \t]+(?=")/m.exec(text)?.[0] ?? '  ', eol: text.includes('\r\n') ? '\r\n' : '\n' }
}
