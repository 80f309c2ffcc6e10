/** What all dialling has in common: a time limit, a signal, and one kind of error. */
import type { Clock } from '../base/clock.js'
import { unreachable } from '../base/errors.js'
import { formatAddress, type Address, type Connection } from './connection.js'

export interface DialOptions {
  readonly to: Address
  readonly clock: Clock
  /** Milliseconds. */
  readonly within: number
  readonly signal: AbortSignal | undefined
}

/** How an attempt reports: once, and not before `begin` has returned. */
export interface Attempt {
  connected(connection: Connection): void
  /** `reason`: the system's word, ECONNREFUSED. */
  failed(reason: string, cause?: unknown): void
}

/**
 * Runs one attempt. `begin` answers how to abandon it, which is called when it failed, when it took too long or
 * when the signal came. Errors: DS_UNREACHABLE; the signal's reason.
 */
export function dialing(options: DialOptions, begin: (attempt: Attempt) => () => void): Promise<Connection> {
  const { to, clock, within, signal } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const done = (): void => {
      timer[Symbol.dispose]()
      signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: Error): void => {
      done()
      abandon()
      reject(error)
    }
    const onAbort = (): void => fail(signal?.reason as Error)
    const timer = clock.after(within, () => fail(dialError(to, `no answer within ${within} ms`)))
    signal?.addEventListener('abort', onAbort, { once: true })
    const abandon = begin({
      connected(connection) {
        done()
        resolve(connection)
      },
      failed: (reason, cause) => fail(dialError(to, reason, cause)),
    })
  })
}

function dialError(to: Address, reason: string, cause?: unknown): Error {
  const address = formatAddress(to)
  return unreachable({
    summary: `cannot connect to ${address}: ${reason}`,
    hint: 'is the service running, and its address right?',
    cause,
    details: { tries: [{ address, reason }] },
  })
}
