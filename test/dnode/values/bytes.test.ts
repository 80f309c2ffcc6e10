/** Bytes: which leave, whose memory they are in, and as what they arrive. */
import { expect, it } from 'vitest'
import { handOver, turned } from '../../../lib/dnode/values/bytes.js'
import { encode } from '../../../lib/dnode/values/encode.js'
import { to, travel } from './peer.js'

const TYPED = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const

const sent = (value: unknown): Uint8Array | undefined => encode([value], to()).attachments[0]

it.each(TYPED)('bytes - a part of a %o arrives as one, without the rest', (Type) => {
  const [arrived] = travel([new Type([9, 1, 2, 9]).subarray(1, 3)]) as [InstanceType<typeof Type>]
  expect(arrived).toEqual(new Type([1, 2]))
  expect(arrived.buffer.byteLength).toBe(2 * Type.BYTES_PER_ELEMENT)
})

it('bytes - Buffers within the pool arrive in memory of their own', () => {
  const [a, b, empty] = travel([Buffer.from('ab'), Buffer.from('cd'), Buffer.alloc(0)]) as [
    Buffer,
    Buffer,
    Buffer,
  ]
  expect([String(a), String(b), String(empty)]).toEqual(['ab', 'cd', ''])
  expect(Buffer.isBuffer(a) && Buffer.isBuffer(empty)).toBe(true)
  expect(a.buffer.byteLength).toBe(2)
})

it('bytes - a class of the user’s arrives as what it extends', () => {
  class Key extends Uint8Array {}
  const [arrived] = travel([new Key([1, 2])])
  expect(arrived).toEqual(new Uint8Array([1, 2]))
})

it('bytes - the same ones are the same, two views of the same memory are two', () => {
  const memory = new Uint8Array([1, 2]).buffer
  const view = new Uint8Array(memory)
  const [a, b, c] = travel([view, view, new Uint8Array(memory)]) as [Uint8Array, Uint8Array, Uint8Array]
  expect(b).toBe(a)
  expect(c).not.toBe(a)
  expect(c.buffer).not.toBe(a.buffer)
})

it('bytes - they are copied, unless they were handed over', () => {
  const mine = Buffer.from('abcdef')
  const theirs = handOver(Buffer.from('abcdef').subarray(2, 4))
  const [copy, same] = [sent(mine), sent(theirs)]
  mine.fill('x')
  theirs.fill('x')
  expect([copy, same].map((bytes) => Buffer.from(bytes ?? []).toString())).toEqual(['abcdef', 'xx'])
  expect(sent(handOver(new Uint16Array([513]).buffer))).toEqual(new Uint8Array([1, 2]))
})

it('bytes - only bytes can be handed over', () => {
  expect(() => handOver('text' as never)).toThrow('handOver was given string')
})

it('bytes - elements are turned around each for itself', () => {
  expect([...turned(new Uint8Array([1, 2, 3, 4]), 2)]).toEqual([2, 1, 4, 3])
  expect([...turned(new Uint8Array([1, 2, 3, 4]), 4)]).toEqual([4, 3, 2, 1])
  expect([...turned(new Uint8Array([1, 2]), 1)]).toEqual([1, 2])
})
