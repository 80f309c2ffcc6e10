/** A call of a handle: find an instance, call it, and move on to another where it surely did not run. */
import { firstOf, type Cancellation } from '../base/cancellation.js'
import {
  disconnected,
  isDServiceError,
  limit,
  timeout as timedOut,
  toError,
  type DServiceError,
} from '../base/errors.js'
import { DEFAULTS, LIMITS } from '../base/options.js'
import { cleanStack } from '../base/stack.js'
import { runningCall } from '../dnode/context.js'
import { pastDeadline } from '../dnode/failures.js'
import type { Identity } from '../base/identity.js'
import type { Outcome } from '../dnode/messages.js'
import type { CallOptions } from '../dnode/session.js'
import { acquire, cancelledBy, noTimeLeft, pick, type NodeContext, type Target } from './acquire.js'
import { HookedCall, type Ended } from './call-hook.js'
import type { LivePeer } from './peer.js'

/** What all handles of one look-up or dependency share, whatever their options. */
export interface Shared {
  readonly node: NodeContext
  readonly target: Target
  /** Calls without an outcome. */
  inFlight: number
  /** Why every call fails: a dependency that was refused. */
  broken: Error | null
}

/** A handle as its calls see it. */
export interface Caller {
  readonly shared: Shared
  /** Milliseconds. */
  readonly timeout: number
  /** The handle's own signal. */
  readonly cancellation: Cancellation | undefined
}

/**
 * Calls a method by its dotted path. Rejects with what the remote method threw, or with an error of ours; being
 * an async function that throws after its await, it shows the caller's line in the stack.
 */
export async function call(caller: Caller, path: string, args: readonly unknown[]): Promise<unknown> {
  const { shared } = caller
  const begun = begin(caller, path, args)
  if (shared.node.hooks) {
    const ended = await throughHooks(caller, { path, args, begun }, go)
    if (ended.ok) return ended.value
    throw ended.isOurs ? atCaller(ended.error as Error, call) : ended.error
  }
  if (begun instanceof Error) throw atCaller(begun, call)
  let outcome: Outcome
  try {
    // the usual way costs one await: an instance is there, and it answers
    const peer = shared.target.gathered ? pick(shared.node, shared.target) : undefined
    outcome = await (peer ? peer.session.call(path, args, begun) : attempt(shared, begun))
    if (peer && !outcome.ok && canMoveOn(outcome.error)) outcome = await attempt(shared, begun, peer)
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
export async function callWithCallback(
  caller: Caller,
  path: string,
  args: readonly unknown[],
): Promise<unknown> {
  const begun = begin(caller, path, args)
  if (caller.shared.node.hooks) {
    const ended = await throughHooks(caller, { path, args, begun }, attemptWithCallback)
    if (ended.ok) return ended.value
    throw ended.isOurs ? atCaller(ended.error as Error, callWithCallback) : ended.error
  }
  if (begun instanceof Error) throw atCaller(begun, callWithCallback)
  let outcome: Outcome
  try {
    outcome = await attemptWithCallback(caller.shared, begun)
  } finally {
    end(caller.shared)
  }
  if (outcome.ok) return outcome.value
  throw atCaller(outcome.error, callWithCallback)
}

interface Call extends CallOptions {
  readonly traceparent: string | null
  readonly path: string
  readonly args: readonly unknown[]
  /** Monotonic time. */
  readonly deadline: number
  /** Hears of each instance that is asked, where there are hooks. */
  readonly asked?: ((instance: Identity) => void) | undefined
}

/** The error came about elsewhere; what helps is the line that called. */
function atCaller(error: Error, below: (...args: never[]) => unknown): Error {
  Error.captureStackTrace(error, below)
  return cleanStack(error)
}

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
  shared.inFlight++
  node.keepAlive.hold()
  // field by field: a spread here halves the rate of small calls
  return {
    path,
    args,
    timeout,
    deadline: node.clock.monotonic() + timeout,
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
  { shared, timeout }: Caller,
  { path, args, begun }: { path: string; args: readonly unknown[]; begun: Call | Error },
  make: (shared: Shared, call: Call) => Promise<Outcome>,
): Promise<Ended> {
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
      isBegun ? make(shared, { ...begun, traceparent, asked }) : { ok: false, error: begun },
  })
  return isBegun ? hooked.run().finally(() => end(shared)) : hooked.run()
}

/** As `call` has it without a hook, where it is written out for the sake of one await. */
async function go(shared: Shared, call: Call): Promise<Outcome> {
  const peer = shared.target.gathered ? pick(shared.node, shared.target) : undefined
  if (!peer) return attempt(shared, call)
  call.asked?.(peer.identity)
  // what the hooks took of the time is gone
  const timeout = call.deadline - shared.node.clock.monotonic()
  const outcome = await peer.session.call(call.path, call.args, { ...call, timeout })
  return !outcome.ok && canMoveOn(outcome.error) ? attempt(shared, call, peer) : outcome
}

/** Waits for an instance where there is none, and moves on where one surely did not run the call. */
async function attempt({ node, target }: Shared, call: Call, not?: LivePeer): Promise<Outcome> {
  const { path, args, deadline, cancellation, traceparent } = call
  const without = new Set(not ? [not] : [])
  for (let tries = without.size; ; tries++) {
    const found = await acquire(node, target, { deadline, without, cancellation })
    if (!found.ok) return found
    const timeout = deadline - node.clock.monotonic()
    call.asked?.(found.peer.identity)
    const outcome = await found.peer.session.call(path, args, { timeout, cancellation, traceparent })
    if (outcome.ok || tries >= DEFAULTS.retries || !canMoveOn(outcome.error)) return outcome
    without.add(found.peer)
  }
}

/** Only what surely did not run, and what another instance may well accept. */
function canMoveOn(error: Error): boolean {
  if (!isDServiceError(error) || error.ran !== 'no') return false
  const { code, details } = error
  // what is too large for one is so for all
  if (code === 'DS_LIMIT') return !('path' in details || 'bytes' in details)
  return code === 'DS_REFUSED' || code === 'DS_DISCONNECTED' || code === 'DS_CLOSED'
}

async function attemptWithCallback({ node, target }: Shared, call: Call): Promise<Outcome> {
  const { path, args, deadline, cancellation, traceparent } = call
  const peer = target.gathered ? pick(node, target) : undefined
  const found = peer ? { ok: true as const, peer } : await acquire(node, target, { deadline, cancellation })
  if (!found.ok) return found
  const { session, identity } = found.peer
  call.asked?.(identity)
  const where = `${identity.name}@${identity.version}`
  const timeout = Math.max(0, deadline - node.clock.monotonic())
  const { promise, settle } = outcomeOnce()
  const fail = (error: Error): void => settle({ ok: false, error })
  const callback = (...results: unknown[]): void => settle(fromCallback(results))
  using _timer = node.clock.after(timeout, () => fail(noCallback(where, path)))
  using _listener =
    cancellation?.onAbort((reason) => fail(cancelledBy(reason, `${where} ${path}`))) ?? undefined
  void session
    .call(path, [...args, callback], { timeout, cancellation, traceparent })
    .then((outcome) => (outcome.ok ? undefined : fail(outcome.error)))
  // not `closed.then`: a promise keeps whoever waits for it, and a session outlives many calls
  using _loss = node.pool.onChange(() => (session.isClosed ? fail(lostBefore(where, path)) : undefined))
  return await promise
}

function outcomeOnce(): { promise: Promise<Outcome>; settle: (outcome: Outcome) => void } {
  let settle: (outcome: Outcome) => void = () => undefined
  const promise = new Promise<Outcome>((resolve) => (settle = resolve))
  return { promise, settle }
}

function noCallback(where: string, path: string): DServiceError {
  return timedOut({
    summary: `${where} did not call back from ${path} before the deadline`,
    hint: 'is it a callback method?',
  })
}

function lostBefore(where: string, path: string): DServiceError {
  return disconnected({ summary: `the connection to ${where} ended before ${path} called back` })
}

function tooMany({ name }: Target): DServiceError {
  return limit({
    summary: `${LIMITS.inFlight} calls of this handle of ${name} are in flight`,
    hint: 'wait for some of them',
  })
}

/** No guessing by arity: what came decides. */
function fromCallback(results: readonly unknown[]): Outcome {
  const [first, second] = results
  const error = asError(first)
  if (error) return { ok: false, error }
  if (results.length < 2) return { ok: true, value: first }
  if (first === null || first === undefined) return { ok: true, value: second }
  return { ok: false, error: toError(typeof first === 'object' ? JSON.stringify(first) : first) }
}

/** An Error, or what is left of one after its way through JSON. It ran: it called back. */
function asError(value: unknown): Error | null {
  if (value instanceof Error) return value
  if (typeof value !== 'object' || value === null) return null
  const { name, message } = value as { name?: unknown; message?: unknown }
  if (typeof name !== 'string' || typeof message !== 'string' || !name.endsWith('Error')) return null
  const { stack: _stack, cause: _cause, ...own } = value as Record<string, unknown>
  return Object.assign(new Error(message), own, { ran: 'yes' })
}
