/** What a command says and where: data on stdout, talk on stderr, one JSON document where that is asked for. */
import { failureOf, failureText, type Failed } from './failure.js'
import type { Phase } from './exit.js'
import { styleOf, type Style } from './style.js'
import { jsonText } from './text.js'

/** A stream to write on; process.stdout and a test's array of lines are both one. */
export interface Writer {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Where a command runs: the process, or a test. */
export interface Host {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: Writer
  readonly stderr: Writer
  readonly env: NodeJS.ProcessEnv
}

/** The options that every command takes. */
export interface Settings {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly color: boolean
  readonly mesh: string | undefined
  readonly engine: string | undefined
  /** As typed, checked: `2s`, `500`. */
  readonly timeout: string | undefined
}

/** One command's voice. */
export class Talk {
  readonly json: boolean
  readonly style: Style
  /** Columns of the terminal; Infinity where stdout is none, since a file has no edge. */
  readonly width: number
  /** Whether stdout is a terminal. */
  readonly interactive: boolean
  readonly #host: Host
  readonly #settings: Settings
  readonly #errStyle: Style

  constructor(host: Host, settings: Settings) {
    this.json = settings.json
    this.style = styleOf(host.env, host.stdout, settings.color)
    this.interactive = host.stdout.isTTY === true
    this.width = widthFrom(host)
    this.#host = host
    this.#settings = settings
    this.#errStyle = styleOf(host.env, host.stderr, settings.color)
  }

  /** Data for people: whole lines on stdout. */
  data(text: string): void {
    this.#host.stdout.write(`${text}\n`)
  }

  /** Data for programs: one JSON document on a line of its own. Every document says its version. */
  document(value: object): void {
    this.data(jsonText({ v: 1, ...value }))
  }

  /** Talk: on stderr, silent with --quiet and --json. */
  note(text: string): void {
    if (!this.#settings.quiet && !this.json) this.#host.stderr.write(`${this.#errStyle.colors.dim(text)}\n`)
  }

  /** A warning: on stderr, also with --quiet. */
  warn(text: string): void {
    if (!this.json) this.#host.stderr.write(`${this.#errStyle.colors.yellow(text)}\n`)
  }

  /** A line on stderr as it is: what a child process wrote there. */
  raw(text: string): void {
    this.#host.stderr.write(`${text}\n`)
  }

  /** Tells a failure in the format that was asked for, and answers its exit code. */
  fail(thrown: unknown, phase: Phase = 'setup'): number {
    const failed = failureOf(thrown, phase)
    this.report(failed)
    return failed.exit
  }

  /** Tells a failure that is already described. */
  report(failed: Failed): void {
    if (this.json) this.document({ error: failed })
    else this.#host.stderr.write(`${failureText(failed, this.#errStyle)}\n`)
  }
}

function widthFrom(host: Host): number {
  if (host.stdout.isTTY && host.stdout.columns) return host.stdout.columns
  const columns = Number(host.env['COLUMNS'])
  return Number.isInteger(columns) && columns > 0 ? columns : Infinity
}
