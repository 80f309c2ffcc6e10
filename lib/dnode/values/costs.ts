/**
 * What some values cost their receiver beyond what can be seen of them, as so many values more: a few kilobytes of them would
 * take it seconds. Both sides count alike, by the table in docs/protocol.md.
 */

/** A signal, and a stream that arrives as a Web stream: it takes as long to make one. */
export const HEAVY = 10

/** Classes of characters that the engine makes of its tables while it reads a pattern, and their complements. */
const CLASSES = /\\[pPwW]|\[\^/g
const CLASS = 50

/** Those of texts such as emoji of several characters, which `v` has alone: milliseconds each, where there are set operations. */
const TEXTS = /\\p\{(?:RGI_|Basic_Emoji|Emoji_Keycap)/g
const TEXT = 5_000

/** Values that a RegExp counts for beside itself. */
export function costOfRegExp(source: string, flags: string): number {
  const ofTexts = flags.includes('v')
  if (!ofTexts && !flags.includes('u')) return 0
  return CLASS * numberOf(CLASSES, source) + (ofTexts ? TEXT * numberOf(TEXTS, source) : 0)
}

function numberOf(what: RegExp, text: string): number {
  return text.match(what)?.length ?? 0
}

/** Characters of the part of a URL that has its host: names of DNS have 253 at most, and longer ones take the square of their length. */
export const HOST = 1_000

/** With one of the schemes whose hosts are names of DNS, as `href` writes them, and a short one. */
const SHORT_HOST = new RegExp(
  String.raw`^(?:(?:https?|wss?|ftp)://[^\s/?#\\]|file://)[^\s/?#\\]{0,${HOST - 1}}(?:[/?#]|$)`,
)

/** With any other scheme. */
const NO_HOST = /^(?!(?:https?|wss?|ftp|file):)[a-z][a-z\d+.-]*:/

/** Whether a URL is read quickly. One that is long has to be written as `href` does, for its host to be found without reading it. */
export function isQuickUrl(text: string): boolean {
  return text.length <= HOST || SHORT_HOST.test(text) || NO_HOST.test(text)
}

/** The hash of these is no secret in this engine, so that all may be made to fall into one bucket; there are too few small ones. */
const SMALL = 2 ** 22
const NUMBERS = 2_000
const BIGINTS = 150

/** Values that a key of a map, or an item of a set, counts for beside itself where so many stand before it. */
export function costOfKey(key: unknown, before: number): number {
  if (typeof key === 'bigint') return Math.floor(before / BIGINTS)
  if (typeof key !== 'number' || (Number.isInteger(key) && Math.abs(key) < SMALL)) return 0
  return Math.floor(before / NUMBERS)
}
