/** What stands around a call of a handle: tracing, counting. Once for each call of the user, whatever is tried for it. */
import type { Cancellation } from '../../base/cancellation.js'
import type { Clock } from '../../base/clock.js'
import { cancelled, invalid, isDServiceError, reasonOf, timeout, type Ran } from '../../base/errors.js'
import type { Identity } from '../../base/identity.js'
import { checkKeys, shown } from '../../base/names.js'
import { through, type Next } from '../../dnode/hook-chain.js'
import type { Outcome } from '../../dnode/messages.js'
import { isTraceparent } from '../../dnode/traceparent.js'

/** A call of a handle, as its hooks see it. */
export interface HandleCall {
  /** The service's name. */
  readonly service: string
  readonly range: string
  /** Dotted path. */
  readonly method: string
  readonly args: readonly unknown[]
  /** Milliseconds that the call may take, its hooks included; Infinity: any. */
  readonly timeout: number
  /** The trace context that goes along: of the method that calls, or as a hook around this one gave it. */
  readonly traceparent: string | null
  /** The instance that was asked, the last one where there were several; null before. */
  readonly instance: Identity | null
}

/** What a hook may change of a call. */
export interface CallChange {
  /** W3C trace context to send instead. https://www.w3.org/TR/trace-context/ */
  readonly traceparent?: string | undefined
}

/**
 * Around every call of a handle that gives a promise. What it returns or resolves to is the value of the call, what it throws
 * its error; but the caller waits for it no longer than for the call itself.
 */
export type CallHook = (call: HandleCall, next: Next<CallChange>) => unknown

/** What a hooked call is made of. */
export interface Hooked {
  readonly hooks: readonly CallHook[]
  readonly clock: Clock
  readonly cancellation: Cancellation | undefined
  readonly call: Omit<HandleCall, 'instance'>
  /** Makes the call, which ends within its deadline, and is not sent after it; `asked` hears of each instance. Never rejects. */
  go(traceparent: string | null, asked: (instance: Identity) => void): Promise<Outcome>
}

/** How it ended. `isOurs`: the error is not one that a hook threw, whose stack says where. */
export type Ended =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown; readonly isOurs: boolean }

/** Owned by one call. */
export class HookedCall {
  readonly #hooked: Hooked
  #instance: Identity | null = null
  /** The call itself was begun. */
  #isMade = false
  #outcome: Outcome | null = null
  /** Nobody waits any more, once the call has ended. */
  #isLate = false
  #error: Error | null = null
  #settle: (ended: Ended) => void = () => undefined

  constructor(hooked: Hooked) {
    this.#hooked = hooked
  }

  /** Settles as the hooks have it, or by the call's deadline or cancellation. Never rejects. */
  async run(): Promise<Ended> {
    const { clock, cancellation, call } = this.#hooked
    const ended = new Promise<Ended>((settle) => (this.#settle = settle))
    const timer = call.timeout === Infinity ? null : clock.after(call.timeout, () => this.#deadline())
    const listener = cancellation?.onAbort((reason) => this.#cancelled(reason)) ?? null
    try {
      void this.#pass()
      return await ended
    } finally {
      timer?.[Symbol.dispose]()
      listener?.[Symbol.dispose]()
    }
  }

  async #pass(): Promise<void> {
    const { hooks, call } = this.#hooked
    const see = (traceparent: string | null): HandleCall => new Seen(call, traceparent, () => this.#instance)
    const run = (traceparent: string | null): Promise<unknown> => this.#go(traceparent)
    try {
      const method = `${call.service} ${call.method}`
      const way = { kind: 'call' as const, method, hooks, take, see, ran: () => this.#ran, run }
      this.#settle({ ok: true, value: await through(way, call.traceparent) })
    } catch (error) {
      this.#settle({ ok: false, error, isOurs: error === this.#error })
    }
  }

  async #go(traceparent: string | null): Promise<unknown> {
    this.#isMade = true
    const outcome = await this.#hooked.go(traceparent, (instance) => (this.#instance = instance))
    this.#outcome = outcome
    if (this.#isLate) this.#giveUp(outcome)
    if (outcome.ok) return outcome.value
    this.#error = outcome.error
    throw outcome.error
  }

  get #ran(): Ran {
    if (this.#outcome) return ranOf(this.#outcome)
    return this.#isMade ? 'maybe' : 'no'
  }

  #deadline(): void {
    this.#end((ran) => tooLate(this.#hooked.call, ran))
  }

  #cancelled(reason: Error): void {
    const { service, method } = this.#hooked.call
    const summary = `${service} ${method} was cancelled: ${reasonOf(reason)}`
    this.#end((ran) => cancelled({ summary, cause: reason, ran }))
  }

  /** A call that is on its way ends by the same deadline or signal, and knows best how; else it ends here. */
  #end(make: (ran: Ran) => Error): void {
    if (this.#isMade && !this.#outcome) this.#isLate = true
    else this.#settle({ ok: false, error: make(this.#ran), isOurs: true })
  }

  /** The hooks have this turn to say something to it. */
  #giveUp(outcome: Outcome): void {
    const ended = outcome.ok ? outcome : { ...outcome, isOurs: true }
    this.#hooked.clock.after(0, () => this.#settle(ended))
  }
}

/** The call as one hook sees it. */
class Seen implements HandleCall {
  readonly service: string
  readonly range: string
  readonly method: string
  readonly args: readonly unknown[]
  readonly timeout: number
  readonly traceparent: string | null
  readonly #instance: () => Identity | null

  constructor(
    call: Omit<HandleCall, 'instance'>,
    traceparent: string | null,
    instance: () => Identity | null,
  ) {
    this.service = call.service
    this.range = call.range
    this.method = call.method
    this.args = call.args
    this.timeout = call.timeout
    this.traceparent = traceparent
    this.#instance = instance
  }

  get instance(): Identity | null {
    return this.#instance()
  }
}

function ranOf(outcome: Outcome): Ran {
  return outcome.ok || !isDServiceError(outcome.error) ? 'yes' : (outcome.error.ran ?? 'maybe')
}

/** A misspelt key would be a trace that is lost in silence. */
function take(change: CallChange, before: string | null): string | null {
  if (typeof change !== 'object' || change === null) {
    throw invalid({
      summary: `a call hook gave next ${shown(change)}`,
      hint: 'give it nothing, or what is to change: next({ traceparent })',
    })
  }
  checkKeys(change, ['traceparent'], 'next() of a call hook')
  const { traceparent } = change
  if (traceparent === undefined) return before
  if (isTraceparent(traceparent)) return traceparent
  throw invalid({
    summary: `a call hook gave next the traceparent ${shown(traceparent)}`,
    hint: 'W3C Trace Context has 00-<32 hex>-<16 hex>-<2 hex>, in lower case',
  })
}

function tooLate({ service, method }: Omit<HandleCall, 'instance'>, ran: Ran): Error {
  return timeout({
    summary: `the deadline of ${service} ${method} passed in its hooks`,
    hint: 'a hook must not wait for what may never come',
    ran,
  })
}
