/** Who is there in range now, as a handle sees it. */
import compare from 'semver/functions/compare.js'
import satisfies from 'semver/functions/satisfies.js'
import type { State } from '../../base/identity.js'
import { formatAddress } from '../../wire/connection.js'
import type { LivePeer } from '../peers/peer.js'
import type { Pool } from '../peers/pool.js'
import { resolve } from './resolve.js'

/** One instance, as plain data of the moment at which it was asked for. */
export interface Instance {
  /** Of one start: a restart is another instance. The option `instance` takes it. */
  readonly id: string
  readonly name: string
  readonly version: string
  /** `ready` or `waiting`, or `draining`: then it takes no calls any more. */
  readonly state: State
  /** Where it is connected to: `127.0.0.1:51423`. */
  readonly address: string
  /** Milliseconds since 1970, as it says. */
  readonly started: number
  /** Left alone for a while by the calls of this node, which failed. */
  readonly ejected: boolean
}

/** Whose instances: of a name and a range, or only the one with this id. */
export interface Whose {
  readonly pool: Pool
  readonly name: string
  readonly range: string
  readonly pin: string | null
}

/**
 * Those that are connected, whatever their state; the highest version first, of a version the youngest. Each once: one that is known at two
 * addresses is one, and where two say that they are the same, the one that was seen first is.
 */
export function present(whose: Whose): LivePeer[] {
  return inOrder(connected(whose).values())
}

/** The same by id, in the order of their coming: for who looks often, since only what is new needs another order. */
export function connected({ pool, name, range, pin }: Whose): Map<string, LivePeer> {
  const peers = new Map<string, LivePeer>()
  const fits = new Map<string, boolean>()
  for (const peer of pool.live(name)) {
    const { id, version } = peer.identity
    if ((pin !== null && id !== pin) || peers.has(id)) continue
    const isInRange = fits.get(version) ?? satisfies(version, range)
    fits.set(version, isInRange)
    if (isInRange) peers.set(id, peer)
  }
  return peers
}

/** The highest version first, of a version the youngest. */
export function inOrder(peers: Iterable<LivePeer>): LivePeer[] {
  return [...peers].sort(newestFirst)
}

/** Those of them that take calls: the ready ones, and waiting ones while there is no ready one. Also those that are left alone. */
export function callable(whose: Whose): LivePeer[] {
  const { chosen, ejected } = resolve(present(whose), whose.range, 'range')
  return inOrder(new Set([...chosen, ...ejected]))
}

/** Frozen. */
export function instanceOf({ identity, address, standing }: LivePeer): Instance {
  const { id, name, version, state, started } = identity
  const at = formatAddress(address)
  return Object.freeze({ id, name, version, state, address: at, started, ejected: standing.isEjected })
}

function newestFirst({ identity: a }: LivePeer, { identity: b }: LivePeer): number {
  return compare(b.version, a.version) || b.started - a.started || (a.id < b.id ? -1 : 1)
}
