/** Signals of ours that the peer was sent: it is told when one aborts. */

/** One signal, and how often the peer was sent it. It is the listener itself. */
class SentSignal {
  readonly id: number
  readonly signal: AbortSignal
  count = 1
  readonly #aborted: (sent: SentSignal) => void

  constructor(id: number, signal: AbortSignal, aborted: (sent: SentSignal) => void) {
    this.id = id
    this.signal = signal
    this.#aborted = aborted
    signal.addEventListener('abort', this)
  }

  handleEvent(): void {
    this.#aborted(this)
  }

  [Symbol.dispose](): void {
    this.signal.removeEventListener('abort', this)
  }
}

/** Owned by one table of exports, which numbers them. Listens to each signal until it is forgotten. */
export class SentSignals {
  readonly #claim: () => number
  readonly #tell: (id: number, reason: unknown) => void
  readonly #byId = new Map<number, SentSignal>()
  readonly #bySignal = new Map<AbortSignal, SentSignal>()

  /** `tell`: that one aborted; it is forgotten then. */
  constructor(claim: () => number, tell: (id: number, reason: unknown) => void) {
    this.#claim = claim
    this.#tell = tell
  }

  get size(): number {
    return this.#byId.size
  }

  has(id: number): boolean {
    return this.#byId.has(id)
  }

  /** The number of a signal, perhaps not sent for the first time. Errors: DS_LIMIT. */
  send(signal: AbortSignal): number {
    const known = this.#bySignal.get(signal)
    if (known) {
      known.count++
      return known.id
    }
    const sent = new SentSignal(this.#claim(), signal, (it) => this.#abort(it))
    this.#byId.set(sent.id, sent)
    this.#bySignal.set(signal, sent)
    return sent.id
  }

  /** As often as it was sent, and it is forgotten; a number that is not there is fine. */
  release(id: number, count: number): void {
    const sent = this.#byId.get(id)
    if (sent && (sent.count -= count) <= 0) this.#forget(sent)
  }

  clear(): void {
    for (const sent of this.#byId.values()) sent[Symbol.dispose]()
    this.#byId.clear()
    this.#bySignal.clear()
  }

  #forget(sent: SentSignal): void {
    sent[Symbol.dispose]()
    this.#byId.delete(sent.id)
    this.#bySignal.delete(sent.signal)
  }

  /** Told in the next tick: the message that brings the signal may be in the making, and goes first. */
  #abort(sent: SentSignal): void {
    this.#forget(sent)
    process.nextTick(this.#tell, sent.id, sent.signal.reason)
  }
}
