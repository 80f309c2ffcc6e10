/** What a command is given, and what it answers; a file of its own, so that no command needs the list of them all. */
import type { Host, Settings, Talk } from './talk.js'

/** What a command's `run` is given. */
export interface Input {
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly settings: Settings
  readonly talk: Talk
  readonly host: Host
}

/** Does a command and answers its exit code. What it throws is told by the caller. */
export type Run = (input: Input) => Promise<number>
