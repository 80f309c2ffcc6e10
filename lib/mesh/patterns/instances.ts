/** `instances(handle)`: who is there. */
import { gather, noTimeLeft } from '../calls/acquire.js'
import { callerIn } from '../calls/handle.js'
import { patienceFor } from '../calls/lookup.js'
import { wishOf, type Caller } from '../calls/tries.js'
import { instanceOf, present, type Instance, type Whose } from '../choosing/present.js'

/**
 * The instances in range that are connected now, also those that are `waiting`, `draining` or left alone for a while; the highest version
 * first, and of a version the youngest. The list and what is in it are frozen. Where nobody is there, it is empty: it does not wait for one.
 * Errors: DS_INVALID (no handle), DS_CANCELLED, DS_CLOSED, DS_ENGINE.
 */
export async function instances(handle: object): Promise<readonly Instance[]> {
  const caller = callerIn(handle, 'instances')
  const { shared } = caller
  const error =
    shared.broken ?? (await shared.node.keepAlive.during(gatherAll(caller, 'a look at the instances')))
  if (!error) return Object.freeze(present(whoseOf(caller)).map(instanceOf))
  Error.captureStackTrace(error, instances)
  throw error
}

/** Whose instances a handle is about. */
export function whoseOf({ shared: { node, target }, choosing: { pin } }: Caller): Whose {
  return { pool: node.pool, name: target.name, range: target.range, pin }
}

/** Waits until those that are there were gathered; the error, where that cannot be. `what` is it for. Never rejects. */
export async function gatherAll(caller: Caller, what: string): Promise<Error | null> {
  const patience = patienceFor(caller)
  if (!patience) return noTimeLeft(what)
  const { shared, choosing } = caller
  const wish = wishOf({ ...caller, choosing: { ...choosing, asked: shared.target.every } })
  const found = await gather(wish, patience)
  return found.ok ? null : found.error
}
