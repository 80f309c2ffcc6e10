/** What failed where no promise could tell of it: to the logger, the listeners, or, where there are none, to a warning. */
import type { Emitter } from '../base/emitter.js'
import { reasonOf } from '../base/errors.js'
import { silentLogger, type Logger } from '../base/logger.js'
import type { DServiceEvents } from './types.js'

/** Owned by one dservice. */
export class Reporter {
  readonly #logger: Logger
  readonly #events: Emitter<DServiceEvents>
  #hasWarned = false

  constructor(logger: Logger, events: Emitter<DServiceEvents>) {
    this.#logger = logger
    this.#events = events
  }

  report(error: Error, message: string): void {
    this.#logger.error({ reason: reasonOf(error) }, message)
    const listeners = this.#events.emit('error', error)
    if (listeners > 0 || this.#logger !== silentLogger || this.#hasWarned) return
    // once: a peer may make it happen as often as it likes
    this.#hasWarned = true
    const hint = "Listen to the dservice's 'error' event, or give it a logger, to hear of the next ones."
    process.emitWarning(`${message}: ${reasonOf(error)}`, {
      type: 'DServiceWarning',
      detail: detailOf(error, hint),
    })
  }
}

function detailOf({ stack }: Error, hint: string): string {
  return typeof stack === 'string' ? `${stack}\n${hint}` : hint
}
