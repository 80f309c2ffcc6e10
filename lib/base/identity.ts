/** Who an instance is: said in its announcement as a hint, and in its hello with authority. */

/** A service's life: `waiting` again whenever a required dependency is lost. */
export type State = 'starting' | 'waiting' | 'ready' | 'draining' | 'stopped'

/** One start of a service. */
export interface Identity {
  /** Unique per start: 26 characters of a-z and 2-7. */
  readonly id: string
  readonly name: string
  /** Semver, exact. */
  readonly version: string
  readonly mesh: string
  readonly state: State
  /** Wall time of the start, milliseconds since 1970. */
  readonly started: number
  /** The hash of what it promises, `sha256-` and 64 hex digits; of a sighting the first 16 of them will do. Missing: it says none. */
  readonly contract?: string
}

const HASH = /^sha256-[0-9a-f]{64}$/

/** Whether this is the hash of a contract as it travels. */
export function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value)
}
