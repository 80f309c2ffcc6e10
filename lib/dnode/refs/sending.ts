/** Functions and signals on their way into a message: what was counted is taken back where the message cannot be sent. */
import type { AnyFunction } from '../values/port.js'
import type { Exports } from './exports.js'

/** Who knows which functions are the receiver's own. */
export interface Origins {
  idOf(run: object): number | undefined
}

/**
 * Owned by one session. Where a getter of what is being sent sends another message, that one is kept apart: what the outer one
 * had counted before then stays counted, even if it is not sent, until the session ends.
 */
export class Sending {
  readonly #exports: Exports
  readonly #origins: Origins
  /** The numbers that are in the message; null: none, as in most. */
  #sent: number[] | null = null

  constructor(exports: Exports, origins: Origins) {
    this.#exports = exports
    this.#origins = origins
  }

  /** A message begins. */
  begin(): void {
    this.#sent = null
  }

  /** It cannot be sent. Twice is fine. */
  undo(): void {
    const sent = this.#sent
    this.#sent = null
    if (sent) for (const id of sent) this.#exports.unsend(id)
  }

  /** It is on its way: through a view, by the set of what that sent, or not. */
  done(view: Set<number> | null): void {
    const sent = this.#sent
    this.#sent = null
    if (sent) for (const id of sent) this.#exports.holdOne(id, view)
  }

  /** How a function travels. Errors: DS_LIMIT. */
  function(run: AnyFunction): readonly [kind: 'function' | 'yours', id: number] {
    const own = this.#origins.idOf(run)
    if (own !== undefined) return ['yours', own]
    return ['function', this.#note(this.#exports.send(run as (...args: unknown[]) => unknown))]
  }

  /** The number of a signal. Errors: DS_LIMIT. */
  signal(signal: AbortSignal): number {
    return this.#note(this.#exports.sendSignal(signal))
  }

  #note(id: number): number {
    ;(this.#sent ??= []).push(id)
    return id
  }
}
