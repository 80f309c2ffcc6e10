/** Being told that nobody waits any more: the price of an AbortSignal is paid only where a user gave or asked for one. */

/** What can be cancelled from outside. */
export interface Cancellation {
  /** Calls `run` once, when it is cancelled; at once, and answering null, where it was before. */
  onAbort(run: (reason: Error) => void): Disposable | null
}

/** A user's AbortSignal. Its reason may be anything; ours is an Error. */
export function ofSignal(signal: AbortSignal): Cancellation {
  return {
    onAbort(run) {
      const tell = (): void => run(reasonOfSignal(signal))
      if (signal.aborted) {
        tell()
        return null
      }
      signal.addEventListener('abort', tell, { once: true })
      return { [Symbol.dispose]: () => signal.removeEventListener('abort', tell) }
    },
  }
}

/** Whichever comes first. */
export function firstOf(a: Cancellation | undefined, b: Cancellation | undefined): Cancellation | undefined {
  if (!a || !b) return a ?? b
  return {
    onAbort(run) {
      let isTold = false
      const once = (reason: Error): void => {
        if (isTold) return
        isTold = true
        run(reason)
      }
      const first = a.onAbort(once)
      if (!first) return null
      const second = b.onAbort(once)
      if (!second) {
        first[Symbol.dispose]()
        return null
      }
      return {
        [Symbol.dispose]: () => {
          first[Symbol.dispose]()
          second[Symbol.dispose]()
        },
      }
    },
  }
}

function reasonOfSignal(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new Error('the signal was aborted', { cause: reason })
}
