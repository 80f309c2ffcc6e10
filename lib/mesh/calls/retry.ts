/** What of a failed call may be made again. Pure. */
import type { Clock } from '../../base/clock.js'
import { DServiceError, isDServiceError } from '../../base/errors.js'
import { DEFAULTS } from '../../base/options.js'

/**
 * What surely did not run, and what another instance may well accept; of an idempotent method also what was lost with its
 * connection. Never what ended by the caller's deadline or signal, nor what a method threw.
 */
export function mayRepeat(error: Error, isIdempotent: boolean): boolean {
  if (!isDServiceError(error)) return false
  const { code, ran, details } = error
  // what is too large for one instance is so for all
  if (ran === 'no' && code === 'DS_LIMIT') return !('path' in details || 'bytes' in details)
  if (ran === 'no') return code === 'DS_REFUSED' || code === 'DS_DISCONNECTED' || code === 'DS_CLOSED'
  return ran === 'maybe' && isIdempotent && code === 'DS_DISCONNECTED'
}

/** Full jitter: how long to wait before the same instance is asked again. `tries`: those before, from 1. */
export function restAfter(tries: number, chance: Pick<Clock, 'random'>): number {
  const { retryBase, retryMax } = DEFAULTS
  return chance.random() * Math.min(retryMax, retryBase * 2 ** (tries - 1))
}

/** How a call ended of which an earlier try may have run: whatever ended the last one, it cannot say `no`. */
export function stillUnsure(last: Error, earlier: Error | null): Error {
  if (!earlier || !isDServiceError(last) || last.ran !== 'no') return last
  const { code, summary, hint, details } = last
  return new DServiceError(code, {
    summary: `${summary}, after a try that may have run`,
    hint: hint ?? undefined,
    ran: 'maybe',
    cause: earlier,
    details,
  })
}
