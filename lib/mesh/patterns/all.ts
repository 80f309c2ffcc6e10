/** `all(handle)`: a call of every instance in range. */
import type { Outcome } from '../../dnode/messages.js'
import type { Answer, Form, Remote, UntypedRemote } from '../../dnode/remote.js'
import { acquire, noTimeLeft } from '../calls/acquire.js'
import type { Ended } from '../calls/call-hook.js'
import { askForCallback } from '../calls/callbacks.js'
import { fail, settle, shownAt, type Asked } from '../calls/calls.js'
import { pinnedTo } from '../calls/choosing.js'
import { createRemote, lookIn, type Way } from '../calls/handle.js'
import { patienceFor } from '../calls/lookup.js'
import { again, askPlainly, tryOne, type Ask, type Call, type Caller } from '../calls/tries.js'
import { callable, instanceOf, type Instance } from '../choosing/present.js'
import type { LivePeer } from '../peers/peer.js'
import { whoseOf } from './instances.js'

/** How the call of one instance ended, in the shape of `Promise.allSettled`, and whose it was. */
export type InstanceOutcome<T> =
  | { readonly status: 'fulfilled'; readonly value: T; readonly instance: Instance }
  | { readonly status: 'rejected'; readonly reason: unknown; readonly instance: Instance }

interface OfEach extends Answer {
  readonly answer: Promise<readonly InstanceOutcome<Awaited<this['result']>>[]>
}

/** An api whose every method answers with one outcome for each instance. */
export type All<T = unknown> = AllOf<Remote<T>>

/** The same, of the type of a handle. */
export type AllOf<H> = unknown extends H ? UntypedRemote : Form<H, OfEach>

const EACH: Way = {
  title: 'AllInstances of',
  call: (caller, path, args) => callAll(caller, { path, args }, askPlainly),
  callWithCallback: (caller, path, args) => callAll(caller, { path, args }, askForCallback),
}

/**
 * A remote object whose methods call every ready instance in range, of every version, also those that are left alone for a while
 * (`waiting` ones where none is ready). A call resolves to one outcome for each, in the order of `instances()`; that one fails makes it fail for
 * nobody else. To each applies what applies to a call of the handle: its deadline, signal and hooks, and at most once; none is moved to
 * another instance. Errors: DS_INVALID (no handle); of a call those of finding an instance: DS_NO_INSTANCE, DS_UNREACHABLE, ….
 *
 *   for (const { instance, status } of await all(users).reload()) console.log(instance.id, status)
 */
export function all<H extends object>(handle: H): AllOf<H> {
  return createRemote(lookIn(handle, 'all'), EACH) as AllOf<H>
}

async function callAll(caller: Caller, asked: Asked, ask: Ask): Promise<readonly InstanceOutcome<unknown>[]> {
  const { keepAlive, clock } = caller.shared.node
  const begun = clock.monotonic()
  const found = findAll(caller) ?? (await keepAlive.during(waitForAll(caller)))
  // what the wait took is gone
  const each = { ...caller, timeout: Math.max(0, caller.timeout - (clock.monotonic() - begun)) }
  if (!found.ok) {
    const ended = await fail(each, asked, found.error)
    // a hook may have had an answer of its own, which is nobody's outcome
    throw ended.ok ? found.error : shownAt(ended, callAll)
  }
  const instances = found.peers.map(instanceOf)
  const calls = found.peers.map((peer) => settle(each, asked, (call) => callOne(each, peer, { call, ask })))
  const ends = await Promise.all(calls)
  return ends.map((ended, i) => outcomeOf(ended, instances[i] as Instance))
}

function outcomeOf(ended: Ended, instance: Instance): InstanceOutcome<unknown> {
  if (ended.ok) return { status: 'fulfilled', value: ended.value, instance }
  return { status: 'rejected', reason: shownAt(ended, callAll), instance }
}

type Found =
  { readonly ok: true; readonly peers: readonly LivePeer[] } | { readonly ok: false; readonly error: Error }

/** Null: they have to be waited for. */
function findAll(caller: Caller): Found | null {
  const { broken, target } = caller.shared
  if (broken) return { ok: false, error: broken }
  const peers = target.every.gathered ? callable(whoseOf(caller)) : []
  return peers.length > 0 ? { ok: true, peers } : null
}

/** Those that are there when all were gathered, or else the first that comes. Never rejects. */
async function waitForAll(caller: Caller): Promise<Found> {
  const { shared, choosing } = caller
  const { node, target } = shared
  const patience = patienceFor(caller)
  if (!patience) return { ok: false, error: noTimeLeft(`the call of all instances of ${target.name}`) }
  const found = await acquire({ node, target, choosing: { ...choosing, asked: target.every } }, patience)
  if (!found.ok) return found
  return findAll(caller) ?? { ok: true, peers: [found.peer] }
}

/** Never rejects; what may be made again is, on the same instance. */
async function callOne(
  caller: Caller,
  peer: LivePeer,
  { call, ask }: { readonly call: Call; readonly ask: Ask },
): Promise<Outcome> {
  const { session, identity } = peer
  const outcome = await tryOne(caller, { peer, call, ask })
  if (outcome.ok || !outcome.mayRepeat) return outcome
  const pinned = { ...caller, choosing: pinnedTo(caller, identity.id) }
  return again(pinned, { call, session, error: outcome.error, ask })
}
