/** What must hold of everything that a victim is given and gives, whatever its peer sent. */
import { isDServiceError } from '../../lib/base/errors.js'
import { isId, isObject } from '../../lib/dnode/check.js'
import { readClassic } from '../../lib/dnode/classic.js'
import { refOf } from '../../lib/dnode/refs/stub.js'
import { readDialect } from '../../lib/dnode/dialect/read.js'
import { LIMITS } from '../../lib/base/options.js'
import { Attached } from '../../lib/dnode/values/carried.js'
import type { Message, Outcome, WireError } from '../../lib/dnode/messages.js'
import { attachmentsOf, partsOf, splitRows } from './corpus.js'

const OBJECT_KEYS = Reflect.ownKeys(Object.prototype).length
const ARRAY_KEYS = Reflect.ownKeys(Array.prototype).length

/** What somebody did to what all objects inherit; null: nothing. */
export function pollution(): string | null {
  if (Reflect.ownKeys(Object.prototype).length !== OBJECT_KEYS) return 'Object.prototype was changed'
  if (Reflect.ownKeys(Array.prototype).length !== ARRAY_KEYS) return 'Array.prototype was changed'
  return null
}

/** Why arguments should never have reached a method; null: they may. */
export function badArguments(args: readonly unknown[]): string | null {
  const ancestors = new Set<object>()
  let left = LIMITS.nodes
  const look = (value: unknown, depth: number): string | null => {
    if (typeof value === 'function') return badFunction(value)
    if (typeof value !== 'object' || value === null || ancestors.has(value)) return null
    if (depth > LIMITS.depth + 1) return `a method got values ${depth} deep`
    const why = badObject(value)
    if (why || ArrayBuffer.isView(value) || Symbol.asyncIterator in value) return why
    ancestors.add(value)
    for (const item of itemsOf(value)) {
      if (--left < -1) return 'a method got more values than are allowed'
      const within = look(item, depth + 1)
      if (within) return within
    }
    ancestors.delete(value)
    return null
  }
  return look(args, 0)
}

/** What is in a container. */
function itemsOf(value: object): readonly unknown[] {
  if (value instanceof Map) return [...value].flat()
  return value instanceof Set ? [...value] : Object.values(value)
}

/** Of what values may be; streams have their own. */
const PROTOTYPES: ReadonlySet<unknown> = new Set(
  [
    Object,
    Array,
    Map,
    Set,
    Date,
    RegExp,
    URL,
    AbortSignal,
    ArrayBuffer,
    DataView,
    Buffer,
    Uint8Array,
    Int8Array,
  ]
    .map((type): unknown => type.prototype)
    .concat(
      [Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array].map((type) => type.prototype),
    )
    .concat([Float32Array, Float64Array, BigInt64Array, BigUint64Array].map((type) => type.prototype))
    .concat(
      [Error, TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError, AggregateError].map(
        (type) => type.prototype,
      ),
    ),
)

function badFunction(value: object): string | null {
  const isOurs = Object.getPrototypeOf(value) === Function.prototype || refOf(value) !== undefined
  return isOurs ? null : 'a function has another prototype'
}

function badObject(value: object): string | null {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!PROTOTYPES.has(prototype) && !(Symbol.asyncIterator in value)) return 'an object has another prototype'
  for (const key of ['__proto__', 'constructor', 'prototype']) {
    if (Object.hasOwn(value, key)) return `a method got an object with the key ${key}`
  }
  return typeof (value as { then?: unknown }).then === 'function' ? 'a method got a thenable' : null
}

/** Why a caller should never have been given what came of its call; null: it may. */
export function badOutcome(outcome: Outcome): string | null {
  if (outcome.ok) return badArguments([outcome.value])
  for (let error: unknown = outcome.error; error instanceof Error; error = error.cause) {
    const taken = Object.keys(error).find((key) => key !== 'name' && key in Error.prototype)
    const why = taken ? `an error has a ${taken} of its own` : badArguments(Object.values(error))
    if (why) return `${why}, as a caller's error`
  }
  return null
}

/** What a peer did wrong is told by errors of ours; any other is a mistake of ours. null: it is one. */
export function badFailure(error: unknown): string | null {
  if (error === null || isDServiceError(error)) return null
  return `a peer's fault is told by ${error instanceof Error ? error.stack : String(error)}`
}

/** How often each id was called, or answered. */
export type Counts = Map<number, number>

function add(counts: Counts, id: number): void {
  counts.set(id, (counts.get(id) ?? 0) + 1)
}

/**
 * The calls with a valid id in the whole rows of some bytes, good or bad: each has one answer. Nothing else has one. null:
 * they are no rows.
 */
export function callsIn(bytes: Buffer): Counts | null {
  const calls: Counts = new Map()
  for (const { row } of rowsIn(bytes).slice(1)) {
    if (row === undefined) return null
    for (const message of Array.isArray(row) ? (row as unknown[]) : []) {
      const id = calledBy(message)
      if (id !== null) add(calls, id)
    }
  }
  return calls
}

/** The id of a call, with something before its kind or nothing; our own reader is not asked. */
function calledBy(message: unknown): number | null {
  if (!Array.isArray(message)) return null
  const [first, second, third] = message as unknown[]
  const isCall = (kind: unknown): boolean => kind === 'call' || kind === 'pipe'
  const id = isCall(first) ? second : typeof first !== 'string' && isCall(second) ? third : null
  return isId(id) ? id : null
}

/** The rows that are all there, parsed; undefined where that fails. */
function rowsIn(bytes: Buffer): { readonly row: unknown; readonly attachments: Buffer[] }[] {
  const rows = splitRows(bytes).flatMap((row) => partsOf(row) ?? [])
  const full = rows.filter(({ text }) => text !== '' && text !== '\r')
  return full.map((parts) => ({ row: parsed(parts.text), attachments: attachmentsOf(parts) }))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Reads all that a victim wrote with our own eyes: its answers by id, or what is wrong with it. */
export function answersIn(bytes: Buffer, codec: 'classic' | 'dialect'): Counts | string {
  const counts: Counts = new Map()
  let isDialect = false
  for (const [at, { row, attachments }] of rowsIn(bytes).entries()) {
    if (row === undefined) return `row ${at + 1} that was written is no JSON`
    if (Array.isArray(row) ? codec === 'classic' : isDialect)
      return `row ${at + 1} that was written is of the other codec`
    isDialect = Array.isArray(row)
    try {
      if (attachments.length > 0 && !Array.isArray(row))
        return `row ${at + 1} that was written has attachments, and is a classic one`
      if (!attachments.every((_, number) => JSON.stringify(row).includes(`{"$":["bytes",${number},`)))
        return `row ${at + 1} that was written has attachments that no tag takes`
      const attached = new Attached(attachments)
      const read = (message: unknown): Message => readOwn(message, attached)
      for (const message of Array.isArray(row) ? row.map(read) : [readClassic(row)]) {
        if ((at === 0) !== (message.type === 'methods'))
          return `row ${at + 1} that was written is ${message.type}`
        if (message.type === 'answer' || message.type === 'error') add(counts, message.id)
        if (message.type === 'done') for (const id of message.ids) add(counts, id)
        if (message.type === 'error' && !isOfOurs(message.error))
          return `call ${message.id} did not run for ${message.error.name}: ${message.error.message}`
      }
    } catch (error) {
      return `row ${at + 1} that was written breaks our own rules: ${String(error)}`
    }
  }
  return counts
}

/** How many elements messages have, kind included, and what may stand before them, in order. */
const WRITTEN: Readonly<Record<string, readonly [least: number, most: number, ...head: string[]]>> = {
  call: [3, Infinity, 'timeout', 'traceparent'],
  notify: [2, Infinity],
  answer: [2, 3],
  done: [2, Infinity],
  pipe: [4, Infinity, 'timeout', 'traceparent'],
  chunk: [3, Infinity],
  end: [2, 2],
  fail: [3, 3],
  credit: [3, 3],
  stop: [2, 3],
  release: [3, Infinity],
  abort: [2, 3],
  error: [3, 3],
  cancel: [2, 2],
  ping: [1, 1],
  pong: [1, 1],
  cull: [2, Infinity],
  changed: [3, 3],
}

/** A message that a victim wrote. Readers ignore what is too much in it: writers leave it out. */
function readOwn(written: unknown, attached: Attached): Message {
  const message = readDialect(written, attached)
  const [first, ...rest] = written as [unknown, ...unknown[]]
  const head = isObject(first) ? Object.keys(first) : null
  const { length, 0: kind } = head ? rest : [first, ...rest]
  const [least, most, ...fields] = WRITTEN[String(kind)] ?? [0, 0]
  if (length < least || length > most) throw new Error(`${length} elements of ${String(kind)}`)
  const known = fields.filter((field) => head?.includes(field))
  if (head && (head.length === 0 || head.join() !== known.join()))
    throw new Error(`a head of ${head.join() || 'nothing'} before ${String(kind)}`)
  return message
}

/** What never ran was refused, and that has a code of ours. */
function isOfOurs({ ran, code }: WireError): boolean {
  return ran === 'yes' || String(code).startsWith('DS_')
}

/** Whether each call was answered once, those apart that may still run. */
export function badAnswers(calls: Counts, answers: Counts, running: number): string | null {
  for (const [id, count] of answers) {
    const made = calls.get(id) ?? 0
    if (count > made) return `call ${id} was answered ${count} times, and made ${made} times`
  }
  let open = 0
  for (const [id, count] of calls) open += Math.max(0, count - (answers.get(id) ?? 0))
  return open > running ? `${open} calls have no answer, and ${running} run` : null
}
