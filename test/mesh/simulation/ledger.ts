/** What ran, as those have it who ran it; what was called, as the callers have it. */
import { isDServiceError, type DServiceError } from '../../../lib/base/errors.js'
import type { Clock } from '../../../lib/testing/index.js'

/** How a call ended. */
export type End =
  | { readonly ok: true; readonly value: unknown; readonly at: number }
  | { readonly ok: false; readonly error: unknown; readonly at: number }

export interface Made {
  readonly id: string
  readonly by: string
  readonly what: string
  readonly at: number
  /** It must have ended by then. */
  readonly latest: number
  /** It may run twice. */
  readonly isIdempotent: boolean
  /** What its answer must be, where it is told. */
  readonly expects: unknown
  /** It never runs a method: a look-up. */
  readonly isPlain: boolean
  /** It runs on every instance, so that each run is judged with its outcome. */
  readonly isOfAll?: boolean
  end: End | null
}

export interface Ran {
  readonly id: string
  readonly node: string
  /** The id of the instance that ran it. */
  readonly instance: string
  readonly at: number
}

/** Owned by one run. */
export class Ledger {
  readonly #clock: Clock
  readonly #trace: (line: string) => void
  readonly made: Made[] = []
  readonly ran: Ran[] = []
  /** Streams that a service has begun to read from, and not ended. */
  open = 0
  #count = 0

  constructor(clock: Clock, trace: (line: string) => void) {
    this.#clock = clock
    this.#trace = trace
  }

  /** Written by who runs a method. */
  enter(id: string, node: string, instance: string): void {
    this.ran.push({ id, node, instance, at: this.#clock.monotonic() })
    this.#trace(`${node} runs ${id}`)
  }

  /** A call is made; answers its entry, which `settle` completes. */
  make(call: Omit<Made, 'id' | 'at' | 'end'>, id: string = this.next()): Made {
    const made: Made = { ...call, id, at: this.#clock.monotonic(), end: null }
    this.made.push(made)
    this.#trace(`${made.by} calls ${id} ${made.what}`)
    return made
  }

  /** The next id, for calls whose arguments have it. */
  next(): string {
    return String(++this.#count)
  }

  settle(made: Made, promise: Promise<unknown>): void {
    const end = (how: End, text: string): void => {
      if (made.end) this.#trace(`${made.id} ended twice`)
      made.end = how
      this.#trace(`${made.id} ${text}`)
    }
    promise.then(
      (value) => end({ ok: true, value, at: this.#clock.monotonic() }, 'ok'),
      (error: unknown) => end({ ok: false, error, at: this.#clock.monotonic() }, codeOf(error)),
    )
  }
}

export function codeOf(error: unknown): string {
  if (isDServiceError(error)) return `${error.code} ran ${error.ran}`
  const { name, message, ran } = error as DServiceError
  return `${name} ${message} ran ${ran}`
}
