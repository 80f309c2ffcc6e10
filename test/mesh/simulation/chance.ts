/** Chance by a seed, apart from the world's own: a plan stays what it is, however the run goes. */
import { VirtualClock } from '../../../lib/base/virtual-clock.js'

export class Chance {
  readonly #clock: VirtualClock

  constructor(seed: number) {
    this.#clock = new VirtualClock(seed)
  }

  /** True so often. */
  is(share: number): boolean {
    return this.#clock.random() < share
  }

  /** A whole number from `least` to `most`. */
  number(least: number, most: number): number {
    return least + Math.floor(this.#clock.random() * (most - least + 1))
  }

  one<T>(of: readonly T[]): T {
    const found = of[this.number(0, of.length - 1)]
    if (found === undefined) throw new Error('there is nothing to choose from')
    return found
  }

  /** One of the keys, each as often as its weight says. */
  weighed<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][]
    let left = this.#clock.random() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      left -= weight
      if (left < 0) return key
    }
    return this.one(entries)[0]
  }
}
