/** Why no instance can be called, in words: what is there instead, and why it is not what was looked for. */
import satisfies from 'semver/functions/satisfies.js'
import { DServiceError, noInstance, summaryOf, unreachable } from '../../base/errors.js'
import type { Identity } from '../../base/identity.js'
import { formatAddress } from '../../wire/connection.js'
import type { LivePeer, Peer } from '../peers/peer.js'
import type { Pool } from '../peers/pool.js'
import { isVersion, resolve, type Resolution } from './resolve.js'
import type { Target } from './target.js'

/** Characters of what a peer announced that an error shows. */
const SHOWN = 80

/** Characters of a reason that `missing` shows: part of it may be a peer's. */
const LONGEST_REASON = 300

/** Ids that an error lists, at most. */
const LISTED = 20

/** Where it was looked. */
interface Node {
  readonly pool: Pool
  readonly mesh: string
}

/** Why there is no instance: nothing announced, nothing in range, or nothing that can be connected to. */
export function explain(node: Node, target: Target, pin: string | null): DServiceError {
  if (pin !== null) return explainOne(node, target, pin)
  const { name, range } = target
  const found = resolve(node.pool.live(name), range)
  const live = liveOf(found)
  const hidden = hiddenOf(node.pool, target)
  const tries = hidden.map(({ peer, hint }) => ({
    address: formatAddress(peer.address),
    reason: whyHidden(peer, hint),
  }))
  if (tries.length > 0) {
    return unreachable({
      summary: `${name}@${range} is announced but cannot be reached: ${tries.map(told).join('; ')}`,
      hint: hintOf(hidden) ?? 'the process may have died a moment ago, or a firewall is between',
      details: { tries, live },
    })
  }
  return noInstance({
    summary: `no instance of ${name}@${range} on the mesh ${JSON.stringify(node.mesh)}${live.length ? `; live: ${live.join(', ')}` : ''}`,
    hint: live.length > 0 ? hintFor(found, target) : `start ${name}, or look with: dservice ls`,
    details: { live, known: live },
  })
}

/** Those that could be called too: one that is asked no more after it has refused is there all the same. */
function liveOf({ chosen, passed }: Resolution<LivePeer>): string[] {
  const there = chosen.map(({ identity }) => ({ identity, why: `${identity.state}, but refuses calls` }))
  const others = passed.map(({ candidate: { identity }, why }) => ({ identity, why }))
  return [...there, ...others].map(({ identity: { name, version }, why }) => `${name}@${version} (${why})`)
}

/** What helps with those that are live: an instance that is in range needs no wider one. */
function hintFor({ chosen, passed }: Resolution<LivePeer>, { name, range }: Target): string {
  if (chosen.length > 0) return `call less at once, or start another instance of ${name}`
  const inRange = passed.filter(({ candidate: { identity } }) => satisfies(identity.version, range))
  if (inRange.length === 0) return 'widen the range, or start an instance in range'
  return inRange.every(({ candidate: { identity } }) => identity.state === 'draining')
    ? `start another instance of ${name}: the one in range is stopping`
    : 'wait until the one in range is ready, or start another'
}

/** What is announced, may be in range, and has not proved it: the address of each, and why. */
export function unreachableOf(pool: Pool, target: Target): string[] {
  return hiddenOf(pool, target).map(({ peer, hint }) => {
    const reason = whyHidden(peer, hint).slice(0, LONGEST_REASON)
    return told({ address: formatAddress(peer.address), reason })
  })
}

function hiddenOf(pool: Pool, { name, range }: Target): ReturnType<Pool['hidden']> {
  return pool
    .hidden(name)
    .filter(({ hint: { version } }) => !version || !isVersion(version) || satisfies(version, range))
}

function whyHidden(peer: Peer, { version }: Partial<Identity>): string {
  if (version && !isVersion(version))
    return `its version ${JSON.stringify(version.slice(0, SHOWN))} is invalid`
  if (peer.isLive()) return `is ${peer.identity.name}@${peer.identity.version}`
  const { lastError } = peer
  return lastError ? summaryOf(lastError) : 'has not said hello yet'
}

function told({ address, reason }: { readonly address: string; readonly reason: string }): string {
  return reason.includes(address) ? reason : `${address}: ${reason}`
}

/** What to do about peers that could be connected to, and are not what was looked for. */
function hintOf(hidden: readonly { readonly peer: Peer }[]): string | undefined {
  const met = hidden.find(
    ({ peer: { lastError } }) => lastError instanceof DServiceError && !('tries' in lastError.details),
  )
  return met?.peer.lastError instanceof DServiceError ? (met.peer.lastError.hint ?? undefined) : undefined
}

/** Why the one instance that was asked for cannot be called, whatever else is there. */
function explainOne({ pool }: Node, { name, range }: Target, id: string): DServiceError {
  const live = pool.live(name).map(({ identity }) => `${name}@${identity.version} ${identity.id}`)
  const shown = live.length > LISTED ? [...live.slice(0, LISTED), '…'] : live
  return noInstance({
    summary: `the instance ${id} of ${name}@${range} ${whyNotOne(pool, { name, range }, id)}${shown.length ? `; live: ${shown.join(', ')}` : ''}`,
    hint: 'an id is of one start, and does not come back after it: call the handle without `instance`, or look with instances()',
    details: { instance: id, live, known: live },
  })
}

function whyNotOne(pool: Pool, { name, range }: Pick<Target, 'name' | 'range'>, id: string): string {
  const there = pool.live(name).find(({ identity }) => identity.id === id)
  if (there && !satisfies(there.identity.version, range)) return `is ${there.identity.version}, out of range`
  if (pool.departed.has(id)) return 'was stopped'
  const lost = pool.hidden(name).find(({ peer, hint }) => (peer.identity?.id ?? hint.id) === id)
  return lost ? `is not connected: ${whyHidden(lost.peer, lost.hint)}` : 'is gone, or never was'
}
