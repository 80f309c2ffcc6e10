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
import { Pending, type Waiting } from './pending.js'
import type { CallOptions } from './types.js'
import type { Writer } from './writer.js'

/** What the asking half needs of its session. */
export interface AskingParts {
  readonly peerApi: PeerApi
  readonly writer: Writer
  readonly life: Life
}

/** A step of a pipelined call: a method, or a function of what the one before returned, by dotted path. */
export interface PipeStep {
  readonly path: string
  readonly args: readonly unknown[]
}

/** Owned by one session. */
export class Asking {
  readonly #connection: Connection
  readonly #parts: AskingParts
  /** Shared with the calls of functions of the peer. */
  readonly pending: Pending
  #hello: Hello | null | undefined

  constructor(connection: Connection, clock: Clock, parts: AskingParts) {
    this.#connection = connection
    this.#parts = parts
    this.pending = new Pending(clock)
  }

  /** The peer's hello; undefined before its `methods` row was read, null of a classic peer. */
  get hello(): Hello | null | undefined {
    return this.#hello
  }

  set hello(hello: Hello | null) {
    this.#hello = hello
    this.pending.service = hello?.identity?.name ?? null
  }

  /** Calls without an answer. */
  get size(): number {
    return this.pending.size
  }

  /** Calls a method by dotted path, or a builtin by its `$name`. Never rejects, never hangs. */
  call(method: string, args: readonly unknown[], options: CallOptions): Promise<Outcome> {
    const target = this.#parts.peerApi.target(method)
    const problem = this.#problemWith(method, target, options.timeout)
    if (problem) return Promise.resolve({ ok: false, error: problem })
    const { timeout, traceparent } = options
    try {
      return this.#waitFor(method, options, (id) =>
        this.#parts.writer.call({ id, target: target as string | number, timeout, traceparent }, args),
      )
    } catch (error) {
      return Promise.resolve({ ok: false, error: toError(error) })
    }
  }

  /** The same for a chain: a method, and functions of what each step returned. */
  pipe(steps: readonly PipeStep[], options: CallOptions): Promise<Outcome> {
    const [{ path: method }, ...rest] = steps as [PipeStep, ...PipeStep[]]
    const target = this.#parts.peerApi.target(method)
    const problem = this.#problemWith(method, target, options.timeout)
    if (problem) return Promise.resolve({ ok: false, error: problem })
    const paths = rest.map(({ path }) => path)
    const args = steps.map((step) => [...step.args])
    const { timeout, traceparent } = options
    try {
      return this.#waitFor(method, options, (id) =>
        this.#parts.writer.pipe({ id, target: target as string | number, timeout, traceparent }, paths, args),
      )
    } catch (error) {
      return Promise.resolve({ ok: false, error: toError(error) })
    }
  }

  /** The answer is there; answers whose it was, undefined when nobody waits for it, any more or at all. */
  settle(id: number, outcome: Outcome): Waiting | undefined {
    return this.pending.settle(id, outcome)
  }

  /** The session ended: calls that were handed to the connection may have run. */
  end(end: failures.End): void {
    const written = this.#parts.writer.turn
    withoutStacks(() =>
      this.pending.failAll((method, turn) => failures.gone(end, method, turn < written ? 'maybe' : 'no')),
    )
  }

  #waitFor(method: string, options: CallOptions, write: (id: number) => void): Promise<Outcome> {
    const { writer } = this.#parts
    const { timeout: ms, cancellation } = options
    const id = this.pending.nextId()
    const patience = cancellation ? new Patient(cancellation, () => writer.cancel(id)) : null
    const { service } = this.pending
    if (patience?.isOver) return Promise.resolve(patience.outcome({ service, method }, 'no'))
    // read before the call is queued: a large one is written at once, and has gone with this turn then
    const { turn } = writer
    try {
      write(id)
    } catch (error) {
      patience?.[Symbol.dispose]()
      throw error
    }
    const outcome = this.pending.add(id, { method, ms, turn })
    if (patience) {
      patience.begin((ended) => this.settle(id, ended), { service, method })
      this.pending.watch(id, patience)
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
