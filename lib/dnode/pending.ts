/** Calls of ours that wait for their answers: settled exactly once, whatever comes first. */
import type { Clock } from '../base/clock.js'
import { timeout, type DServiceError } from '../base/errors.js'
import { named, type Named } from './failures.js'
import type { Outcome } from './messages.js'
import { Ring } from './ring.js'

/** Makes the error of a call that ends without an answer; `turn` tells whether it was written. */
export type Explain = (method: string, turn: number) => DServiceError

/** A call that waits for its answer. Exactly one of `settle` and `end` is called, once, and neither throws. */
export interface Waiting {
  readonly id: number
  readonly method: string
  /** Milliseconds that it had. */
  readonly ms: number
  /** On the monotonic clock. */
  readonly deadline: number
  /** The outbox's turn at which it was queued. */
  readonly turn: number
  /** A promise goes on when it is settled. */
  readonly isHeard: boolean
  settle(outcome: Outcome): void
  /** No answer comes any more. The error is made by whoever looks at it: making many takes its time. */
  end(explain: Explain): void
}

/** A call whose caller holds a promise of its outcome. */
class Promised implements Waiting {
  readonly id: number
  readonly method: string
  readonly ms: number
  readonly deadline: number
  readonly turn: number
  readonly isHeard = true
  /** Listens for the caller's signal. */
  watch: Disposable | null = null
  readonly #resolve: (outcome: Outcome) => void

  constructor(call: Omit<Waiting, 'settle' | 'end' | 'isHeard'>, resolve: (outcome: Outcome) => void) {
    this.id = call.id
    this.method = call.method
    this.ms = call.ms
    this.deadline = call.deadline
    this.turn = call.turn
    this.#resolve = resolve
  }

  settle(outcome: Outcome): void {
    this.watch?.[Symbol.dispose]()
    this.#resolve(outcome)
  }

  end(explain: Explain): void {
    this.settle({ ok: false, error: explain(this.method, this.turn) })
  }
}

/**
 * One timer serves all calls: it is set for the earliest deadline, and looks at all calls when it runs. Calls with one
 * timeout, the usual case, set it once in so much time; a shorter deadline sets it anew.
 */
export class Pending {
  /** Whom the calls are made to, where it said its name: for their errors. */
  service: string | null = null
  readonly #clock: Clock
  readonly #calls: Ring<Waiting>
  #timer: Disposable | null = null
  #timerAt = Infinity
  /** Why all have failed. */
  #over: Explain | null = null

  /** `firstId`: near the end of the ids, for tests. */
  constructor(clock: Clock, firstId = 0) {
    this.#clock = clock
    this.#calls = new Ring(firstId)
  }

  get size(): number {
    return this.#calls.size
  }

  /** An id that no waiting call has. */
  nextId(): number {
    return this.#calls.nextId()
  }

  /** Waits for the answer to `id`, at most `ms` milliseconds. */
  add(id: number, call: { method: string; ms: number; turn: number }): Promise<Outcome> {
    const { method, ms, turn } = call
    return new Promise((resolve) => {
      const deadline = ms === Infinity ? Infinity : this.#clock.monotonic() + ms
      this.wait(new Promised({ id, method, ms, deadline, turn }, resolve))
    })
  }

  /** The same for a call that holds its outcome itself. */
  wait(call: Waiting): void {
    // a getter of what it was to send has ended the session
    if (this.#over) return call.end(this.#over)
    this.#calls.add(call)
    if (call.deadline < this.#timerAt) this.#arm(call.deadline)
  }

  /** The answer is there; answers whose it was, undefined when nobody waits for it (any more). */
  settle(id: number, outcome: Outcome): Waiting | undefined {
    const call = this.#calls.take(id)
    call?.settle(outcome)
    return call
  }

  /** The same without an answer. */
  end(id: number, explain: Explain): boolean {
    const call = this.#calls.take(id)
    call?.end(explain)
    return call !== undefined
  }

  /** What listens for the end of a call's patience, until the call is settled. */
  watch(id: number, listener: Disposable): void {
    const call = this.#calls.get(id)
    if (call instanceof Promised) call.watch = listener
    else listener[Symbol.dispose]()
  }

  /** The session ended: the one place where all calls fail. */
  failAll(explain: Explain): void {
    this.#over = explain
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
    const calls = this.#calls.values()
    this.#calls.clear()
    for (const call of calls) call.end(explain)
  }

  #arm(at: number): void {
    this.#timer?.[Symbol.dispose]()
    this.#timerAt = at
    const ms = Math.max(0, at - this.#clock.monotonic())
    this.#timer = at === Infinity ? null : this.#clock.after(ms, () => this.#sweep())
  }

  #sweep(): void {
    const now = this.#clock.monotonic()
    let earliest = Infinity
    for (const { id, deadline, ms } of this.#calls.values()) {
      if (deadline <= now) this.end(id, (method) => tooLate({ service: this.service, method }, ms))
      else if (deadline < earliest) earliest = deadline
    }
    this.#arm(earliest)
  }
}

function tooLate({ service, method }: Named, ms: number): DServiceError {
  const within = Math.round(ms)
  return timeout({
    summary: `${named({ service, method })} did not answer within ${within} ms`,
    hint: 'it may have run; allow it more time, or look at the service',
    details: { service, method, timeout: within },
  })
}
