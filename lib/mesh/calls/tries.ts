/** A call's way through the instances: choose one, ask it, learn from how it ended, and move on where that is safe. */
import type { Cancellation } from '../../base/cancellation.js'
import { isDServiceError } from '../../base/errors.js'
import type { Identity } from '../../base/identity.js'
import { DEFAULTS } from '../../base/options.js'
import type { Outcome } from '../../dnode/messages.js'
import type { CallOptions, Session } from '../../dnode/session.js'
import type { Choices, Choosing, Made } from '../choosing/choices.js'
import type { Spread } from '../choosing/resolve.js'
import type { Target } from '../choosing/target.js'
import { verdictOf } from '../peers/health.js'
import type { LivePeer } from '../peers/peer.js'
import { acquire, type Acquired, type Patience, type Wish } from './acquire.js'
import type { Budget } from './budget.js'
import type { NodeContext } from './node.js'
import { mayRepeat, restAfter, stillUnsure } from './retry.js'

/** What all handles of one look-up or dependency share, whatever their options. */
export interface Shared {
  readonly node: NodeContext
  readonly target: Target
  /** What the range means, by spread: made as they are needed. */
  readonly choices: Map<Spread, Choices>
  readonly budget: Budget
  /** Calls without an outcome. */
  inFlight: number
  /** Why every call fails: a dependency that was refused. */
  broken: Error | null
}

/** A handle as its calls see it. */
export interface Caller {
  readonly shared: Shared
  readonly choosing: Choosing
  /** Milliseconds. */
  readonly timeout: number
  /** The handle's own signal. */
  readonly cancellation: Cancellation | undefined
  /** Whether its calls may run twice; undefined: of each method what its service says. */
  readonly idempotent: boolean | undefined
}

/** One call of a user; each try for it is one with a `begun` and a `timeout` of its own. */
export interface Call extends CallOptions, Made {
  readonly traceparent: string | null
  readonly path: string
  readonly args: readonly unknown[]
  /** Monotonic time. */
  readonly deadline: number
  /** Hears of each instance that is asked, where there are hooks. */
  readonly asked?: ((instance: Identity) => void) | undefined
}

/** Makes a call on one instance. Never rejects. */
export type Ask = (peer: LivePeer, call: Call, node: NodeContext) => Promise<Outcome>

/** The usual way: the method answers by what it returns. */
export const askPlainly: Ask = (peer, call) => peer.session.call(call.path, call.args, call)

/** For `acquire`. */
export function wishOf({ shared: { node, target }, choosing }: Caller): Wish {
  return { node, target, choosing }
}

/** The instance for a call that is made at once; undefined: it has to be waited for. */
export function next({ choosing }: Caller, call: Made): LivePeer | undefined {
  return choosing.asked.gathered ? choosing.choices.next(call, choosing) : undefined
}

/** The first try and those after it; waits for an instance where there is none. Never rejects. */
export async function make(caller: Caller, call: Call, ask: Ask): Promise<Outcome> {
  const { node } = caller.shared
  let tried = afresh(call, node)
  let peer = next(caller, tried)
  if (!peer) {
    const { deadline, cancellation } = call
    const found = await acquire(wishOf(caller), { deadline, cancellation })
    if (!found.ok) return found
    peer = found.peer
    tried = afresh(call, node)
  }
  const { session } = peer
  const outcome = await tryOne(caller, { peer, call: tried, ask })
  if (outcome.ok || !outcome.mayRepeat) return outcome
  return again(caller, { call, session, error: outcome.error, ask })
}

/** What was tried, and how it failed. */
export interface Failed {
  readonly call: Call
  readonly session: Session
  readonly error: Error
}

/** The tries after a failure that allows another: at once where another instance is there, else after a while. Never rejects. */
export async function again(
  caller: Caller,
  { ask, call, ...first }: Failed & { ask: Ask },
): Promise<Outcome> {
  const { node, budget } = caller.shared
  const { deadline, cancellation } = call
  const without = new Set<Session>()
  let unsure: Error | null = null
  let { error, session } = first
  const end = (last: Error): Outcome => ({ ok: false, error: stillUnsure(last, unsure) })
  for (let tries = 1; ; tries++) {
    if (isDServiceError(error) && error.ran === 'maybe') unsure ??= error
    const now = node.clock.monotonic()
    if (tries > DEFAULTS.retries || now >= deadline || !budget.take(now)) return end(error)
    without.add(session)
    const rest = restAfter(tries, node.clock)
    const found = await another(caller, { deadline, cancellation, without, rest })
    if (!found.ok) return end(found.error)
    session = found.peer.session
    const outcome = await tryOne(caller, { peer: found.peer, call: afresh(call, node), ask })
    if (outcome.ok) return outcome
    error = outcome.error
    if (!outcome.mayRepeat) return end(error)
  }
}

/** At once where there is one: a crowd that moves on does not queue up with those that wait. */
function another(caller: Caller, patience: Patience): Promise<Acquired> | Acquired {
  const { shared, choosing } = caller
  const now = shared.node.clock.monotonic()
  const peer = choosing.asked.gathered ? choosing.choices.find(now, choosing, patience.without) : undefined
  return peer ? { ok: true, peer } : acquire(wishOf(caller), patience)
}

type Tried =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Error; readonly mayRepeat: boolean }

/** Asks one instance, and learns from how it ends. Never rejects. */
export async function tryOne(caller: Caller, one: { peer: LivePeer; call: Call; ask: Ask }): Promise<Tried> {
  const { peer, call, ask } = one
  const { session } = peer
  call.asked?.(peer.identity)
  const outcome = await ask(peer, call, caller.shared.node)
  if (!outcome.ok)
    return { ...outcome, mayRepeat: failed(caller, { peer, session, call, error: outcome.error }) }
  wentWell(caller, peer, call)
  return outcome
}

/** What the waits, and the hooks, took of the time is gone. */
function afresh(call: Call, node: NodeContext): Call {
  const begun = node.clock.monotonic()
  return { ...call, begun, timeout: Math.max(0, call.deadline - begun) }
}

/** What an answer tells of its instance. Nobody is timed where there is no choice: looking at the clock costs a call a fiftieth. */
export function wentWell({ shared, choosing }: Caller, { standing }: LivePeer, call: Made): void {
  if (choosing.choices.isSeveral) {
    const now = shared.node.clock.monotonic()
    standing.load.observe(now - call.begun, now)
  }
  standing.health.good(call, call.begun)
}

/** What a failure tells of its instance; answers whether the call may be made again. */
export function failed(
  { shared, choosing, idempotent }: Caller,
  { peer, session, call, error }: Failed & { peer: LivePeer },
): boolean {
  const { health, load, idempotent: said } = peer.standing
  const now = shared.node.clock.monotonic()
  const verdict = verdictOf(error)
  const isLost = isDServiceError(error) && error.code === 'DS_DISCONNECTED'
  if (verdict === 'good') health.good(call, now)
  else if (verdict === 'none') health.none(call)
  else if (isLost) health.lost(call, session, now)
  else health.bad(call, now)
  // a quick refusal is no quick answer
  const tookItsTime = verdict === 'good' || (isDServiceError(error) && error.code === 'DS_TIMEOUT')
  if (tookItsTime && choosing.choices.isSeveral) load.observe(now - call.begun, now)
  return mayRepeat(error, idempotent ?? said.has(call.path))
}
