/** What a method may know of the call that it answers, and what the calls that it makes inherit. */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import type { Clock } from '../base/clock.js'
import { timeout } from '../base/errors.js'
import { facadeOf } from '../base/facade.js'
import type { Identity } from '../base/identity.js'

/** The call that a method answers, for as long as it runs. */
export interface CallContext {
  /** The method's dotted path as the caller named it. */
  readonly method: string
  /** Who calls, as its hello says; null: a client without a name. */
  readonly caller: Identity | null
  /** Milliseconds until the caller gives up; Infinity: it said nothing, 0: it has. */
  readonly remaining: number
  /** Aborts when the caller gave up, cancelled, or is gone. Made at the first look: a call that needs none pays nothing. */
  readonly signal: AbortSignal
  /** W3C trace context of the call, where it came with one. https://www.w3.org/TR/trace-context/ */
  readonly traceparent: string | null
}

/** What all calls of one session have in common. */
export interface Callee {
  readonly clock: Clock
  readonly caller: Identity | null
  /** When the row came whose call is being handled, on the monotonic clock: read once for all calls of a row. */
  readonly came: number
  /** Milliseconds of a call that wants an answer and says nothing of it, as the peer's hello says; null: none. */
  readonly timeout: number | null
  /** The dotted path of a method by its number, or what it was called by. */
  nameOf(method: string | number): string
  /** A method of ours did what it must not; its caller is told as well. */
  fault(error: Error, method: string): void
}

/** One call as it came. */
export interface Called {
  /** null: a one-way call. */
  readonly id: number | null
  /** Milliseconds; null: none; undefined: as the hello says. */
  readonly timeout?: number | null | undefined
  readonly traceparent?: string | undefined
}

/**
 * What ends with a call that is being answered: a call of ours that inherits from it. `abort` never throws. Its neighbours are the
 * running call's to set: a set of heirs would cost more than all else that a call of a callback does here.
 */
export interface Heir {
  previous: Heir | null
  next: Heir | null
  abort(reason: Error): void
}

/** Of a call that its method will answer through a callback, though what it returned was waited for. */
const LEFT: unique symbol = Symbol('left')

/** Owned by the dispatcher, from the call's coming to its answer. Made for every call, so it holds little. */
export class RunningCall implements CallContext {
  readonly traceparent: string | null
  readonly #of: Callee
  readonly #method: string | number
  /** On the monotonic clock. */
  readonly #deadline: number
  #reason: Error | null = null
  #controller: AbortController | null = null
  #timer: Disposable | null = null
  /** The one that came last. */
  #heirs: Heir | null = null
  #isAnswered = false
  #view: CallContext | null = null
  /** The function that is entered next, until it lets the call in; the error, where it did not; LEFT. */
  #entry: unknown = null

  constructor(of: Callee, method: string | number, { id, timeout: ms, traceparent }: Called) {
    this.#of = of
    this.#method = method
    this.traceparent = traceparent ?? null
    const within = ms === undefined && id !== null ? of.timeout : ms
    this.#deadline = typeof within === 'number' ? of.came + within : Infinity
  }

  /** What programs see of it: one object for each call, made at the first look. */
  get view(): CallContext {
    return (this.#view ??= facade(this))
  }

  get method(): string {
    return this.#of.nameOf(this.#method)
  }

  get caller(): Identity | null {
    return this.#of.caller
  }

  get remaining(): number {
    return this.#deadline === Infinity ? Infinity : Math.max(0, this.#deadline - this.#of.clock.monotonic())
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#reason) this.#controller.abort(this.#reason)
      else if (!this.#isAnswered) this.#watchDeadline()
    }
    return this.#controller.signal
  }

  /** Why nobody waits any more; null while somebody may. A deadline that nobody looked at does not show here. */
  get over(): Error | null {
    return this.#reason
  }

  /** Tells the method, and the calls that it makes, that nobody waits any more. Only the first reason counts. */
  abort(reason: Error): void {
    if (this.#reason) return
    this.#reason = reason
    this.end()
    this.#controller?.abort(reason)
    while (this.#heirs) {
      const heir = this.#heirs
      this.leave(heir)
      heir.abort(reason)
    }
  }

  /** The call as a stream that its method answered with goes on in it: without a deadline, until the reader leaves. */
  forStream(): RunningCall {
    return new RunningCall(this.#of, this.#method, { id: null, traceparent: this.traceparent ?? undefined })
  }

  /** The reader of the stream has left: what waits is told, and what its `finally` calls then inherits nothing. */
  abandon(reason: Error): void {
    this.#controller ??= new AbortController()
    this.abort(reason)
    this.#reason = null
  }

  /** Calls `run` at the abort, at once where it was; what a call of ours inherits without an AbortSignal's price. */
  onAbort(run: (reason: Error) => void): Disposable | null {
    if (this.#reason) {
      run(this.#reason)
      return null
    }
    const heir: Heir & Disposable = {
      previous: null,
      next: null,
      abort: run,
      [Symbol.dispose]: () => this.leave(heir),
    }
    this.join(heir)
    return heir
  }

  /** The same for who is told without a closure: until it leaves. Not after an abort. */
  join(heir: Heir): void {
    heir.next = this.#heirs
    if (this.#heirs) this.#heirs.previous = heir
    this.#heirs = heir
  }

  /** Twice is fine. */
  leave(heir: Heir): void {
    const { previous, next } = heir
    if (previous) previous.next = next
    else if (this.#heirs === heir) this.#heirs = next
    else return
    if (next) next.previous = previous
    heir.previous = heir.next = null
  }

  /** `run` is called for this call: it may look at the arguments before it does anything. */
  enter(run: unknown): void {
    this.#entry = run
  }

  /** `run` does what it is for. One that never looks need not say so. */
  letIn(run: unknown): void {
    if (this.#entry === run) this.#entry = null
  }

  /** `run` has done nothing: the arguments did not fit. Means nothing where another function was called for this call. */
  refuse(run: unknown, error: Error): void {
    if (this.#entry === run) this.#entry = error
  }

  /** The method has returned, and answers through the function in last place in its own time. */
  leaveToCallback(): void {
    this.#entry = LEFT
  }

  get isLeft(): boolean {
    return this.#entry === LEFT
  }

  /** Nothing ran. */
  get wasRefused(): boolean {
    return this.#entry instanceof Error
  }

  /** The method did what it must not: its owner is told. */
  fault(error: Error): void {
    this.#of.fault(error, this.method)
  }

  /** The method has answered: what still runs in its context, as a timer that it started, inherits nothing any more. */
  get isAnswered(): boolean {
    return this.#isAnswered && this.#reason === null
  }

  /** The method has answered: nobody waits for a deadline any more. */
  end(): void {
    this.#isAnswered = true
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
  }

  #watchDeadline(): void {
    if (this.#deadline === Infinity) return
    const tooLate = (): void =>
      this.abort(
        timeout({ summary: `the caller of ${this.method} waits no longer`, hint: 'stop working for it' }),
      )
    this.#timer = this.#of.clock.after(this.remaining, tooLate)
  }
}

const facade = facadeOf<CallContext>(RunningCall.prototype, [
  'method',
  'caller',
  'remaining',
  'signal',
  'traceparent',
])

/** A function with what `this` is in it. */
export interface Runnable {
  readonly run: (...args: unknown[]) => unknown
  readonly self: object | null
}

const running = new AsyncLocalStorage<RunningCall>()

/** The call that is being answered here, also after awaits; undefined outside of methods. */
export function context(): CallContext | undefined {
  return running.getStore()?.view
}

/** As `context`, for the library's own use: with what calls inherit. */
export function runningCall(): RunningCall | undefined {
  return running.getStore()
}

/** Runs a method in the context of its call. */
export function runIn(call: RunningCall, callee: Runnable, args: unknown[]): unknown {
  call.enter(callee.run)
  return running.run(call, apply, callee, args)
}

/** The call whose answer is being written. */
let answering: RunningCall | null = null

/** Streams that are offered from now on are part of the answer to this call; answers which it was before. */
export function answerOf(call: RunningCall | null): RunningCall | null {
  const before = answering
  answering = call
  return before
}

/** The call that a stream which is offered now goes on in; null: it is no part of an answer. */
export function callOfStream(): RunningCall | null {
  return answering && answering.forStream()
}

/** A remembered context. Node's own type would ask everybody who uses ours for the types of Node. */
export interface Scope {
  runInAsyncScope<A extends unknown[], R>(
    run: (this: unknown, ...args: A) => R,
    self?: unknown,
    ...args: A
  ): R
}

/** What remembers the context of a call, or where there is none the current one. */
export function scopeOf(call: RunningCall | null): Scope {
  return call ? running.run(call, newScope) : newScope()
}

function newScope(): AsyncResource {
  return new AsyncResource('dservice.stream', { requireManualDestroy: true })
}

function apply({ run, self }: Runnable, args: unknown[]): unknown {
  return run.apply(self, args)
}
