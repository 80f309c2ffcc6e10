/** Which of several equal instances takes the next call. Pure. */

/** An instance as the balancer sees it. */
export interface Endpoint {
  /** Calls without an answer. */
  readonly pending: number
}

/**
 * Two distinct random choices, the less busy one wins (Finagle's P2C): nearly as even as asking all, and no
 * two clients run after the same idle instance. Undefined of none.
 */
export function choose<E extends Endpoint>(endpoints: readonly E[], random: () => number): E | undefined {
  const count = endpoints.length
  if (count < 2) return endpoints[0]
  const first = Math.floor(random() * count)
  let second = Math.floor(random() * (count - 1))
  if (second >= first) second++
  const [a, b] = [endpoints[first], endpoints[second]]
  return a && b && b.pending < a.pending ? b : a
}
