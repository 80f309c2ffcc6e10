/** The calling half of a session: calls of ours that want an answer, from the first check to the outcome. */
import { toError, type DServiceError } from '../base/errors.js'
import type { Clock } from '../base/clock.js'
import { withoutStacks } from '../base/stack.js'
import type { Connection } from '../wire/connection.js'
import * as failures from './failures.js'
import type { Life } from './life.js'
import type { Hello, Outcome } from './messages.js'
import { Patient } from './patient.js'
import type { PeerApi } from './peer-api.js'
import { Pending } from './pending.js'
import type { CallOptions } from './types.js'
import type { Writer } from './writer.js'

/** What the asking half needs of its session. */
export interface AskingParts {
  readonly peerApi: PeerApi
  readonly writer: Writer
  readonly life: Life
}

/** Owned by one session. */
export class Asking {
  readonly #connection: Connection
  readonly #parts: AskingParts
  readonly #pending: Pending
  #hello: Hello | null | undefined

  constructor(connection: Connection, clock: Clock, parts: AskingParts) {
    this.#connection = connection
    this.#parts = parts
    this.#pending = new Pending(clock)
  }

  /** The peer's hello; undefined before its `methods` row was read, null of a classic peer. */
  get hello(): Hello | null | undefined {
    return this.#hello
  }

  set hello(hello: Hello | null) {
    this.#hello = hello
    this.#pending.service = hello?.identity?.name ?? null
  }

  /** Calls without an answer. */
  get size(): number {
    return this.#pending.size
  }

  /** Calls a method by dotted path, or a builtin by its `$name`. Never rejects, never hangs. */
  call(method: string, args: readonly unknown[], options: CallOptions): Promise<Outcome> {
    const target = this.#parts.peerApi.target(method)
    const problem = this.#problemWith(method, target, options.timeout)
    if (problem) return Promise.resolve({ ok: false, error: problem })
    try {
      return this.#send({ method, target: target as string | number, args, options })
    } catch (error) {
      return Promise.resolve({ ok: false, error: toError(error) })
    }
  }

  /** The answer is there; false when nobody waits for it, any more or at all. */
  settle(id: number, outcome: Outcome): boolean {
    return this.#pending.settle(id, outcome)
  }

  /** The session ended: calls that were handed to the connection may have run. */
  end(end: failures.End): void {
    const written = this.#parts.writer.turn
    withoutStacks(() =>
      this.#pending.failAll((method, turn) => failures.gone(end, method, turn < written ? 'maybe' : 'no')),
    )
  }

  #send(call: {
    method: string
    target: string | number
    args: readonly unknown[]
    options: CallOptions
  }): Promise<Outcome> {
    const { writer } = this.#parts
    const { method, target, args, options } = call
    const { timeout: ms, cancellation } = options
    const id = this.#pending.nextId()
    const patience = cancellation ? new Patient(cancellation, () => writer.cancel(id)) : null
    const { service } = this.#pending
    if (patience?.isOver) return Promise.resolve(patience.outcome({ service, method }, 'no'))
    // read before the call is queued: a large one is written at once, and has gone with this turn then
    const { turn } = writer
    try {
      writer.call({ method: target, id, args, options })
    } catch (error) {
      patience?.[Symbol.dispose]()
      throw error
    }
    const outcome = this.#pending.add(id, { method, ms, turn })
    if (patience) {
      patience.begin((ended) => this.settle(id, ended), { service, method })
      this.#pending.watch(id, patience)
    }
    return outcome
  }

  #problemWith(method: string, target: string | number | null, ms: number): DServiceError | null {
    const end = this.#parts.life.goneAs
    if (end) return failures.gone(end, method, 'no')
    if (!this.hello) return failures.notDialect(this.#connection.peer.address, this.hello === undefined)
    if (target === null) return failures.missingMethod(method, this.#parts.peerApi.names)
    const { pending } = this.hello.limits
    if (this.size >= pending) return failures.tooManyPending(pending)
    return ms > 0 ? null : failures.pastDeadline(method)
  }
}
