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
}
