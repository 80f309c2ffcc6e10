/** How far a session is, as all its parts see it, and how its owner is told of things. */
import type { LogFields, Logger } from '../base/logger.js'
import type { Connection } from '../wire/connection.js'
import { closedByUs, type End } from './failures.js'

/**
 * Owned by one session, which alone changes it.
 *
 *   opening --peer's methods row--> open --close--> closing --connection's end--> closed
 */
export class Life {
  phase: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  /** Set when the session has ended. */
  end: End | null = null
  readonly #connection: Connection
  readonly #logger: Logger

  constructor(connection: Connection, logger: Logger) {
    this.#connection = connection
    this.#logger = logger
  }

  /** True from the session's `close`, `destroy` or the connection's end on. */
  get isOver(): boolean {
    return this.phase === 'closing' || this.phase === 'closed'
  }

  /** How the session ended, or is ending; null while it goes on. */
  get goneAs(): End | null {
    return this.isOver ? (this.end ?? closedByUs(this.#connection)) : null
  }

  /** A listener that throws is not the peer's affair. */
  tell(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      this.#logger.error({ error }, 'a listener of a session threw')
    }
  }

  /** What is dropped for good reasons, for who looks for it. */
  note(fields: LogFields, message: string): void {
    this.#logger.debug(fields, message)
  }
}
