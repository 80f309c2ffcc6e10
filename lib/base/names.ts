/** Names, versions, ranges and durations: read once here, the same way everywhere. */
import { closestMatch } from 'leven'
import parseVersion from 'semver/functions/parse.js'
import validRange from 'semver/ranges/valid.js'
import { invalid } from './errors.js'
import { LIMITS } from './options.js'

/** npm's rule for new packages, which a service's name follows. */
const NAME = /^(?:@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/
const RESERVED = new Set(['node_modules', 'favicon.ico'])

/** Characters of a program's value that an error shows. */
const SHOWN = 80

/** A value that a program gave, for an error that refuses it. Never throws, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number') return String(value)
  try {
    const text = JSON.stringify(value) ?? String(value)
    return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
  } catch {
    // it contains itself, or has a getter or toJSON that throws
    return `an ${typeof value}`
  }
}

/** Whether this may be the name of a service or mesh. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= LIMITS.name && NAME.test(name) && !RESERVED.has(name)
}

/** Checks a service's (or a mesh's) name: npm's rule, at most 64 characters. Errors: DS_INVALID. */
export function checkName(name: unknown, what = 'service name'): string {
  if (isName(name)) return name
  throw invalid({
    summary: `${shown(name)} is no ${what}`,
    hint: `follow npm's rule: lower-case letters, digits, "-", "_", ".", "~", at most ${LIMITS.name} characters, optionally "@scope/" in front`,
  })
}

/** Checks an exact version and answers its canonical form, without build metadata. Errors: DS_INVALID. */
export function checkVersion(version: unknown): string {
  const parsed = typeof version === 'string' ? parseVersion(version) : null
  if (parsed) return parsed.version
  throw invalid({
    summary: `${shown(version)} is no version`,
    hint: 'give an exact semver version such as 1.2.0',
  })
}

/** Checks a range; undefined and '' mean any version but prereleases. Errors: DS_INVALID. */
export function checkRange(range: unknown): string {
  if (range === undefined || range === '' || range === 'latest') return '*'
  if (typeof range === 'string' && validRange(range) !== null) return range
  throw invalid({
    summary: `${shown(range)} is no semver range`,
    hint: 'give a range as in package.json: ^1.2.0, ~1.4, 1.x, >=1 <3',
  })
}

/** Splits `name`, `name@1.2.0`, `@scope/name@^1` at the last `@` that is not the first character. */
export function splitAt(text: string): { name: string; after: string | undefined } {
  const at = text.lastIndexOf('@')
  return at > 0 ? { name: text.slice(0, at), after: text.slice(at + 1) } : { name: text, after: undefined }
}

/** Refuses options that nobody knows, naming the nearest one. Errors: DS_INVALID. */
export function checkKeys(given: object, known: readonly string[], of: string): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key))
  if (unknown === undefined) return
  const near = closestMatch(unknown, known, { maxDistance: 3 })
  throw invalid({
    summary: `${of} has no option ${JSON.stringify(unknown)}`,
    hint: near ? `did you mean ${near}?` : `the options are ${known.join(', ')}`,
    details: { known },
  })
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** A duration in milliseconds: a number of them, or text such as `250ms`, `2s`, `1.5m`, `1h`. Errors: DS_INVALID. */
export function duration(value: unknown, what = 'duration'): number {
  if (typeof value === 'number' && value >= 0 && !Number.isNaN(value)) return value
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value.trim()) : null
  if (match) return Number(match[1]) * UNITS[(match[2] ?? 'ms') as keyof typeof UNITS]
  throw invalid({
    summary: `${shown(value)} is no ${what}`,
    hint: 'give milliseconds, or text such as "250ms", "2s", "1m"',
  })
}
