/**
 * Whether an instance is left alone for a while because its calls fail.
 *
 *   well --failures--> ejected --its time is over, one call--> half open --good--> well
 *                         ^------------------------------------- bad ---'
 */
import type { Clock } from '../../base/clock.js'
import { isDServiceError } from '../../base/errors.js'
import { DEFAULTS } from '../../base/options.js'
import { Counter } from './counter.js'

/** Why an instance was ejected: see EjectionView. */
export type Why = 'in-a-row' | 'share' | 'probe'

/** What is known at a moment. */
export interface HealthNow {
  readonly good: number
  readonly bad: number
  readonly inRow: number
  /** `until`: monotonic time. */
  readonly ejected: { why: Why; until: number; probing: boolean; times: number } | null
}

/** What a failure says of the instance: it works, it does not, or nothing. */
export type Verdict = 'good' | 'bad' | 'none'

/**
 * A method that ran and threw is one that works. What the caller did wrong, or wanted to end, says nothing; nor does a deadline
 * that had passed before the call was sent.
 */
export function verdictOf(error: Error): Verdict {
  if (!isDServiceError(error) || error.ran === 'yes') return 'good'
  const { code, ran } = error
  if (code === 'DS_TIMEOUT') return ran === 'no' ? 'none' : 'bad'
  return code === 'DS_DISCONNECTED' || code === 'DS_REFUSED' ? 'bad' : 'none'
}

/** Finagle's FailureAccrual: too many failures in a row or of late. Owned by what is known of one instance. */
export class Health {
  readonly #chance: Pick<Clock, 'random'>
  readonly #changed: () => void
  readonly #good = new Counter(DEFAULTS.ejectWindow)
  readonly #bad = new Counter(DEFAULTS.ejectWindow)
  /** Null while it is well. */
  #why: Why | null = null
  #inRow = 0
  /** Ejections without a good while between them. */
  #times = 0
  /** Of the last ejection, milliseconds. */
  #length = 0
  /** Monotonic time. */
  #probeAt = Infinity
  #revived = -Infinity
  /** The one call that decides, while it is out. */
  #probe: object | null = null
  /** Its calls failed together, and count once. */
  #lost: WeakRef<object> | null = null

  /** `changed` is called when it was ejected, came back, or may be probed anew. */
  constructor(chance: Pick<Clock, 'random'>, changed: () => void) {
    this.#chance = chance
    this.#changed = changed
  }

  get isEjected(): boolean {
    return this.#why !== null
  }

  /** A look that changes nothing. */
  peek(now: number): HealthNow {
    const [why, until, times] = [this.#why, this.#probeAt, this.#times]
    return {
      good: this.#good.peek(now),
      bad: this.#bad.peek(now),
      inRow: this.#inRow,
      ejected: why ? { why, until, probing: this.#probe !== null, times } : null,
    }
  }

  /** Monotonic time from which one call may be made that decides; Infinity: it is out, or none is wanted. */
  get probeAt(): number {
    return this.#probe ? Infinity : this.#probeAt
  }

  /** The call that is about to be made decides. */
  probe(call: object): void {
    this.#probe = call
  }

  /** A call was answered. On the usual path of every call. */
  good(call: object, now: number): void {
    if (this.#probe === call) return this.#revive(now)
    this.#inRow = 0
    this.#good.add(now)
  }

  /** A call failed. */
  bad(call: object, now: number): void {
    if (this.#probe === call) return this.#eject(now, 'probe')
    if (this.isEjected) return
    this.#inRow++
    this.#bad.add(now)
    if (this.#inRow >= DEFAULTS.ejectAfter) this.#eject(now, 'in-a-row')
    else if (this.#isBelow(now)) this.#eject(now, 'share')
  }

  /** A call failed with its connection: all that were on it are one failure, else every cut were an ejection. */
  lost(call: object, connection: object, now: number): void {
    if (this.#probe !== call && this.#lost?.deref() === connection) return
    this.#lost = new WeakRef(connection)
    this.bad(call, now)
  }

  /** A call ended in a way that says nothing: where it was the probe, another one is. */
  none(call: object): void {
    if (this.#probe !== call) return
    this.#probe = null
    this.#changed()
  }

  #isBelow(now: number): boolean {
    const good = this.#good.total(now)
    const all = good + this.#bad.total(now)
    return all >= DEFAULTS.ejectLeast && good < DEFAULTS.ejectUnder * all
  }

  /** For twice as long each time, unless it was well for longer than it had been away. */
  #eject(now: number, why: Why): void {
    if (!this.isEjected && now - this.#revived > this.#length) this.#times = 0
    const { ejectBase, ejectMax } = DEFAULTS
    const half = Math.min(ejectMax / 2, ejectBase * 2 ** Math.min(this.#times++, 16))
    this.#length = half * (1 + this.#chance.random())
    this.#probeAt = now + this.#length
    this.#probe = null
    this.#why = why
    this.#changed()
  }

  #revive(now: number): void {
    this.#probe = null
    this.#probeAt = Infinity
    this.#why = null
    this.#inRow = 0
    this.#good.clear()
    this.#bad.clear()
    this.#revived = now
    this.#changed()
  }
}
