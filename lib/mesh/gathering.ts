/** The first choice of a name should see all candidates, not the one that answered first. */
import type { Clock } from '../base/clock.js'
import type { Peer } from './peer.js'
import { PROVING_TIME } from './seats.js'

/** The part of a pool that gathering looks at. */
export interface Gathered {
  readonly isClosed: boolean
  onChange(run: () => void): Disposable
  /** Peers that are not proved. */
  hidden(name: string): { readonly peer: Peer }[]
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
