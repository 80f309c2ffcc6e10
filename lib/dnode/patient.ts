/** A call of ours that its caller may cancel. */
import type { Cancellation } from '../base/cancellation.js'
import type { Ran } from '../base/errors.js'
import { cancelledCall, type Named } from './failures.js'
import type { Outcome } from './messages.js'

/** Listens from its making until it is disposed of, which the settled call does. */
export class Patient implements Disposable {
  readonly #cancel: () => void
  readonly #listener: Disposable | null
  #reason: Error | null = null
  #end: ((outcome: Outcome) => void) | null = null
  #call: Named = { service: null, method: '' }

  /** `cancel` tells the peer. */
  constructor(cancellation: Cancellation, cancel: () => void) {
    this.#cancel = cancel
    this.#listener = cancellation.onAbort((reason) => this.#over(reason))
  }

  /** It was cancelled before it was made. */
  get isOver(): boolean {
    return this.#reason !== null
  }

  outcome(call: Named, ran: Ran): Outcome {
    return { ok: false, error: cancelledCall(call, this.#reason ?? new Error('no reason was given'), ran) }
  }

  /** The call was sent: from now on a cancellation settles it. */
  begin(end: (outcome: Outcome) => void, call: Named): void {
    this.#end = end
    this.#call = call
  }

  [Symbol.dispose](): void {
    this.#end = null
    this.#listener?.[Symbol.dispose]()
  }

  #over(reason: Error): void {
    this.#reason = reason
    const end = this.#end
    if (!end) return
    this.#cancel()
    end(this.outcome(this.#call, 'maybe'))
  }
}
