/** A call of the peer: find the function, run it, answer it. */
import type { Clock } from '../base/clock.js'
import { noMethod, toError, type DServiceError } from '../base/errors.js'
import { LIMITS } from '../base/options.js'
import type { Identity } from '../base/identity.js'
import { isHandle, isThenable } from './answers.js'
import { answerOf, RunningCall, runIn, type Callee } from './context.js'
import { missingMethod, tooManyCalls } from './failures.js'
import { Chain } from './chain.js'
import type { Cargo } from './cargo.js'
import type { Hello, Message } from './messages.js'
import type { Exports } from './refs/exports.js'
import type { Imported, Imports, ReferenceCaller } from './refs/imports.js'
import { lastFunction, type Last } from './last.js'
import type { Life } from './life.js'
import { RunningCalls } from './running.js'
import { HookedRun, isAnswerOf, ranOf, type Target } from './serve-hook.js'
import type { SessionOptions } from './types.js'
import { asError } from './wire-error.js'
import type { Writer } from './writer.js'

type Call = Message & { type: 'call' }
/** Characters that an error shows of the name of a method that is not there: the peer chose it. */
const SHOWN = 60

type AnyFunction = (...args: unknown[]) => unknown

/** What a function did before it returned. */
interface Returned {
  readonly result: unknown
  /** What it returned is to be waited for. */
  readonly promise: Promise<unknown> | null
  /** What it returned, undefined apart, is an answer. */
  readonly isAnswer: boolean
  readonly error: Error | null
  readonly wasCalled: boolean
}

/** What the dispatcher needs of its session. */
export interface DispatchOptions {
  readonly session: Pick<SessionOptions, 'builtins' | 'admit' | 'serve' | 'clock' | 'onError' | 'onFault'>
  readonly life: Life
  readonly exports: Exports
  readonly imports: Imports
  readonly cargo: Cargo
  readonly writer: Writer
  /** Calls that run may have reached zero. */
  readonly rest: () => void
}

/** Owned by one session. Never throws once a method was entered: what it does ends in an answer, or in `onError`. */
export class Dispatcher implements Callee, ReferenceCaller {
  /** The peer's hello; null of a classic peer. */
  hello: Hello | null = null
  /** Set before each call that is handled. */
  came = 0
  readonly #options: DispatchOptions
  readonly #running = new RunningCalls()
  /** The last argument of the one-way call that is on the stack, and whether it was called there. */
  #last: Last | null = null
  #isLastCalled = false

  constructor(options: DispatchOptions) {
    this.#options = options
  }

  get clock(): Clock {
    return this.#options.session.clock
  }

  get caller(): Identity | null {
    return this.hello?.identity ?? null
  }

  /** Calls that have not been answered yet. */
  get running(): number {
    return this.#running.size
  }

  /** The caller waits no longer: its method is told. */
  cancel(id: number): void {
    this.#running.cancel(id)
  }

  /** The session ended: all methods that run are told. */
  end(why: string): void {
    this.#running.endAll(why)
  }

  nameOf(method: string | number): string {
    if (typeof method === 'string') return method
    return this.#options.exports.get(method)?.name ?? String(method)
  }

  fault(error: Error, method: string): void {
    const { life, session } = this.#options
    life.tell(() => session.onFault?.(error, method))
  }

  get timeout(): number | null {
    return this.hello ? this.hello.timeout : null
  }

  /**
   * Our side calls a function of the peer. What cannot be sent must not throw there: a timer or an emitter may be all
   * that is above it. A method of the peer's api may throw: the program calls it knowingly.
   */
  callBack(imported: Imported, args: readonly unknown[]): void {
    try {
      if (this.#options.writer.oneWay(imported.id, args, null)) this.#noteCall(imported)
    } catch (error) {
      if (imported.isMethod) throw error
      this.#noteCall(imported)
      this.#failed(toError(error))
      if (imported.isLast) this.#tellShort(imported, toError(error))
    }
  }

  #noteCall(imported: Imported): void {
    if (imported === this.#last) this.#isLastCalled = true
    else imported.calls++
  }

  /** Runs a call, or refuses it by an answer. Errors (before anything ran): DS_NO_METHOD, DS_LIMIT, DS_PROTOCOL. */
  dispatch(call: Call): void {
    // first of all: functions that came in bad company are released as any
    const args = this.#options.cargo.read(call.values)
    const found = this.#find(call.method)
    const last = lastFunction(args, call.values, this.#options.imports)
    const refusal = this.#refusal(found)
    const running = new RunningCall(this, call.method, call)
    const target = this.#hooked(found, running)
    if (call.id === null) this.#oneWay(target, { args, last, refusal, running })
    else if (refusal) this.#options.writer.error(call.id, refusal, refusal.ran ?? 'no')
    else this.#answered(target, { args, id: call.id, running })
  }

  /** Runs a chain of calls. Errors (before anything ran): DS_NO_METHOD, DS_LIMIT, DS_PROTOCOL. */
  pipe(call: Message & { type: 'pipe' }): void {
    const [method, ...paths] = call.paths as [string | number, ...(string | number)[]]
    const [args, ...lists] = this.#options.cargo.read(call.values) as [unknown[], ...unknown[][]]
    const found = this.#find(method)
    const refusal = this.#refusal(found)
    if (refusal) return this.#options.writer.error(call.id, refusal, refusal.ran ?? 'no')
    const running = new RunningCall(this, method, call)
    const first = this.#hooked(found, running)
    const steps = paths.map((path, i) => ({ path: String(path), args: lists[i] ?? [] }))
    const { custom } = this.#options.cargo
    this.#answered(new Chain(first, { steps, call: running, custom }), { args, id: call.id, running })
  }

  #hooked(target: Target, call: RunningCall): Target {
    const { serve } = this.#options.session
    return serve && target.isMethod ? new HookedRun(serve, target, call) : target
  }

  #find(method: string | number): Target {
    if (typeof method === 'number') {
      const exported = this.#options.exports.forCall(method)
      if (exported) return { run: exported.run, self: exported.self, isMethod: exported.self !== null }
      throw noMethod({ summary: `no function with number ${method} was sent, or it was culled` })
    }
    const { builtins } = this.#options.session
    if (builtins && Object.hasOwn(builtins, method)) {
      return { run: builtins[method] as AnyFunction, self: builtins, isMethod: false }
    }
    const found = this.#options.exports.named(method)
    if (found) return { run: found.run, self: found.self, isMethod: true }
    throw missingMethod(method.slice(0, SHOWN), this.#options.exports.names)
  }

  #refusal(target: Target): DServiceError | null {
    if (this.running >= LIMITS.pending) return tooManyCalls()
    return target.isMethod ? (this.#options.session.admit?.() ?? null) : null
  }

  /** With an id: what the method returns, resolves to or throws goes back. */
  #answered(target: Target, call: { args: unknown[]; id: number; running: RunningCall }): void {
    const { writer } = this.#options
    const { args, id, running } = call
    let promise: Promise<unknown>
    try {
      const result = runIn(running, target, args)
      if (!isThenable(result)) {
        running.end()
        return this.#answer(id, running, result)
      }
      promise = Promise.resolve(result)
    } catch (error) {
      running.end()
      return writer.error(id, error, ranOf(target, running))
    }
    this.#running.add(id, running)
    const done = (answer: () => void): void => this.#done(id, running, answer)
    void promise.then(
      (value) => done(() => this.#answer(id, running, value)),
      (error: unknown) => done(() => writer.error(id, error, ranOf(target, running))),
    )
  }

  #answer(id: number, running: RunningCall, value: unknown): void {
    const before = answerOf(running)
    try {
      this.#options.writer.answer(id, value)
    } finally {
      answerOf(before)
    }
  }

  /** Without an id: the function in last place is told what the method itself did not tell it. */
  #oneWay(
    target: Target,
    call: { args: unknown[]; last: Last | null; refusal: DServiceError | null; running: RunningCall },
  ): void {
    const { last, refusal } = call
    if (refusal) return this.#tell(last, refusal)
    const before = last?.calls ?? 0
    const { result, promise, isAnswer, error, wasCalled } = this.#run(target, call)
    if (error) return this.#tell(wasCalled ? null : last, error)
    const mayTell = (): Last | null => (last && !wasCalled && last.calls === before ? last : null)
    if (promise) {
      const { running } = call
      this.#running.add(running, running)
      const done = (answer: () => void): void => this.#done(running, running, answer)
      void promise.then(
        (value) => done(() => this.#reply(isAnswerOf(target, value, running) ? mayTell() : null, value)),
        (reason: unknown) => done(() => this.#tell(mayTell(), asError(reason))),
      )
    } else if (isAnswer) this.#reply(mayTell(), result)
  }

  /** Calls the function, and watches whether it calls the last of its arguments before it returns. */
  #run(
    target: Target,
    { args, last, running }: { args: unknown[]; last: Last | null; running: RunningCall },
  ): Returned {
    const outer = { last: this.#last, isCalled: this.#isLastCalled }
    const before = last?.calls ?? 0
    const wasCalled = (): boolean => this.#isLastCalled || (last?.calls ?? 0) !== before
    this.#last = last
    this.#isLastCalled = false
    try {
      const result = runIn(running, target, args)
      const promise = isThenable(result) ? Promise.resolve(result) : null
      const isAnswer = !promise && result !== undefined && !isHandle(result)
      return { result, promise, isAnswer, error: null, wasCalled: wasCalled() }
    } catch (thrown) {
      const error = asError(thrown)
      return { result: undefined, promise: null, isAnswer: false, error, wasCalled: wasCalled() }
    } finally {
      this.#last = outer.last
      this.#isLastCalled = outer.isCalled
    }
  }

  #done(key: number | RunningCall, call: RunningCall, answer: () => void): void {
    this.#running.done(key, call)
    answer()
    if (this.running === 0) this.#options.rest()
  }

  #reply(last: Last | null, value: unknown): void {
    if (!last) return
    try {
      this.#options.writer.oneWay(last.id, [null, value], null)
    } catch (error) {
      this.#tell(last, asError(error))
    }
  }

  /** An error goes to the function in last place; where there is none, to the session's owner. */
  #tell(last: Last | null, error: Error): void {
    if (!last) return this.#failed(error)
    try {
      this.#options.writer.oneWay(last.id, [error], null)
    } catch {
      // it cannot travel as it is: its owner hears of the whole
      this.#failed(error)
      this.#tellShort(last, error)
    }
  }

  /** What of an error fits within any peer's limits. */
  #tellShort(last: Last, error: Error): void {
    const { writer } = this.#options
    try {
      writer.oneWay(last.id, [writer.short(error)], null)
    } catch (failure) {
      this.#failed(toError(failure))
    }
  }

  /** A function of ours failed, and nobody else can be told. */
  #failed(error: Error): void {
    const { life, session } = this.#options
    life.tell(() => session.onError?.(error))
  }
}
