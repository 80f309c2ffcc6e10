/** What an item costs of its stream's credit: both peers count what travels, by the same rule. */

/** Of every value, whatever it is, so that items of nothing cost something. */
const VALUE = 8

/** 8 for every value of the JSON, tags included, and the characters of its texts and keys. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return VALUE + value.length
  if (typeof value !== 'object' || value === null) return VALUE
  let size = VALUE
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) size += sizeOf(value[i])
    return size
  }
  for (const key in value) size += key.length + sizeOf((value as Record<string, unknown>)[key])
  return size
}

/** Bytes of attachments, all together. */
export function bytesOf(attachments: readonly Uint8Array[]): number {
  let bytes = 0
  for (const { byteLength } of attachments) bytes += byteLength
  return bytes
}
