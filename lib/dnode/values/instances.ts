/** Objects of classes as they travel: those that have a kind of their own, those of the user's, and the rest as JSON sees it. */
import { Transform, type Readable } from 'node:stream'
import { LIMITS } from '../../base/options.js'
import { isByReference, keptHome, methodsOf } from './by-reference.js'
import { bytesToSend, nameOfBytes } from './bytes.js'
import type { BytesTag } from './carried.js'
import { costOfKey, costOfRegExp, HEAVY, HOST, isQuickUrl } from './costs.js'
import { encodeError } from './errors.js'
import { kindOf } from './kinds.js'
import { part, type Step } from './path.js'
import type { CustomType, StreamForm } from './port.js'
import { formOf } from '../streams/source.js'
import { PATTERN, type Tag } from './tags.js'
import type { Writing } from './writing.js'

/** An object that is neither an array nor plain. */
export function encodeInstance(writing: Writing, value: object, level: number): unknown {
  const kept = keptHome(value)
  if (kept) throw writing.refuse(kept.what, kept.hint)
  const custom = writing.to.custom?.of(value)
  if (custom) return encodeCustom(writing, custom, { value, level })
  const kind = kindOf(value)
  if (typeof kind === 'object') throw writing.refuse(kind.what, kind.hint)
  switch (kind) {
    case 'plain':
      return encodePlain(writing, value, level)
    case 'data':
      return encodeData(writing, value, level)
    case 'map':
      return encodeMap(writing, value as Map<unknown, unknown>, level)
    case 'set':
      return encodeSet(writing, value as Set<unknown>, level)
    case 'error':
      return encodeError(writing, value as Error, level)
    case 'signal':
      return encodeSignal(writing, value as AbortSignal, level)
    case 'bytes':
      return encodeBytes(writing, value as ArrayBufferView | ArrayBuffer)
    case 'node':
      refuseDuplex(writing, value as Readable)
      return encodeStream(writing, value, formOf(value))
    case 'web':
      return encodeStream(writing, value, 'web')
    case 'boxed':
      return writing.value((value as { valueOf(): unknown }).valueOf(), writing.steps[level] as Step, level)
    case 'date':
    case 'regexp':
    case 'url':
      return encodeLeaf(writing, kind, value)
  }
}

export function encodeStream(writing: Writing, source: object, form: StreamForm): Tag {
  if (form === 'web') writing.count(HEAVY)
  const id = writing.hand('a stream', (outgoing) => outgoing.stream(source, form))
  return writing.tag('stream', id, form)
}

/** Its methods, and nothing else. */
export function encodeMethods(writing: Writing, value: object, level: number): unknown {
  if (!writing.to.outgoing) throw writing.refuse('goes by reference', 'only plain data can be sent here')
  return writing.record(methodsOf(value), value, level + 1)
}

function encodePlain(writing: Writing, value: object, level: number): unknown {
  return isAsyncIterable(value)
    ? encodeStream(writing, value, 'iterable')
    : writing.record(value, value, level + 1)
}

function encodeLeaf(writing: Writing, kind: 'date' | 'regexp' | 'url', value: object): Tag {
  // the methods of the class itself: an object that only looks like one throws here
  if (kind === 'date') {
    const time = Date.prototype.getTime.call(value as Date)
    writing.leafOf(value)
    return writing.tag(kind, Number.isNaN(time) ? null : time)
  }
  writing.leafOf(value)
  if (kind === 'url') return encodeUrl(writing, (value as URL).href)
  const { source, flags } = value as RegExp
  if (source.length > PATTERN) {
    throw writing.exceed(`is a RegExp of more than ${PATTERN} characters`, 'send its source as text')
  }
  writing.count(costOfRegExp(source, flags))
  return writing.tag(kind, source, flags)
}

function encodeUrl(writing: Writing, href: string): Tag {
  if (!isQuickUrl(href)) throw writing.exceed(`has a host of more than ${HOST} characters`, 'send it as text')
  return writing.tag('url', href)
}

function encodeMap(writing: Writing, map: Map<unknown, unknown>, level: number): Tag {
  const number = writing.enter(map, level + 1)
  writing.count(2 * map.size)
  const entries: unknown[] = []
  const [ofKey, ofValue] = [part('key'), part('value')]
  Map.prototype.forEach.call(map, (value, key) => {
    ofKey.index = ofValue.index = entries.length
    const name = writing.value(key, ofKey, level + 1)
    writing.count(costOfKey(key, entries.length))
    entries.push([name, writing.value(value, ofValue, level + 1)])
  })
  writing.end(number, level + 1)
  return writing.tag('map', entries)
}

function encodeSet(writing: Writing, set: Set<unknown>, level: number): Tag {
  const number = writing.enter(set, level + 1)
  writing.count(set.size)
  const items: unknown[] = []
  const ofItem = part('item')
  Set.prototype.forEach.call(set, (item) => {
    ofItem.index = items.length
    const value = writing.value(item, ofItem, level + 1)
    writing.count(costOfKey(item, items.length))
    items.push(value)
  })
  writing.end(number, level + 1)
  return writing.tag('set', items)
}

/** One that may still abort has a number; one that has aborted is its reason. */
function encodeSignal(writing: Writing, signal: AbortSignal, level: number): Tag {
  if (!signal.aborted) {
    writing.count(HEAVY)
    return writing.tag(
      'signal',
      writing.hand('an AbortSignal', (outgoing) => outgoing.signal(signal)),
    )
  }
  const number = writing.enter(signal, level + 1)
  writing.count(HEAVY)
  writing.open.push(number)
  const reason = writing.value(signal.reason, 'reason', level + 1)
  writing.open.pop()
  writing.end(number, level + 1)
  return writing.tag('signal', null, reason)
}

function encodeBytes(writing: Writing, value: ArrayBufferView | ArrayBuffer): Tag {
  const attachments = (writing.attachments ??= [])
  if (attachments.length === LIMITS.attachments) {
    throw writing.exceed(
      `is one more than the ${LIMITS.attachments} Buffers of a message`,
      'put them into one',
    )
  }
  writing.attached += value.byteLength
  if (writing.attached > LIMITS.attachedRow) {
    throw writing.exceed(
      `makes more than ${LIMITS.attachedRow} bytes of Buffers in a message`,
      'send a stream, or less at a time',
    )
  }
  writing.leafOf(value)
  const tag = writing.tag('bytes', attachments.push(bytesToSend(value)) - 1, nameOfBytes(value))
  ;(writing.tags ??= []).push(tag.$ as unknown as BytesTag)
  return tag
}

function encodeCustom(
  writing: Writing,
  type: CustomType,
  { value, level }: { value: object; level: number },
): Tag {
  const { name } = type
  const { known } = writing.to
  if (known && !known.has(name)) {
    throw writing.refuse(
      `is of the custom type ${name}, which the peer has not`,
      'give the peer the same types',
    )
  }
  const number = writing.enter(value, level + 1)
  writing.open.push(number)
  writing.count(1)
  const data = writing.value(type.write(value), part(name, null), level + 1)
  writing.open.pop()
  writing.end(number, level + 1)
  return writing.tag('custom', name, data)
}

/** As JSON has it: what its `toJSON` answers, or its own enumerable data. */
function encodeData(writing: Writing, value: object, level: number): unknown {
  const { then, toJSON } = value as { then?: unknown; toJSON?: unknown }
  if (typeof then === 'function') throw writing.refuse('can be awaited', 'await it first')
  if (isAsyncIterable(value)) return encodeStream(writing, value, 'iterable')
  if (typeof toJSON !== 'function' || Object.hasOwn(value, 'toJSON')) {
    refuseOpaque(writing, value)
    return writing.record(value, value, level + 1)
  }
  const step = writing.steps[level] as Step
  const json: unknown = toJSON.call(value, typeof step === 'object' ? '' : `${step}`)
  // what toJSON answered is not asked for its own toJSON: it may be the object itself
  if (Array.isArray(json)) return writing.array(json, value, level + 1)
  return isRecord(json) ? writing.record(json, value, level + 1) : writing.value(json, step, level)
}

function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || isByReference(value) || isAsyncIterable(value))
    return false
  const kind = Object.getPrototypeOf(value) === Object.prototype ? 'plain' : kindOf(value)
  return kind === 'plain' || kind === 'data'
}

function isAsyncIterable(value: object): boolean {
  return (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] !== undefined
}

/** What to send instead of some that people try. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['WritableStream', 'send a function that takes what is written'],
  ['TransformStream', 'send its `readable`'],
  ['Blob', 'send its `stream()`, or `await it.arrayBuffer()`'],
  ['File', 'send its `stream()`, or `await it.arrayBuffer()`'],
  ['Request', 'send its `body`, and what else is needed of it'],
  ['Response', 'send its `body`, and what else is needed of it'],
  ['AbortController', 'send its `signal`'],
])

/** Objects that keep all they have to themselves: of generators, Headers, Blobs and the like nothing would arrive. */
function refuseOpaque(writing: Writing, value: object): void {
  const name = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]
  for (const key in value) if (Object.hasOwn(value, key)) return
  if (typeof name !== 'string') return refuseEmpty(writing, value)
  const isIterable = (value as Partial<Iterable<unknown>>)[Symbol.iterator] !== undefined
  const hint = INSTEAD.get(name) ?? (isIterable ? 'send what is in it: [...it]' : 'send plain data')
  throw writing.refuse(`is a ${name}, of which nothing would arrive`, hint)
}

/** A class of the user's whose fields are private, as one that was meant to go by reference: an empty object would arrive. */
function refuseEmpty(writing: Writing, value: object): void {
  const prototype = Object.getPrototypeOf(value) as object
  const members = Object.getOwnPropertyNames(prototype).filter((key) => key !== 'constructor')
  if (members.length === 0) return
  const { constructor: { name } = Object } = value as { constructor?: { name?: unknown } }
  throw writing.refuse(
    `is of ${name === 'Object' ? 'methods alone' : `the class ${String(name)}`}, of which nothing would arrive`,
    'mark it by byReference() for its methods, or give its class a toJSON() or a custom type',
  )
}

/** A socket as a source of bytes alone would be half of it. What reads and writes by its nature, as a gzip does, is a source. */
function refuseDuplex(writing: Writing, stream: Readable): void {
  if (stream instanceof Transform || !('writable' in stream) || stream.writable !== true) return
  throw writing.refuse('is a stream to write to as well', 'send Readable.from(it) to have it read')
}
