/** How long the event loop was held up, as far as the load of the machine can be kept out of it. */
import { performance } from 'node:perf_hooks'

/**
 * Measures turns of the event loop. The time that a turn takes is bounded by the clock on the wall and by the processor
 * time of the process: others on the machine lengthen the one, threads of our own the other, so that the smaller counts.
 */
export class Turns {
  #longest = 0

  /** Milliseconds of the longest turn since the last `reset`. */
  get longest(): number {
    return this.#longest
  }

  reset(): void {
    this.#longest = 0
  }

  /** Lets one turn go by. */
  async turn(): Promise<void> {
    const wall = performance.now()
    const cpu = process.cpuUsage()
    await new Promise<void>((resolve) => setImmediate(resolve))
    const { user, system } = process.cpuUsage(cpu)
    this.#longest = Math.max(this.#longest, Math.min(performance.now() - wall, (user + system) / 1000))
  }

  /** Lets turns go by until something holds; answers whether it did within so many. */
  async until(holds: () => boolean, most: number): Promise<boolean> {
    for (let turns = 0; turns < most; turns++) {
      if (holds()) return true
      await this.turn()
    }
    return holds()
  }
}
