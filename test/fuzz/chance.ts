/** Chance by a seed: the same seed, the same choices. */
import { VirtualClock } from '../../lib/base/virtual-clock.js'

/** Owned by one plan. */
export class Chance {
  readonly #clock: VirtualClock

  constructor(seed: number) {
    this.#clock = new VirtualClock(seed)
  }

  /** An integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.#clock.random() * n)
  }

  /** An integer in [from, to]; the small ones as often as the large ones of ten times their size. */
  about(from: number, to: number): number {
    return Math.round(from * (to / from) ** this.#clock.random())
  }

  /** True once in so many times. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list]
    return list.map(() => rest.splice(this.below(rest.length), 1)[0] as T)
  }
}

/** The seed of the round with that number: neighbours have nothing in common. */
export function seedOf(seed: number, round: number): number {
  return new Chance((seed ^ Math.imul(round + 1, 0x9e3779b1)) >>> 0).below(2 ** 32)
}
