/** What stands around a method of ours while it answers a call: access rules, validation, tracing, counting. */
import { cancelled, invalid, reasonOf, timeout, type Ran } from '../base/errors.js'
import { facadeOf } from '../base/facade.js'
import type { Identity } from '../base/identity.js'
import { isHandle, isThenable } from './answers.js'
import { runIn, type CallContext, type Runnable, type RunningCall } from './context.js'
import { through, type Next, type Way } from './hook-chain.js'

/** The call that a serve hook is around. */
export interface ServedCall extends CallContext {
  /** The arguments as they arrived, or as a hook around this one gave them. */
  readonly args: readonly unknown[]
}

/**
 * Around every call of a method of the api, once it is known to be let in. What it returns or resolves to is the answer, what it
 * throws is the error of the call, with `ran: 'no'` where the method was not entered. `next` runs the method, with other
 * arguments where they are given.
 */
export type ServeHook = (call: ServedCall, next: Next<readonly unknown[]>) => unknown

/** A function that may be run for a call. */
export interface Target extends Runnable {
  /** A method of the api, which `admit` and the hooks are asked about. */
  readonly isMethod: boolean
}

type Args = readonly unknown[]

/** A method with its hooks around it, for one call. Runs as the method would, but always answers with a promise. */
export class HookedRun implements Target {
  readonly self = null
  readonly isMethod = true
  readonly #hooks: readonly ServeHook[]
  readonly #target: Target
  readonly #call: RunningCall
  #hasBegun = false
  #isPromised = false

  constructor(hooks: readonly ServeHook[], target: Target, call: RunningCall) {
    this.#hooks = hooks
    this.#target = target
    this.#call = call
  }

  /** Whether the method was entered, and did not refuse the arguments. */
  get ran(): Ran {
    return this.#hasBegun && !this.#call.wasRefused ? 'yes' : 'no'
  }

  /** Whether a one-way call is answered with this: a callback method that returned nothing has not answered yet. */
  isAnswer(value: unknown): boolean {
    return this.#isPromised || (value !== undefined && !isHandle(value))
  }

  readonly run: (...args: unknown[]) => Promise<unknown> = (...args) => through(this.#way(), args)

  #way(): Way<Args, Args, ServedCall> {
    const call = this.#call
    return {
      kind: 'serve',
      get method() {
        return call.method
      },
      hooks: this.#hooks,
      take: (given) => checkArgs(given, call),
      see: (args) => facade(new Seen(call, args)),
      ran: () => this.ran,
      run: (args) => this.#enter(args),
    }
  }

  /** Enters the method, unless nobody waits for it any more: a call that a hook held back ends with its caller's patience. */
  async #enter(args: Args): Promise<unknown> {
    const { over, remaining, method } = this.#call
    if (over) {
      throw cancelled({ summary: `${method} was not run: ${reasonOf(over)}`, cause: over, ran: 'no' })
    }
    if (remaining <= 0) {
      throw timeout({ summary: `the deadline of ${method} passed in its hooks`, ran: 'no' })
    }
    this.#hasBegun = true
    const result = runIn(this.#call, this.#target, [...args])
    this.#isPromised = isThenable(result)
    return result
  }
}

function checkArgs(given: unknown, { method }: CallContext): Args {
  if (Array.isArray(given)) return given
  throw invalid({
    summary: `a serve hook gave next ${typeof given} instead of the arguments of ${method}`,
    hint: 'give it a list: next([first, second])',
  })
}

/** The running call, with the arguments as one hook sees them. */
class Seen implements ServedCall {
  readonly args: Args
  readonly #call: RunningCall

  constructor(call: RunningCall, args: Args) {
    this.#call = call
    this.args = args
  }

  get method(): string {
    return this.#call.method
  }

  get caller(): Identity | null {
    return this.#call.caller
  }

  get remaining(): number {
    return this.#call.remaining
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  get traceparent(): string | null {
    return this.#call.traceparent
  }
}

/** What is thrown by a method has run; a hook may have thrown before, or the method refused the arguments. */
export function ranOf(target: Target, call: RunningCall): Ran {
  if (call.wasRefused) return 'no'
  return target instanceof HookedRun ? target.ran : 'yes'
}

/** A promise of the method is an answer, whatever it resolves to; one of its hooks is only where it has something to say. */
export function isAnswerOf(target: Target, value: unknown, call: RunningCall): boolean {
  if (call.isLeft) return false
  return target instanceof HookedRun ? target.isAnswer(value) : true
}
const facade = facadeOf<ServedCall>(Seen.prototype, [
  'method',
  'args',
  'caller',
  'remaining',
  'signal',
  'traceparent',
])
