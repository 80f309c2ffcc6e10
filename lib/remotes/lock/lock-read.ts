/** Reads a lock, and believes nothing of it whose hash is not right: it is merged by people and by programs. */
import { invalid, isDServiceError } from '../../base/errors.js'
import { checkName, checkRange, checkVersion, shown } from '../../base/names.js'
import { readContract } from '../../mesh/contract-read.js'
import { canonical, type Contract } from '../../mesh/contract.js'
import { Document, type JsonNode, type Member } from '../files/document.js'
import type { Lock, LockedRemote } from '../types.js'
import { contractOf, lockOf, LOCK_VERSION } from './lockfile.js'

/** Whether an object must have a field. */
type Known = Readonly<Record<string, 'needed' | 'optional'>>

const LOCK: Known = { lockfileVersion: 'needed', remotes: 'needed' }
const REMOTE: Known = {
  range: 'needed',
  version: 'needed',
  contract: 'needed',
  methods: 'needed',
  types: 'optional',
  rely: 'needed',
}
const METHOD: Known = {
  hash: 'needed',
  description: 'optional',
  idempotent: 'optional',
  input: 'optional',
  output: 'optional',
}
const TYPES: Known = { hash: 'needed', root: 'needed', text: 'needed' }

/**
 * Reads a lock. Errors: DS_INVALID with file, line and column: what a merge left undecided, a newer lock, fields and names that cannot be,
 * and a hash that is of something else, as after an edit by hand.
 */
export function readLock(file: string, text: string): Lock {
  const document = opened(file, text)
  checkNoNewer(document)
  checkFileVersion(document)
  const entries = membersOf(document).map((remote) => [remote.name, readRemote(document, remote)])
  return { lockfileVersion: LOCK_VERSION, remotes: Object.fromEntries(entries) as Lock['remotes'] }
}

/** Its remotes, each to be read by itself; none of what is no lock. Errors: DS_INVALID for a newer lock. */
export function remotesIn(file: string, text: string): (readonly [name: string, read: () => LockedRemote])[] {
  const document = attempt(() => opened(file, text))
  if (!document) return []
  checkNoNewer(document)
  const members = attempt(() => membersOf(document)) ?? []
  return members.map((remote) => [remote.name, () => readRemote(document, remote)])
}

function membersOf(document: Document): Member[] {
  const { remotes = document.root } = fieldsOf(document, document.root, { what: 'the lock', known: LOCK })
  return document.members(remotes, 'remotes')
}

/** A lock can be made anew, so its errors say how. */
function opened(file: string, text: string): Document {
  try {
    return new Document(file, text)
  } catch (error) {
    if (!isDServiceError(error)) throw error
    const { summary, details } = error
    throw invalid({ summary, hint: 'resolve it, or run dservice install', details, cause: error })
  }
}

/** Null for what is wrong with a lock; anything else is thrown. */
export function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (isDServiceError(error)) return null
    throw error
  }
}

/** Before all else: of a newer lock the fields may be others. */
function checkNoNewer(document: Document): void {
  const at = document.find('lockfileVersion')
  const version = at && document.valueOf(at)
  if (!at || typeof version !== 'number' || version <= LOCK_VERSION) return
  throw document.error(at, {
    summary: `this lock is of version ${version}, and this dservice reads version ${LOCK_VERSION}`,
    hint: 'update dservice',
  })
}

function checkFileVersion(document: Document): void {
  const at = document.find('lockfileVersion')
  const version = at && document.valueOf(at)
  if (version === LOCK_VERSION) return
  throw document.error(at ?? document.root, {
    summary: `lockfileVersion is ${version === undefined ? 'missing' : shown(version)}`,
    hint: 'run dservice install, which writes the lock anew',
  })
}

function readRemote(document: Document, { name, key, value }: Member): LockedRemote {
  placed(document, key, () => checkName(name))
  const fields = fieldsOf(document, value, { what: name, known: REMOTE })
  const { range = value, version = value, methods = value, types, rely = value } = fields
  for (const method of document.members(methods, `methods of ${name}`))
    fieldsOf(document, method.value, { what: `${name}.${method.name}`, known: METHOD })
  if (types) checkTypes(document, name, types)
  const said = document.valueOf(value) as LockedRemote
  const locked = lockOf({
    declaration: { range: placed(document, range, checkRange) },
    version: placed(document, version, checkExact),
    contract: contractIn(document, value, said),
    rely: edgesOf(document, rely, name),
  })
  checkHashes(document, { name, value, said, locked })
  return locked
}

/** What a peer may promise, a lock may hold. */
function contractIn(document: Document, at: JsonNode, said: LockedRemote): Contract {
  return placed(document, at, () => readContract(canonical(contractOf(said))))
}

function edgesOf(document: Document, rely: JsonNode, name: string): Record<string, string> {
  const edges = document.members(rely, `rely of ${name}`).map((edge) => {
    placed(document, edge.key, () => checkName(edge.name))
    return [edge.name, placed(document, edge.value, checkRange)]
  })
  return Object.fromEntries(edges) as Record<string, string>
}

function checkTypes(document: Document, name: string, types: JsonNode): void {
  const { text = types } = fieldsOf(document, types, { what: `types of ${name}`, known: TYPES })
  const lines = text.type === 'array' ? (text.children ?? []) : [text]
  const bad = lines.find((line) => line.type !== 'string' || /[\n\r]/.test(String(line.value)))
  if (text.type === 'array' && !bad) return
  throw document.error(bad ?? text, {
    summary: `the text of the types of ${name} is no list of lines`,
    hint: anew(name),
  })
}

/** What stands in the file, and what would be written of the same contract. */
interface Compared {
  readonly name: string
  readonly value: JsonNode
  readonly said: LockedRemote
  readonly locked: LockedRemote
}

/** From the small to the large: the first that does not fit is the one that somebody has changed. */
function checkHashes(document: Document, { name, value, said, locked }: Compared): void {
  const compare = (what: string, path: readonly string[], hashes: readonly [unknown, unknown]): void => {
    if (hashes[0] === hashes[1]) return
    throw document.error(jsonNode(document, value, path), {
      summary: `the hash of ${what} is of something else: it was edited by hand`,
      hint: anew(name),
    })
  }
  for (const [path, { hash }] of Object.entries(locked.methods))
    compare(`${name}.${path}`, ['methods', path, 'hash'], [said.methods[path]?.hash, hash])
  compare(`the types of ${name}`, ['types', 'hash'], [said.types?.hash, locked.types?.hash])
  compare(`the contract of ${name}`, ['contract'], [said.contract, locked.contract])
}

/** Below a value that is there. */
function jsonNode(document: Document, from: JsonNode, path: readonly string[]): JsonNode {
  return path.reduce(
    (at, name) => document.members(at, name).find((member) => member.name === name)?.value ?? at,
    from,
  )
}

function fieldsOf(
  document: Document,
  node: JsonNode,
  { what, known }: { what: string; known: Known },
): Record<string, JsonNode> {
  const members = document.members(node, what)
  const unknown = members.find(({ name }) => !Object.hasOwn(known, name))
  if (unknown) {
    throw document.error(unknown.key, {
      summary: `${what} has a field ${shown(unknown.name)}, which nobody knows`,
      hint: `take it out: the fields are ${Object.keys(known).join(', ')}`,
    })
  }
  const missing = Object.keys(known).find(
    (name) => known[name] === 'needed' && !members.some((member) => member.name === name),
  )
  if (missing === undefined) return Object.fromEntries(members.map(({ name, value }) => [name, value]))
  throw document.error(node, {
    summary: `${what} has no ${missing}`,
    hint: 'run dservice install, which writes the lock anew',
  })
}

function checkExact(version: unknown): string {
  const exact = checkVersion(version)
  if (exact === version) return exact
  throw invalid({ summary: `${shown(version)} is not written as ${exact}`, hint: `write ${exact}` })
}

function anew(name: string): string {
  return `take the file back from your repository, or run dservice install ${name}, which locks it anew`
}

/** What a check of a value says, it says of its place. */
function placed<T>(document: Document, at: JsonNode, check: (value: unknown) => T): T {
  try {
    return check(document.valueOf(at))
  } catch (error) {
    if (!isDServiceError(error)) throw error
    throw document.error(at, {
      summary: error.summary,
      hint: error.hint ?? 'run dservice install, which writes the lock anew',
    })
  }
}
