/** What stands between the network and the decoder: a datagram that cannot be what it claims is not decoded. */

const HEADER = 12
/** The least that a question (root name, type, class) and a record (the same, TTL, length) take. */
const LEAST_QUESTION = 5
const LEAST_RECORD = 11
/** RFC 6762 section 17. */
const LONGEST = 9_000
const MOST_RECORDS = 1_000

/**
 * Whether a datagram may be decoded. Reads the header and counts bytes, no more: a decoder that trusts the
 * counts of a header can be kept busy for a second by 23 bytes.
 */
export function isDecodable(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER || bytes.length > LONGEST) return false
  const count = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  const questions = count(4)
  const records = count(6) + count(8) + count(10)
  if (questions + records > MOST_RECORDS) return false
  return HEADER + LEAST_QUESTION * questions + LEAST_RECORD * records <= bytes.length
}

/** RFC 6762 section 18: opcode and rcode other than 0 are ignored. */
export function isStandard(bytes: Uint8Array): boolean {
  return ((bytes[2] ?? 0) & 0x78) === 0 && ((bytes[3] ?? 0) & 0x0f) === 0
}
