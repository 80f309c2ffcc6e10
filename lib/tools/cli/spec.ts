/** What the command line is told of a command; a file of its own, so that lists of commands do not need each other. */
import type { Run } from './input.js'

/** One command. */
export interface CommandSpec {
  /** commander's words: `<required>`, `[optional]`, `[many...]`. */
  readonly usage: string
  readonly summary: string
  /** A second name. */
  readonly alias?: string
  readonly options?: readonly (readonly [flags: string, text: string])[]
  /** More than one line of help, where the command needs it. */
  readonly details?: string
  readonly examples: readonly (readonly [line: string, text: string])[]
  /** True where the command deals with SIGINT itself. */
  readonly ownSignals?: boolean
  load(): Promise<{ run: Run }>
}
