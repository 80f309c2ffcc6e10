/**
 * Memory of copies that were sent, kept for the next ones: to claim a mebibyte anew takes the system five times as long as to copy
 * into one that is there.
 */

/** Bytes that are claimed with a size of their own, and nearly for nothing. */
const SMALL = 32 * 1024
/** Bytes of the largest copy that is kept, and of all together, whatever the process has sent. */
const LARGEST = 4 * 1024 * 1024
const KEPT = 8 * 1024 * 1024

/** Memory that is not in use, by its size, a power of two. */
const spare = new Map<number, ArrayBuffer[]>()
let kept = 0

/** Memory that is in use: a copy that is never given back goes with the garbage. */
const lent = new WeakSet<ArrayBufferLike>()

/** Bytes to copy into, with whatever is in them. Give them back, where nobody has any part of them any more. */
export function borrowBytes(length: number): Uint8Array {
  if (length < SMALL || length > LARGEST) return Buffer.allocUnsafe(length)
  const size = 2 ** Math.ceil(Math.log2(length))
  const memory = spare.get(size)?.pop()
  if (memory) kept -= size
  const buffer = memory ?? Buffer.allocUnsafeSlow(size).buffer
  lent.add(buffer)
  return new Uint8Array(buffer, 0, length)
}

/** Whether these are to be given back. */
export function isBorrowed(bytes: Uint8Array): boolean {
  return lent.has(bytes.buffer)
}

/** From here on they are somebody else's. Bytes that were not borrowed, or given back already, are left alone. */
export function giveBytesBack(bytes: Uint8Array): void {
  const { buffer } = bytes
  if (!lent.delete(buffer) || kept + buffer.byteLength > KEPT) return
  const size = buffer.byteLength
  const same = spare.get(size)
  if (same) same.push(buffer as ArrayBuffer)
  else spare.set(size, [buffer as ArrayBuffer])
  kept += size
}
