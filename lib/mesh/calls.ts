/** A call of a handle: find an instance, call it, and move on to another where it surely did not run. */
import { disconnected, isDServiceError, limit, timeout as timedOut, toError } from '../base/errors.js'
import { DEFAULTS, LIMITS } from '../base/options.js'
import type { Outcome } from '../dnode/messages.js'
import { acquire, pick, type NodeContext, type Target } from './acquire.js'
import type { LivePeer } from './peer.js'

/** What a handle's calls share; owned by the handle. */
export interface Caller {
  readonly node: NodeContext
  readonly target: Target
  /** Milliseconds. */
  readonly timeout: number
  /** Calls without an outcome. */
  inFlight: number
  /** Why every call fails: a dependency that was refused. */
  broken: Error | null
}

/**
 * Calls a method by its dotted path. Rejects with what the remote method threw, or with an error of ours; being
 * an async function that throws after its await, it shows the caller's line in the stack.
 */
export async function call(caller: Caller, path: string, args: readonly unknown[]): Promise<unknown> {
  const outcome = await counted(caller, (deadline) => attempt(caller, { path, args, deadline }))
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
  const outcome = await counted(caller, (deadline) => attemptWithCallback(caller, { path, args, deadline }))
  if (outcome.ok) return outcome.value
  throw atCaller(outcome.error, callWithCallback)
}

interface Call {
  readonly path: string
  readonly args: readonly unknown[]
  /** Monotonic time. */
  readonly deadline: number
}

/** The error came about elsewhere; what helps is the line that called. */
function atCaller(error: Error, below: (...args: never[]) => unknown): Error {
  Error.captureStackTrace(error, below)
  return error
}

/** Bounds the calls in flight, and keeps the process alive while they are. */
async function counted(caller: Caller, run: (deadline: number) => Promise<Outcome>): Promise<Outcome> {
  const { node, target } = caller
  if (caller.broken) return { ok: false, error: caller.broken }
  if (caller.inFlight >= LIMITS.inFlight) {
    const summary = `${LIMITS.inFlight} calls of this handle of ${target.name} are in flight`
    return { ok: false, error: limit({ summary, hint: 'wait for some of them' }) }
  }
  caller.inFlight++
  node.keepAlive.hold()
  try {
    return await run(node.clock.monotonic() + caller.timeout)
  } finally {
    caller.inFlight--
    node.keepAlive.release()
  }
}

async function attempt(caller: Caller, { path, args, deadline }: Call): Promise<Outcome> {
  const { node, target } = caller
  let without: Set<LivePeer> | undefined
  for (let tries = 0; ; tries++) {
    const peer = target.gathered && !node.isStopped() ? pick(node, target, without) : undefined
    const found = peer ? { ok: true as const, peer } : await acquire(node, target, { deadline, without })
    if (!found.ok) return found
    const remaining = deadline - node.clock.monotonic()
    const outcome = await found.peer.session.call(path, args, { timeout: remaining })
    if (outcome.ok || tries >= DEFAULTS.retries || !canMoveOn(outcome.error)) return outcome
    without = (without ?? new Set()).add(found.peer)
  }
}

/** Only what surely did not run, and what another instance may well accept. */
function canMoveOn(error: Error): boolean {
  return (
    isDServiceError(error) &&
    error.ran === 'no' &&
    (error.code === 'DS_REFUSED' || error.code === 'DS_DISCONNECTED' || error.code === 'DS_CLOSED')
  )
}

async function attemptWithCallback(caller: Caller, { path, args, deadline }: Call): Promise<Outcome> {
  const { node, target } = caller
  const found = await acquire(node, target, { deadline })
  if (!found.ok) return found
  const { session, identity } = found.peer
  return new Promise((settle) => {
    const end = (outcome: Outcome): void => {
      timer[Symbol.dispose]()
      settle(outcome)
    }
    const fail = (error: Error): void => end({ ok: false, error })
    const left = Math.max(0, deadline - node.clock.monotonic())
    const where = `${identity.name}@${identity.version}`
    const timer = node.clock.after(left, () =>
      fail(
        timedOut({
          summary: `${where} did not call back from ${path} within ${caller.timeout} ms`,
          hint: 'is it a callback method?',
        }),
      ),
    )
    const callback = (...results: unknown[]): void => end(fromCallback(results))
    void session
      .call(path, [...args, callback], { timeout: left })
      .then((outcome) => (outcome.ok ? undefined : fail(outcome.error)))
    void session.closed.then((reason) =>
      fail(
        disconnected({
          summary: `the connection to ${where} ended before ${path} called back`,
          cause: reason ?? undefined,
        }),
      ),
    )
  })
}

/** No guessing by arity: what came decides. */
function fromCallback(results: readonly unknown[]): Outcome {
  const [first, second] = results
  const error = asError(first)
  if (error) return { ok: false, error }
  if (results.length < 2) return { ok: true, value: first }
  if (first === null || first === undefined) return { ok: true, value: second }
  return { ok: false, error: toError(first) }
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
