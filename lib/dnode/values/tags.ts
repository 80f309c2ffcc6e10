/** Tags: objects whose first key is `$` stand for what JSON has not. What is in them is specified in docs/protocol.md. */

/** The one key of a tag. */
export const MARK = '$'

/** What stands for a value that JSON has not. */
export interface Tag {
  readonly $: readonly [kind: string, ...more: unknown[]]
}

/** One for all: nobody changes it. */
export const UNDEFINED: Tag = Object.freeze({ $: Object.freeze(['undefined'] as const) })

/** Digits of a bigint that travel: beyond it making the text is what takes the time. */
export const DIGITS = 20_000

/** Characters of the source of a regular expression that travel. */
export const PATTERN = 10_000

/** The least number with more digits than travel; made when the first bigint is looked at. */
let tooLong: bigint | null = null

/** Whether a bigint has more digits than travel. Its text is not made: that takes seconds for the longest. */
export function isTooLong(value: bigint): boolean {
  tooLong ??= 10n ** BigInt(DIGITS)
  return value >= tooLong || value <= -tooLong
}

/** Whether JSON has this number: neither NaN, nor infinite, nor -0. */
export function isJsonNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0)
}

/** Whether JSON has this value, and it is neither a text nor a container. */
export function isJsonLeaf(value: unknown): boolean {
  return typeof value === 'number' ? isJsonNumber(value) : typeof value === 'boolean' || value === null
}
