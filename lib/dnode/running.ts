/** The calls of one peer whose methods have not answered yet: who can be told that nobody waits any more. */
import type { RunningCall } from './context.js'
import { nobodyWaits } from './failures.js'

/** What a call is found by: its id, or itself where it has none, or another one has taken it. */
type Key = number | RunningCall

/** Owned by one dispatcher. */
export class RunningCalls {
  /** Made at the first: most methods answer at once, and most sessions are idle. */
  #calls: Map<Key, RunningCall> | null = null
  #size = 0

  /** Methods that run; also after `endAll` until they have come to their end. */
  get size(): number {
    return this.#size
  }

  /** The method answers later. */
  add(key: Key, call: RunningCall): void {
    this.#size++
    // a peer must not use an id again while its answer is due; where it does, both calls end with the session
    const calls = (this.#calls ??= new Map<Key, RunningCall>())
    const other = calls.get(key)
    if (other) calls.set(other, other)
    calls.set(key, call)
  }

  /** The method has answered. */
  done(key: Key, call: RunningCall): void {
    this.#size--
    this.#calls?.delete(this.#calls.get(key) === call ? key : call)
    call.end()
  }

  /** The caller waits no longer: its method is told. */
  cancel(id: number): void {
    this.#calls?.get(id)?.abort(nobodyWaits('the caller cancelled it'))
  }

  /** The session ended: all methods that run are told, with one error for all, since they may be thousands. */
  endAll(why: string): void {
    const calls = this.#calls?.values() ?? []
    this.#calls = null
    let reason: Error | null = null
    for (const call of calls) call.abort((reason ??= nobodyWaits(why)))
  }
}
