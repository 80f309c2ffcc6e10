/** Keys for maps of what a peer has numbered. */
import { systemClock } from '../base/clock.js'

/**
 * Numbers -> numbers, no two to the same. The hash of a number is no secret in this engine: a peer could choose those that all fall
 * into one bucket, where each look takes as long as there are many. It cannot choose what it does not know.
 */
export function keyer(random: () => number): (id: number) => number {
  const [factor, offset] = [Math.floor(random() * 2 ** 31) * 2 + 1, Math.floor(random() * 2 ** 31)]
  return (id) => Math.imul(id, factor) ^ offset
}

/** One for the process: nothing else depends on it, so that it takes no clock of its own. */
export const keyOf: (id: number) => number = keyer(() => systemClock.random())
