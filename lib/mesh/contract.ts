/** What a service promises its callers: its methods, what they take and give, and by which hash that is known. */
import { createHash } from 'node:crypto'

/** A JSON Schema (2020-12), as data: `true` and `{}` fit anything. */
export type JsonSchema = boolean | { readonly [keyword: string]: unknown }

/** What is promised of one method. */
export interface MethodContract {
  /** A sentence for people; part of no hash. */
  readonly description?: string
  /** Running twice does no more than running once. */
  readonly idempotent?: true
  /** One for each argument. Missing: nothing is known of them. */
  readonly input?: readonly JsonSchema[]
  /** Of what it answers. Missing: nothing is known of it. */
  readonly output?: JsonSchema
}

/** A declaration file that needs no other. */
export interface TypesContract {
  /** The interface or type in it that is the api. */
  readonly root: string
  readonly text: string
}

/** Plain JSON. Methods by dotted path. */
export interface Contract {
  readonly methods: Readonly<Record<string, MethodContract>>
  readonly types?: TypesContract
}

/** Bytes of a contract's canonical JSON, at most. */
export const LARGEST_CONTRACT: number = 256 * 1024

/** The one text of a JSON value: keys in the order of their UTF-16 units, no blanks. What is undefined is left out. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

/** `sha256-` and 64 hex digits, of a contract without its descriptions. */
export function hashOfContract({ methods, types }: Contract): string {
  const promised = Object.entries(methods).map(([path, method]) => [path, promise(method)] as const)
  return hashOf({ methods: Object.fromEntries(promised), types })
}

/** The same, of one method. Types are of the whole contract: a method's hash knows nothing of them. */
export function hashOfMethod(method: MethodContract): string {
  return hashOf(promise(method))
}

/** The same, of a text. */
export function hashOfText(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('hex')}`
}

function hashOf(value: unknown): string {
  return hashOfText(canonical(value))
}

function promise({ idempotent, input, output }: MethodContract): MethodContract {
  return {
    ...(idempotent ? { idempotent } : {}),
    ...(input ? { input } : {}),
    ...(output === undefined ? {} : { output }),
  }
}
