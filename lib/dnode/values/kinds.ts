/** Which objects of classes have a kind of their own on the wire, and which never travel. */
import { Readable, Writable } from 'node:stream'
import { types } from 'node:util'
import { isWeb } from '../streams/source.js'
import type { Reason } from './by-reference.js'

/** `data`: whatever has no other. `boxed`: a primitive in an object. */
export type Kind =
  | 'plain'
  | 'data'
  | 'error'
  | 'bytes'
  | 'date'
  | 'regexp'
  | 'map'
  | 'set'
  | 'url'
  | 'signal'
  | 'node'
  | 'web'
  | 'boxed'

type Type = abstract new (...args: never[]) => object

const BY_TYPE: readonly (readonly [Type, Kind | Reason])[] = [
  [Date, 'date'],
  [Map, 'map'],
  [Set, 'set'],
  [Error, 'error'],
  [URL, 'url'],
  [RegExp, 'regexp'],
  [AbortSignal, 'signal'],
  [Readable, 'node'],
  [Writable, { what: 'is a stream to write to', hint: 'send a function that takes what is written' }],
  [Promise, { what: 'is a Promise', hint: 'await it first' }],
  [WeakMap, { what: 'is a WeakMap', hint: 'send plain data' }],
  [WeakSet, { what: 'is a WeakSet', hint: 'send plain data' }],
  [WeakRef, { what: 'is a WeakRef', hint: 'send what it holds' }],
  [SharedArrayBuffer, { what: 'is a SharedArrayBuffer', hint: 'send a copy of its bytes' }],
]

/** The same by what the engine knows of an object, for those of another realm: `vm`, the sandbox of a test runner. */
const BY_BRAND: readonly (readonly [(value: unknown) => boolean, Kind | Reason])[] = [
  [(value) => ArrayBuffer.isView(value) || types.isArrayBuffer(value), 'bytes'],
  [types.isBoxedPrimitive, 'boxed'],
  [types.isDate, 'date'],
  [types.isMap, 'map'],
  [types.isSet, 'set'],
  [types.isRegExp, 'regexp'],
  [types.isNativeError, 'error'],
  [types.isPromise, { what: 'is a Promise', hint: 'await it first' }],
]

/** What the objects of a class are is found once. */
const known = new WeakMap<object, Kind | Reason>()

/** The kind of an object that is no array and whose prototype is not Object's; or why it cannot travel. */
export function kindOf(value: object): Kind | Reason {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null) return 'plain'
  const found = known.get(prototype)
  if (found !== undefined) return found
  const kind = classify(value)
  known.set(prototype, kind)
  return kind
}

function classify(value: object): Kind | Reason {
  for (const [isOne, kind] of BY_BRAND) if (isOne(value)) return kind
  if (isWeb(value)) return 'web'
  for (const [type, kind] of BY_TYPE) if (value instanceof type) return kind
  return 'data'
}
