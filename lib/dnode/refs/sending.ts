/** Functions and signals on their way into a message: what was counted is taken back where the message cannot be sent. */
import type { AnyFunction } from '../values/port.js'
import type { Exports } from './exports.js'

/** Who knows which functions are the receiver's own, and who takes back streams that were not offered after all. */
export interface Origins {
  idOf(run: object): number | undefined
  withdraw(streams: readonly number[]): void
}

/** What has been given numbers for one message. */
interface Given {
  /** Of functions and signals, once for each place; null: none, as in most. */
  readonly refs: number[] | null
  readonly streams: number[] | null
}

/**
 * Owned by one session. Where a getter of what is being sent sends another message, that one begins and ends in between: what
 * either has counted is its own.
 */
export class Sending {
  readonly #exports: Exports
  readonly #origins: Origins
  #isOpen = false
  #refs: number[] | null = null
  #streams: number[] | null = null
  /** Messages that wait for the one that began while they were made, the outermost first. */
  #outer: Given[] | null = null

  constructor(exports: Exports, origins: Origins) {
    this.#exports = exports
    this.#origins = origins
  }

  /** A message begins: it ends by `undo` or `done`. */
  begin(): void {
    if (this.#isOpen) (this.#outer ??= []).push({ refs: this.#refs, streams: this.#streams })
    this.#isOpen = true
    this.#refs = this.#streams = null
  }

  /** It cannot be sent. */
  undo(): void {
    const { refs, streams } = this.#close()
    if (refs) for (const id of refs) this.#exports.unsend(id)
    if (streams) this.#origins.withdraw(streams)
  }

  /** It is on its way: through a view, by the set of what that sent, or not. */
  done(view: Set<number> | null): void {
    const { refs } = this.#close()
    if (refs) for (const id of refs) this.#exports.holdOne(id, view)
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

  /** A stream was offered by this number. */
  stream(id: number): number {
    ;(this.#streams ??= []).push(id)
    return id
  }

  #note(id: number): number {
    ;(this.#refs ??= []).push(id)
    return id
  }

  /** The message is over: the one around it goes on. */
  #close(): Given {
    const given = { refs: this.#refs, streams: this.#streams }
    const outer = this.#outer?.pop()
    this.#isOpen = outer !== undefined
    this.#refs = outer?.refs ?? null
    this.#streams = outer?.streams ?? null
    return given
  }
}
