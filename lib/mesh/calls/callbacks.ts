/** A call of a method that answers through a callback, which is appended to its arguments. */
import { disconnected, timeout as timedOut, toError, type DServiceError } from '../../base/errors.js'
import type { Outcome } from '../../dnode/messages.js'
import { oneShot } from '../../dnode/refs/one-shot.js'
import { cancelledBy } from './acquire.js'
import type { Ask } from './tries.js'

/** As `askPlainly`: ends when the method calls back, fails, or is waited for no longer. Never rejects. */
export const askForCallback: Ask = async ({ session, identity }, call, node) => {
  const { path, args, timeout, cancellation, traceparent } = call
  const where = `${identity.name}@${identity.version}`
  const { promise, settle } = outcomeOnce()
  const fail = (error: Error): void => settle({ ok: false, error })
  const callback = oneShot((...results: unknown[]): void => settle(fromCallback(results)))
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
