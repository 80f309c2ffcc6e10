/** Time and chance, injected everywhere: no other file reads the system's clock or random numbers, or hears of the garbage collector. */

import { invalid } from './errors.js'

/** What remains of a thing that was collected. It must not hold the thing. */
export interface Collectable {
  collected(): void
}

/** What the library knows of time and chance. */
export interface Clock {
  /** Wall time, milliseconds since 1970. For records and people, never for durations. */
  now(): number
  /** Milliseconds that only ever grow: deadlines and durations. */
  monotonic(): number
  /** A number in [0, 1). */
  random(): number
  /** Runs `run` once after `ms` milliseconds, unless disposed before. Disposing twice is fine. */
  after(ms: number, run: () => void): Disposable
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Tells `remains` once, some time after `thing` was collected; never where the process ends first. When that is, is the garbage
   * collector's chance, which has no seed: a process of a simulated world keeps the things instead, and is told nothing.
   */
  whenCollected(thing: object, remains: Collectable): void
}

const METHODS = Object.keys({
  now: 0,
  monotonic: 0,
  random: 0,
  after: 0,
  sleep: 0,
  whenCollected: 0,
} satisfies Record<keyof Clock, 0>) as (keyof Clock)[]

/** A clock that a program gave: what it lacks would be missed long after. Errors: DS_INVALID, naming the methods. */
export function checkClock(clock: Clock): Clock {
  const given: Partial<Clock> | null | undefined = clock
  const missing = METHODS.filter((name) => typeof given?.[name] !== 'function')
  if (missing.length === 0) return clock
  throw invalid({
    summary: `the clock has no ${missing.join(', ')}`,
    hint: `give an object with the methods ${METHODS.join(', ')}, or leave it out`,
  })
}

/** setTimeout runs at once beyond this; no wait of ours is ever that long. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

/** `sleep` on top of `after`, shared by the real and the virtual clock. */
export function sleepOn(after: Clock['after'], ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const onAbort = (): void => {
      timer[Symbol.dispose]()
      reject(signal?.reason as Error)
    }
    const timer = after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Resolves when `promise`, which never rejects, has settled, or after `ms` milliseconds. Its timer does not outlive it. */
export function atMost(clock: Pick<Clock, 'after'>, ms: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, resolve)
    void promise.finally(() => {
      timer[Symbol.dispose]()
      resolve()
    })
  })
}

/**
 * One for the process: it knows nothing but what is given to it, and a session pays nothing for it. What is let go of before stays
 * in it until it is collected: to take it out, each thing would need a place in a table, which slows the collector down.
 */
const registry = new FinalizationRegistry<Collectable>((remains) => remains.collected())

/**
 * The machine's clock. Its timers never keep a process alive: what must be waited for is held by
 * base/keepalive, in one place.
 */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  after(ms: number, run: () => void): Disposable {
    // a moment that has passed is now: Node warns of negative times
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), LONGEST_TIMEOUT)).unref()
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(systemClock.after, ms, signal)
  },
  whenCollected(thing: object, remains: Collectable): void {
    registry.register(thing, remains)
  },
})
