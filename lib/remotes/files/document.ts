/** A JSON file whose values know where they stand, so that an error in it names file, line and column. */
import { createRequire } from 'node:module'
import path from 'node:path'
import type * as Jsonc from 'jsonc-parser'
import { invalid, type DServiceError } from '../../base/errors.js'
import { shown } from '../../base/names.js'

/** Loaded by the first file that is read: a process whose package declares nothing does without it. */
const load = createRequire(import.meta.url)
const jsonc = (): typeof Jsonc => load('jsonc-parser') as typeof Jsonc

/** A value in the text: its type, and where it begins. */
export type JsonNode = Jsonc.Node

/** A member of an object, in the order of the text. */
export interface Member {
  readonly name: string
  /** Where its name stands. */
  readonly key: JsonNode
  readonly value: JsonNode
}

/** What an error in a file is made of; the place is put in front of its summary. */
export interface Complaint {
  /** What was expected and what came, as a sentence without its full stop. */
  readonly summary: string
  /** What to do about it, as a sentence without its full stop. */
  readonly hint: string
}

const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false } as const
/** What `git merge` leaves behind. No line of JSON begins so: a string has no line breaks. */
const CONFLICT = /^(<{7}|={7}|>{7})( |$)/m
/** Values within values, at most: what walks over them calls itself. */
const DEEPEST = 256

export class Document {
  /** As it was given, for messages and `details`. */
  readonly file: string
  /** As it was given: offsets and edits are of this text. */
  readonly text: string
  readonly root: JsonNode

  /** Reads strict JSON; a byte order mark is fine. Errors: DS_INVALID with the place, also for what a merge left undecided. */
  constructor(file: string, text: string) {
    this.file = file
    this.text = text
    const conflict = CONFLICT.exec(text)
    if (conflict) throw this.error(conflict.index, UNDECIDED)
    this.root = this.#parse()
    if (depthOf(this.root) > DEEPEST) throw this.error(0, TOO_DEEP)
  }

  #parse(): JsonNode {
    const errors: Jsonc.ParseError[] = []
    // a blank in its place leaves the offsets as they are
    const root = tryParse(this.text.replace(/^\uFEFF/, ' '), errors)
    if (root === null) throw this.error(0, TOO_DEEP)
    const [first] = errors
    if (root && !first) return root
    const what = first ? jsonc().printParseErrorCode(first.error) : 'ValueExpected'
    throw this.error(first?.offset ?? 0, {
      // their names are words: CommaExpected
      summary: `this is no JSON (${what.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()})`,
      hint: 'mend the file',
    })
  }

  /** DS_INVALID about a place: `package.json:12:5: …`, with `details` { file, line, column }; both count from 1. */
  error(at: JsonNode | number, { summary, hint }: Complaint): DServiceError {
    const { line, column } = this.#place(typeof at === 'number' ? at : at.offset)
    return invalid({
      summary: `${nearName(this.file)}:${line}:${column}: ${summary}`,
      hint,
      details: { file: this.file, line, column },
    })
  }

  #place(offset: number): { line: number; column: number } {
    const before = this.text
      .slice(0, offset)
      .replace(/^\uFEFF/, '')
      .split(/\r\n|\n|\r/)
    return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
  }

  /** The value at a path of names and indexes; undefined where there is none. */
  find(...names: (string | number)[]): JsonNode | undefined {
    return jsonc().findNodeAtLocation(this.root, names)
  }

  /** The members of an object. Errors: DS_INVALID for what is no object, a name that stands twice, and `__proto__`. */
  members(node: JsonNode, what: string): Member[] {
    if (node.type !== 'object') {
      const came = node.type === 'array' ? 'a list' : shown(jsonc().getNodeValue(node))
      throw this.error(node, { summary: `${what} is ${came}`, hint: 'write an object: { … }' })
    }
    const members = (node.children ?? []).flatMap(memberOf)
    const seen = new Set<string>()
    for (const { name, key } of members) {
      if (name === '__proto__')
        throw this.error(key, { summary: `${what} names "__proto__"`, hint: 'take it out' })
      if (seen.has(name)) {
        const summary = `${what} names ${shown(name)} twice`
        throw this.error(key, { summary, hint: 'keep one of the two' })
      }
      seen.add(name)
    }
    return members
  }

  /** The plain value. A member `__proto__` is an own property of it; of a name that stands twice the last counts, as in JSON.parse. */
  valueOf(node: JsonNode): unknown {
    return JSON.parse(this.text.slice(node.offset, node.offset + node.length))
  }
}

const UNDECIDED: Complaint = {
  summary: 'a merge left both sides here',
  hint: 'keep what is meant of the two, and take out the lines of <<<<<<<, ======= and >>>>>>>',
}
const TOO_DEEP: Complaint = {
  summary: `values stand in values more than ${DEEPEST} deep`,
  hint: 'mend the file: nothing of ours is that deep',
}

/** Null: it calls itself for each depth, and the stack ended. */
function tryParse(text: string, errors: Jsonc.ParseError[]): JsonNode | undefined | null {
  try {
    return jsonc().parseTree(text, errors, STRICT)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function depthOf(root: JsonNode): number {
  let depth = 0
  for (let level: JsonNode[] = [root]; level.length > 0; depth++) {
    level = level.flatMap((node) => (node.children ?? []).flatMap((child) => valuesOf(child)))
  }
  return depth
}

function valuesOf(child: JsonNode): readonly JsonNode[] {
  return child.type === 'property' ? (child.children ?? []).slice(1) : [child]
}

function memberOf({ children }: JsonNode): Member[] {
  const [key, value] = children ?? []
  return key && value ? [{ name: String(key.value), key, value }] : []
}

/** As people name it from where they are. */
function nearName(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative
}
