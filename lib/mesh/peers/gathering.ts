/** The first choice of a name should see all candidates, not the one that answered first. */
import type { Clock } from '../../base/clock.js'
import type { Peer } from './peer.js'
import { PROVING_TIME } from './seats.js'

/** Milliseconds in which all of many instances are tried, at most: dead ones among them have the seats of others for a while. */
const LONGEST = 8 * PROVING_TIME

/** The part of a pool that gathering looks at. */
export interface Gathered {
  readonly isClosed: boolean
  onChange(run: () => void): Disposable
  /** Peers that are not proved. */
  hidden(name: string): { readonly peer: Peer }[]
  /** Whether some that were sighted have not been tried, with a seat or without. */
  hasUntried(name: string): boolean
}

/**
 * Resolves when the question is out, the engine's `window` (ms) has passed, and every peer sighted for the name was
 * tried once: after PROVING_TIME at most, as one may be dead and silent. Resolves too when the question failed.
 */
export async function gathering(
  pool: Gathered,
  name: string,
  { asked, window, clock }: { asked: Promise<unknown>; window: () => number; clock: Clock },
): Promise<void> {
  try {
    await asked
  } catch {
    return // who waits for instances is told by the question itself
  }
  // known only now: the engine may have been loaded by the question
  if (window() > 0) await clock.sleep(window())
  await firstTries(pool, name, clock)
}

function firstTries(pool: Gathered, name: string, clock: Clock): Promise<void> {
  const isDone = (): boolean => pool.isClosed || pool.hidden(name).every(({ peer }) => peer.tried > 0)
  return new Promise((resolve) => {
    if (isDone()) return resolve()
    const finish = (): void => {
      timer[Symbol.dispose]()
      listener[Symbol.dispose]()
      resolve()
    }
    const timer = clock.after(PROVING_TIME, finish)
    const listener = pool.onChange(() => (isDone() ? finish() : undefined))
  })
}

/** Resolves when all that were sighted have been tried once; sooner when nothing more comes of it. */
export async function everyTried(
  pool: Gathered,
  name: string,
  { first, clock }: { readonly first: Promise<void>; readonly clock: Clock },
): Promise<void> {
  await first
  if (pool.isClosed || !pool.hasUntried(name)) return
  const latest = clock.monotonic() + LONGEST
  const soon = (): number => Math.min(2 * PROVING_TIME, Math.max(0, latest - clock.monotonic()))
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      timer[Symbol.dispose]()
      listener[Symbol.dispose]()
      resolve()
    }
    const listener = pool.onChange(() => {
      if (pool.isClosed || !pool.hasUntried(name)) return finish()
      timer[Symbol.dispose]()
      timer = clock.after(soon(), finish)
    })
    let timer = clock.after(soon(), finish)
  })
}
