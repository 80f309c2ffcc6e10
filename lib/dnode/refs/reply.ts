/** The answer to a call of a function of the peer, for who awaits it, and nearly free for who does not. */
import { isDServiceError, refGone } from '../../base/errors.js'
import { DEFAULTS } from '../../base/options.js'
import type { Heir, RunningCall } from '../context.js'
import type { OutCall, Outcome } from '../messages.js'
import type { Explain, Waiting } from '../pending.js'

/** A call that failed, as who reports it sees it. */
export interface Unasked {
  /** Whether somebody has asked for it since. */
  readonly isHeard: boolean
  /** Why it failed; null where it has not. */
  readonly error: Error | null
}

/** Who made the calls of one session. */
export interface ReplyOwner {
  /** The call that it inherits from was aborted. */
  cancel(id: number, reason: Error): void
  /** It failed, and nobody has asked for it so far. */
  unheard(reply: Unasked): void
  /** Somebody waits for an answer, which keeps the process alive, and does so no longer. */
  hold(): void
  letGo(): void
}

/** What is known of a call that goes out. */
export interface Sent {
  readonly id: number
  /** Milliseconds that it has. */
  readonly ms: number
  /** The call that is being answered, whose end is its end; null: none. */
  readonly within: RunningCall | null
}

/** A deadline that is inherited is told only where it is by so much nearer than what our hello says anyway. */
const WORTH_TELLING = 0.9

/**
 * A promise that is made when somebody asks for it: until then the call is this object alone, which is what waits among the
 * session's calls too. A failure that nobody asks for is told to the session's owner, and is no unhandled rejection.
 * What is no part of a promise is for the session alone. It is also the call as it is written, since of callbacks there are many.
 */
export class Reply<T = unknown> implements Promise<T>, Waiting, OutCall, Heir, Unasked {
  /** The number of the function. */
  readonly target: number
  readonly id: number
  readonly ms: number
  /** Set when it is written. */
  deadline: number = Infinity
  turn = 0
  /** Beside it among what inherits from the same call. */
  previous: Heir | null = null
  next: Heir | null = null
  readonly #owner: ReplyOwner
  #within: RunningCall | null
  /** How it ended; null: it has not. */
  #end: Outcome | Explain | null = null
  #wake: ((value: T | Promise<T>) => void) | null = null
  #promise: Promise<T> | null = null

  constructor(owner: ReplyOwner, target: number, { id, ms, within }: Sent) {
    this.target = target
    this.id = id
    this.ms = ms
    this.#owner = owner
    this.#within = within
    within?.join(this)
  }

  get [Symbol.toStringTag](): string {
    return 'Promise'
  }

  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#made.then(onFulfilled, onRejected)
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#made.catch(onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.#made.finally(onFinally)
  }

  /** As errors name what was called. */
  get method(): string {
    return `function ${this.target} of the peer`
  }

  /** What the peer is told: as its hello says, which need not be said, or less. */
  get timeout(): number {
    const { ms } = this
    return ms <= DEFAULTS.timeout && ms > DEFAULTS.timeout * WORTH_TELLING ? DEFAULTS.timeout : ms
  }

  get traceparent(): string | null {
    return this.#within ? this.#within.traceparent : null
  }

  get isHeard(): boolean {
    return this.#promise !== null
  }

  get error(): Error | null {
    const outcome = this.#outcome()
    return outcome === null || outcome.ok ? null : outcome.error
  }

  settle(outcome: Outcome): void {
    this.#ended(outcome.ok ? outcome : { ok: false, error: forgotten(outcome.error, this.method) })
  }

  end(explain: Explain): void {
    this.#ended(explain)
  }

  abort(reason: Error): void {
    this.#owner.cancel(this.id, reason)
  }

  get #made(): Promise<T> {
    return (this.#promise ??= this.#make())
  }

  #make(): Promise<T> {
    const outcome = this.#outcome()
    if (outcome) return outcome.ok ? Promise.resolve(outcome.value as T) : Reply.#failed(outcome.error)
    this.#owner.hold()
    return new Promise((resolve) => (this.#wake = resolve))
  }

  /**
   * Being an async function that throws after its await, it shows the caller's line in the stack: once a promise that is resolved
   * with it has joined it, which takes a turn of the microtasks.
   */
  static async #failed(error: Error): Promise<never> {
    await Promise.resolve()
    await Promise.resolve()
    Error.captureStackTrace(error, Reply.#failed)
    throw error
  }

  #outcome(): Outcome | null {
    if (typeof this.#end === 'function') {
      this.#end = { ok: false, error: this.#end(this.method, this.turn) }
    }
    return this.#end
  }

  #ended(end: Outcome | Explain): void {
    this.#end = end
    this.#within?.leave(this)
    this.#within = null
    if (this.#wake) {
      this.#owner.letGo()
      const outcome = this.#outcome() as Outcome
      this.#wake(outcome.ok ? (outcome.value as T) : Reply.#failed(outcome.error))
    } else if (typeof end === 'function' || !end.ok) this.#owner.unheard(this)
  }
}

/** The peer knows no such function any more: for who calls it, that is a reference that is gone. */
function forgotten(error: Error, method: string): Error {
  if (!isDServiceError(error) || error.code !== 'DS_NO_METHOD' || error.ran !== 'no') return error
  return refGone({
    summary: `${method} has been forgotten by its owner`,
    hint: 'ask for it again; a callback that was called once, or whose view has ended, is gone',
    cause: error,
  })
}
