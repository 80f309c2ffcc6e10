/** The look-ups of a node whose handles somebody holds. */
import type { Clock } from '../../base/clock.js'
import type { LookupView } from '../views.js'
import type { Budget } from './budget.js'

/** What the handles of one look-up share, as far as it is told of. */
export interface Lookup {
  readonly target: { readonly name: string; readonly range: string }
  readonly budget: Budget
  readonly inFlight: number
  readonly broken: Error | null
}

/** What its first handle was given. */
export type Given = Pick<LookupView, 'timeout' | 'spread' | 'balance' | 'idempotent'>

/** Owned by one dservice; keeps no look-up alive. */
export class Lookups {
  readonly #held = new Map<WeakRef<Lookup>, Given>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(lookup: Lookup, given: Given): void {
    const ref = new WeakRef(lookup)
    this.#held.set(ref, given)
    this.#clock.whenCollected(lookup, { collected: () => void this.#held.delete(ref) })
  }

  /** Those that are there, the oldest first. */
  get all(): readonly (readonly [Lookup, Given])[] {
    return [...this.#held].flatMap(([ref, given]) => {
      const lookup = ref.deref()
      return lookup ? [[lookup, given] as const] : []
    })
  }
}
