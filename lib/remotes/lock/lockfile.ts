/** `dservice-lock.json`: which contract was found for each remote; written so that branches merge. lock-read.ts reads it. */
import {
  hashOfContract,
  hashOfMethod,
  hashOfText,
  type Contract,
  type JsonSchema,
  type MethodContract,
} from '../../mesh/contract.js'
import { printable } from '../../wire/quote.js'
import type { Lock, LockedMethod, LockedRemote, RemoteDeclaration } from '../types.js'

/** Beside the package.json. */
export const LOCK_FILE = 'dservice-lock.json'

/** Of the file, as it is written today. */
export const LOCK_VERSION = 1

/** A lock that holds nothing. */
export const EMPTY_LOCK: Lock = Object.freeze({ lockfileVersion: LOCK_VERSION, remotes: Object.freeze({}) })

/** What an entry is made of. */
export interface Found {
  readonly declaration: Pick<RemoteDeclaration, 'range'>
  /** The version whose contract it is. */
  readonly version: string
  readonly contract: Contract
  /** Its required edges: name -> range. */
  readonly rely: Readonly<Record<string, string>>
}

/** The entry of a remote. */
export function lockOf({ declaration, version, contract, rely }: Found): LockedRemote {
  const { methods, types } = contract
  const locked = Object.entries(methods).map(([path, method]) => [
    path,
    { hash: hashOfMethod(method), ...method },
  ])
  return {
    range: declaration.range,
    version,
    contract: hashOfContract(contract),
    methods: Object.fromEntries(locked) as Record<string, LockedMethod>,
    ...(types
      ? { types: { hash: hashOfText(types.text), root: types.root, text: types.text.split('\n') } }
      : {}),
    rely,
  }
}

/** The contract that is locked. */
export function contractOf({ methods, types }: LockedRemote): Contract {
  const told = Object.entries(methods).map(([path, method]) => [path, promised(method)])
  return {
    methods: Object.fromEntries(told) as Record<string, MethodContract>,
    ...(types ? { types: { root: types.root, text: types.text.join('\n') } } : {}),
  }
}

/** What is locked of a remote, null: nothing. A service may be called `constructor`. */
export function lockedIn({ remotes }: Lock, name: string): LockedRemote | null {
  return Object.hasOwn(remotes, name) ? (remotes[name] ?? null) : null
}

/** The text of a lock: names sorted, two blanks, LF, a last line break. The same lock is the same text. */
export function formatLock({ lockfileVersion, remotes }: Lock): string {
  // whoever reads what has changed sees what a service says, and not what it makes of the screen
  return `${printable(JSON.stringify({ lockfileVersion, remotes: byName(remotes, ordered) }, null, 2))}\n`
}

/** What a reader looks for first stands first; names that others have given are sorted. */
function ordered({ range, version, contract, methods, types, rely }: LockedRemote): LockedRemote {
  return {
    range,
    version,
    contract,
    methods: byName(methods, orderedMethod),
    ...(types ? { types: { hash: types.hash, root: types.root, text: types.text } } : {}),
    rely: byName(rely, (edge) => edge),
  }
}

function orderedMethod(method: LockedMethod): LockedMethod {
  const { input, output, ...rest } = promised(method)
  return {
    hash: method.hash,
    ...rest,
    ...(input ? { input: sorted(input) as JsonSchema[] } : {}),
    ...(output === undefined ? {} : { output: sorted(output) as JsonSchema }),
  }
}

/** A method without its hash. */
function promised({ description, idempotent, input, output }: LockedMethod): MethodContract {
  return {
    ...(description === undefined ? {} : { description }),
    ...(idempotent ? { idempotent } : {}),
    ...(input ? { input } : {}),
    ...(output === undefined ? {} : { output }),
  }
}

/** The same data with the keys of all its objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  return typeof value === 'object' && value !== null
    ? byName(value as Record<string, unknown>, sorted)
    : value
}

function byName<T, R>(record: Readonly<Record<string, T>>, each: (value: T) => R): Record<string, R> {
  const entries = Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, value]) => [name, each(value)]))
}
