/** A call of a handle, from the user's line and back to it. */
import { firstOf } from '../../base/cancellation.js'
import { limit, type DServiceError } from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import { cleanStack } from '../../base/stack.js'
import { runningCall } from '../../dnode/context.js'
import { pastDeadline } from '../../dnode/failures.js'
import type { Outcome } from '../../dnode/messages.js'
import type { Target } from '../choosing/target.js'
import { noTimeLeft } from './acquire.js'
import { HookedCall, type Ended } from './call-hook.js'
import { askForCallback } from './callbacks.js'
import {
  again,
  askPlainly,
  failed,
  make,
  next,
  wentWell,
  type Ask,
  type Call,
  type Caller,
  type Shared,
} from './tries.js'

/**
 * Calls a method by its dotted path. Rejects with what the remote method threw, or with an error of ours; being
 * an async function that throws after its await, it shows the caller's line in the stack.
 */
export async function call(caller: Caller, path: string, args: readonly unknown[]): Promise<unknown> {
  const { shared } = caller
  const begun = begin(caller, path, args)
  if (shared.node.hooks) {
    const ended = await throughHooks(caller, { path, args, begun }, (made) => make(caller, made, askPlainly))
    if (ended.ok) return ended.value
    throw ended.isOurs ? atCaller(ended.error as Error, call) : ended.error
  }
  if (begun instanceof Error) throw atCaller(begun, call)
  let outcome: Outcome
  try {
    // the usual way costs one await: an instance is there, and it answers
    const peer = next(caller, begun)
    const session = peer?.session
    outcome = await (session ? session.call(path, args, begun) : make(caller, begun, askPlainly))
    if (peer && session) {
      if (outcome.ok) wentWell(caller, peer, begun)
      else {
        const tried = { peer, session, call: begun, error: outcome.error, ask: askPlainly }
        if (failed(caller, tried)) outcome = await again(caller, tried)
      }
    }
  } finally {
    end(shared)
  }
  if (outcome.ok) return outcome.value
  throw atCaller(outcome.error, call)
}

/**
 * Calls a method that answers through a callback, which is appended: an Error as its first argument rejects, one
 * argument resolves, null or undefined first of two resolves the second, any other first of two rejects.
 */
export function callWithCallback(caller: Caller, path: string, args: readonly unknown[]): Promise<unknown> {
  return callBy(caller, { path, args }, askForCallback)
}

/** Calls in another way than `call` does; the first line of the stack is the user's all the same. */
export async function callBy(caller: Caller, what: Asked, ask: Ask): Promise<unknown> {
  const ended = await settle(caller, what, (call) => make(caller, call, ask))
  if (ended.ok) return ended.value
  throw shownAt(ended, callBy)
}

/** A method by its dotted path, and what it is given. */
export interface Asked {
  readonly path: string
  readonly args: readonly unknown[]
}

/** Makes one call, which `go` sends on its way, with all that stands around one. Never rejects. */
export async function settle(caller: Caller, { path, args }: Asked, go: Go): Promise<Ended> {
  const begun = begin(caller, path, args)
  if (caller.shared.node.hooks) return throughHooks(caller, { path, args, begun }, go)
  if (begun instanceof Error) return { ok: false, error: begun, isOurs: true }
  try {
    const outcome = await go(begun)
    return outcome.ok ? outcome : { ...outcome, isOurs: true }
  } finally {
    end(caller.shared)
  }
}

/** A call that failed of `error` before it began, for its hooks to see. Never rejects. */
export async function fail(caller: Caller, { path, args }: Asked, error: Error): Promise<Ended> {
  if (!caller.shared.node.hooks) return { ok: false, error, isOurs: true }
  return throughHooks(caller, { path, args, begun: error }, async () => ({ ok: false, error }))
}

/** How a call failed, as the user is to see it: with the line that called `below`, where no hook threw it. */
export function shownAt(ended: Failed, below: (...args: never[]) => unknown): unknown {
  return ended.isOurs ? atCaller(ended.error as Error, below) : ended.error
}

/** The error came about elsewhere; what helps is the line that called. */
function atCaller(error: Error, below: (...args: never[]) => unknown): Error {
  Error.captureStackTrace(error, below)
  return cleanStack(error)
}

type Failed = Exclude<Ended, { readonly ok: true }>

/** Sends a call on its way. Never rejects. */
type Go = (call: Call) => Promise<Outcome>

/** Bounds the calls in flight, keeps the process alive while they are, and inherits from the call that is being answered. */
function begin(caller: Caller, path: string, args: readonly unknown[]): Call | Error {
  const { shared, cancellation } = caller
  const { node, target } = shared
  if (shared.broken) return shared.broken
  if (shared.inFlight >= LIMITS.inFlight) return tooMany(target)
  const outer = runningCall()
  const timeout = outer ? Math.min(caller.timeout, outer.remaining) : caller.timeout
  if (timeout <= 0) {
    const what = `${target.name} ${path}`
    return outer && outer.remaining <= 0 ? noTimeLeft(what) : pastDeadline(what)
  }
  const begun = node.clock.monotonic()
  shared.inFlight++
  shared.budget.call(begun)
  node.keepAlive.hold()
  // field by field: a spread here halves the rate of small calls
  return {
    path,
    args,
    begun,
    timeout,
    deadline: begun + timeout,
    cancellation: outer ? firstOf(cancellation, outer) : cancellation,
    traceparent: outer ? outer.traceparent : null,
  }
}

function end(shared: Shared): void {
  shared.inFlight--
  shared.node.keepAlive.release()
}

/** What a call may fail of before it begins is seen by its hooks as well. */
function throughHooks(
  caller: Caller,
  { path, args, begun }: Asked & { readonly begun: Call | Error },
  send: Go,
): Promise<Ended> {
  const { shared, timeout } = caller
  const { node, target } = shared
  const isBegun = !(begun instanceof Error)
  const hooked = new HookedCall({
    hooks: node.hooks ?? [],
    clock: node.clock,
    cancellation: isBegun ? begun.cancellation : undefined,
    call: {
      service: target.name,
      range: target.range,
      method: path,
      args,
      timeout: isBegun ? begun.timeout : timeout,
      traceparent: isBegun ? begun.traceparent : (runningCall()?.traceparent ?? null),
    },
    go: async (traceparent, asked) =>
      isBegun ? send({ ...begun, traceparent, asked }) : { ok: false, error: begun },
  })
  return isBegun ? hooked.run().finally(() => end(shared)) : hooked.run()
}

function tooMany({ name }: Target): DServiceError {
  return limit({
    summary: `${LIMITS.inFlight} calls of this handle of ${name} are in flight`,
    hint: 'wait for some of them',
  })
}
