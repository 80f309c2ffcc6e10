/** The fake beside the real clock: time stands still until a test moves it. */
import { sleepOn, systemClock, type Clock, type Collectable } from './clock.js'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Rounds of the event loop that a step waits for promises, ticks and memory rows to settle. */
const ROUNDS = 20

/** A clock that a test moves by hand; chance comes from a seed, so that a run can be repeated. */
export class VirtualClock implements Clock {
  readonly seed: number
  #time = 0
  #order = 0
  #state: number
  readonly #timers = new Set<Timer>()
  readonly #settle: () => Promise<void>

  /**
   * `seed`: start of the pseudo-random numbers. Print it when a test fails. `settle`: resolves when nothing is left to do but what
   * waits for time. Default: after so many rounds of the event loop that sockets have had their turn as well.
   */
  constructor(seed = 1, settle: () => Promise<void> = rounds) {
    this.seed = seed
    this.#state = seed >>> 0
    this.#settle = settle
  }

  now(): number {
    return 1_700_000_000_000 + this.#time
  }

  monotonic(): number {
    return this.#time
  }

  /** mulberry32: small, seeded, good enough to choose by. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  after(ms: number, run: () => void): Disposable {
    const timer: Timer = { at: this.#time + Math.max(0, ms), order: this.#order++, run }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn((wait, run) => this.after(wait, run), ms, signal)
  }

  /** The garbage collector is the machine's: it has no seed. */
  whenCollected(thing: object, remains: Collectable): void {
    systemClock.whenCollected(thing, remains)
  }

  /** Timers not yet run: a leak check ends a test with 0. */
  get waiting(): number {
    return this.#timers.size
  }

  /** Lets everything that is due without time passing run: promises, ticks, memory connections. */
  settle(): Promise<void> {
    return this.#settle()
  }

  /** Moves time by `ms`, running each timer at its own moment and settling in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms
    await this.settle()
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next)
      this.#time = Math.max(this.#time, next.at)
      next.run()
      await this.settle()
    }
    this.#time = end
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at > end) continue
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) {
        first = timer
      }
    }
    return first
  }
}

async function rounds(): Promise<void> {
  for (let i = 0; i < ROUNDS; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}
