/** All orders of a list, and choices that a seed decides. */
import { VirtualClock } from '../../lib/base/virtual-clock.js'

/** Every order of the numbers from 0 to `n` - 1. */
export function ordersOf(n: number): number[][] {
  if (n === 0) return [[]]
  return ordersOf(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, at) => [...order.slice(0, at), n - 1, ...order.slice(at)]),
  )
}

/** Chooses one of a list, the same ones for the same seed. */
export function chooser(seed: number): <T>(of: readonly T[]) => T {
  const clock = new VirtualClock(seed)
  return (of) => of[Math.floor(clock.random() * of.length)] as (typeof of)[number]
}
