/** Typed memory <-> raw bytes. Numbers are little endian on the wire, whatever the machine has. */
import { endianness } from 'node:os'
import { types } from 'node:util'
import { invalid } from '../../base/errors.js'
import { borrowBytes } from '../../wire/spare.js'

type View = new (buffer: ArrayBuffer) => Uint8Array

/** Name on the wire -> how many bytes an element has, and who makes one of memory that begins at 0. */
const TYPES: ReadonlyMap<string, readonly [size: number, make: (buffer: ArrayBuffer) => object]> = new Map(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((type) => [type.name, [type.BYTES_PER_ELEMENT, (buffer) => new (type as unknown as View)(buffer)]]),
)

const IS_BIG = endianness() === 'BE'

/** The kind of a typed array, past any class that extends it. */
const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => string | undefined

/** What bytes are called on the wire. */
export function nameOfBytes(value: ArrayBufferView | ArrayBuffer): string {
  if (Buffer.isBuffer(value)) return 'Buffer'
  return tagOf.call(value) ?? (ArrayBuffer.isView(value) ? 'DataView' : 'ArrayBuffer')
}

/** Bytes that nobody changes any more; null until there are any. */
let given: WeakSet<object> | null = null

/**
 * Says of bytes that nobody will change them from now on, nor move or shrink their memory: they are sent as they are, where
 * others are copied first. Errors: DS_INVALID for what is no bytes.
 */
export function handOver<T extends ArrayBufferView | ArrayBuffer>(bytes: T): T {
  if (!ArrayBuffer.isView(bytes) && !types.isArrayBuffer(bytes)) {
    throw invalid({ summary: `handOver was given ${typeof bytes}`, hint: 'give it a Buffer or the like' })
  }
  given ??= new WeakSet()
  given.add(bytes)
  return bytes
}

/** The bytes that belong to the value, and no others: what they are part of stays here. A copy, unless they were handed over. */
export function bytesToSend(value: ArrayBufferView | ArrayBuffer): Uint8Array {
  const bytes = viewOf(value)
  if (!IS_BIG && given !== null && given.has(value)) return bytes
  const copy = borrowBytes(bytes.length)
  copy.set(bytes)
  return IS_BIG ? turned(copy, TYPES.get(nameOfBytes(value))?.[0] ?? 1) : copy
}

function viewOf(value: ArrayBufferView | ArrayBuffer): Uint8Array {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value)
  return Buffer.isBuffer(value) ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}

/**
 * Bytes as the type that is asked for. Takes the memory over where they are all of it, so that nothing is copied. null: no
 * such type; undefined: the length is not one of its.
 */
export function bytesAs(name: string, bytes: Uint8Array): object | null | undefined {
  const memory = wholeMemory(bytes)
  if (name === 'Buffer' && memory === bytes.buffer && Buffer.isBuffer(bytes)) return bytes
  if (name === 'Buffer') return Buffer.from(memory)
  if (name === 'ArrayBuffer') return memory
  if (name === 'DataView') return new DataView(memory)
  const type = TYPES.get(name)
  if (!type) return null
  const [size, make] = type
  if (bytes.length % size !== 0) return undefined
  if (IS_BIG) turned(new Uint8Array(memory), size)
  return make(memory)
}

function wholeMemory(bytes: Uint8Array): ArrayBuffer {
  const { buffer } = bytes
  if (buffer.byteLength === bytes.length && !types.isSharedArrayBuffer(buffer)) return buffer as ArrayBuffer
  return new Uint8Array(bytes).buffer
}

/** Turns the bytes of each element around, in place. */
export function turned(bytes: Uint8Array, size: number): Uint8Array {
  for (let at = 0; size > 1 && at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse()
  return bytes
}
