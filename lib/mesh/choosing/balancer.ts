/** Which of several instances takes the next call. Pure but for the load, which a look brings up to date. */
import type { Clock } from '../../base/clock.js'
import type { Load } from '../peers/load.js'

/** An instance as a balancer sees it. */
export interface Endpoint {
  readonly session: {
    /** Calls without an answer. */
    readonly pending: number
  }
  readonly standing: {
    readonly load: Load
    readonly isEjected: boolean
    /** Of its id. */
    readonly hash: number
  }
}

/**
 * Two distinct random choices, the less loaded one wins (Finagle's P2C): nearly as even as asking all, and no two clients run
 * after the same idle instance. An ejected one wins against another only. Undefined of none.
 */
export function leastLoaded<E extends Endpoint>(
  endpoints: readonly E[],
  now: number,
  chance: Pick<Clock, 'random'>,
): E | undefined {
  const count = endpoints.length
  if (count < 2) return endpoints[0]
  const first = Math.floor(chance.random() * count)
  let second = Math.floor(chance.random() * (count - 1))
  if (second >= first) second++
  const [a, b] = [endpoints[first], endpoints[second]]
  if (!a || !b) return a
  if (a.standing.isEjected !== b.standing.isEjected) return a.standing.isEjected ? b : a
  return loadOf(b, now) < loadOf(a, now) ? b : a
}

function loadOf({ session, standing }: Endpoint, now: number): number {
  return standing.load.of(session.pending, now)
}

/** One after the other; `turn` counts the calls. */
export function inTurn<E>(endpoints: readonly E[], turn: number): E | undefined {
  return endpoints[turn % endpoints.length]
}

/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998): every caller names the same instance for a key, and when one of n comes or
 * goes, a 1/n of the keys moves. `key`: its hash.
 */
export function byKey<E extends Endpoint>(endpoints: readonly E[], key: number): E | undefined {
  let best: E | undefined
  let most = -1
  for (const endpoint of endpoints) {
    const weight = mix(key ^ endpoint.standing.hash)
    if (weight <= most) continue
    best = endpoint
    most = weight
  }
  return best
}

/** The last steps of MurmurHash3 with 32 bits: each bit that goes in turns half of those that come out. */
function mix(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
