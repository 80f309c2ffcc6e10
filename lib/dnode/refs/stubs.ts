/** Functions of a dialect peer in our hand: a table of the session that holds them weakly, and how they are called. */
import type { Clock } from '../../base/clock.js'
import { reasonOf, refGone, toError, type DServiceError } from '../../base/errors.js'
import { DEFAULTS, LIMITS } from '../../base/options.js'
import { runningCall, type RunningCall } from '../context.js'
import { cancelledCall, pastDeadline, tooManyPending, tooManyReferences, type End } from '../failures.js'
import type { Explain, Pending } from '../pending.js'
import type { Gatherer } from './gather.js'
import { Reply, type ReplyOwner, type Unasked } from './reply.js'
import { Ref, refOf, type RefOwner, type Stub } from './stub.js'
import { Unheard } from './unheard.js'

/** A deadline that is inherited is told only where it is by so much nearer than what our hello says anyway. */
const WORTH_TELLING = 0.9

/** A call of a function of the peer, ready to be written. */
export interface StubCall {
  readonly ref: number
  readonly id: number
  readonly args: readonly unknown[]
  /** Milliseconds for the peer: DEFAULTS.timeout, which need not be said, or less. */
  readonly timeout: number
  readonly traceparent: string | null
}

/** What stubs need of their session. */
export interface StubPort {
  readonly clock: Clock
  /** Shared with the calls of methods: one row of ids. */
  readonly pending: Pending
  /** How the session ended, or is ending; null while it goes on. */
  readonly goneAs: End | null
  /** The outbox's turn. */
  readonly turn: number
  /** Queues `["call", id, ref, ...args]`. Errors: DS_UNSENDABLE, DS_LIMIT. */
  call(call: StubCall): void
  /** Queues `["cancel", id]`. */
  cancel(id: number): void
  /** What cannot be sent to a function in last place of a one-way call: told to it in short, lest its caller waits for ever. */
  unsent?(ref: number, error: Error): void
  /** A call failed, and nobody asked for its answer; `more` further ones of the turn are left out. */
  failed(error: Error, more: number): void
  /** Somebody waits for an answer, and does so no longer: keeps the process alive. */
  hold(): void
  letGo(): void
}

/** Owned by one session. The same number is the same function, while somebody holds it. */
export class Stubs implements RefOwner, ReplyOwner {
  readonly #most: number
  readonly #releases: Gatherer
  readonly #unheard: Unheard
  readonly #byId = new Map<number, Ref>()
  /** null once the session has ended: programs may hold stubs for longer. */
  #port: StubPort | null
  #end: End | null = null
  /** Replies that somebody waits for. */
  #held = 0

  /** `releases`: gathers `["release", id, count, …]`. `most`: for tests. */
  constructor(port: StubPort, releases: Gatherer, most: number = LIMITS.references) {
    this.#port = port
    this.#releases = releases
    this.#most = most
    this.#unheard = new Unheard((error, more) => port.failed(error, more))
  }

  get size(): number {
    return this.#byId.size
  }

  /** The function with this number, which has come once more. Errors: DS_LIMIT. */
  take(id: number): Stub {
    const known = this.#byId.get(id)
    const stub = known?.stub
    if (known && stub) {
      known.count++
      return stub
    }
    if (!known && this.#byId.size >= this.#most) throw tooManyReferences(this.#most)
    // one that was collected is released by itself, with its own count
    const ref = new Ref(this, id)
    if (this.#port) this.#byId.set(id, ref)
    return ref.make()
  }

  /** The number of a function that this peer sent and still holds for us; undefined of any other. */
  idOf(run: object): number | undefined {
    const ref = refOf(run)
    return ref?.owner === this && ref.count > 0 && this.#port ? ref.id : undefined
  }

  /** Sends a call; whatever goes wrong is in the reply. */
  call(ref: Ref, args: unknown[]): Reply {
    ref.calls++
    const port = this.#port
    const end = port ? port.goneAs : this.#end
    if (!port || end || ref.count === 0) return this.#never(ref, end ? outlived(end) : released)
    if (port.pending.size >= LIMITS.references)
      return this.#never(ref, () => tooManyPending(LIMITS.references))
    const within = inherited()
    if (within?.over) return this.#never(ref, cancelledBefore(within.over))
    const ms = timeLeft(within)
    return ms > 0 ? this.#send(port, { ref, args, within, ms }) : this.#never(ref, pastDeadline)
  }

  dispose(ref: Ref): void {
    this.collected(ref)
  }

  collected(ref: Ref): void {
    if (ref.count === 0 || !this.#port) return
    if (this.#byId.get(ref.id) === ref) this.#byId.delete(ref.id)
    this.#releases.addPair(ref.id, ref.count)
    ref.count = 0
  }

  cancel(id: number, reason: Error): void {
    const port = this.#port
    // where the session is ending, its calls end with it
    if (!port || port.goneAs) return
    if (port.pending.end(id, (method) => cancelledCall({ service: null, method }, reason, 'maybe')))
      port.cancel(id)
  }

  unheard(reply: Unasked): void {
    this.#unheard.add(reply)
  }

  hold(): void {
    this.#held++
    this.#port?.hold()
  }

  letGo(): void {
    this.#held--
    this.#port?.letGo()
  }

  /** The session ended: to be called before its pending calls fail, which nobody is told of. Nothing is released any more. */
  end(end: End): void {
    const port = this.#port
    this.#unheard.end()
    this.#end = end
    this.#port = null
    this.#byId.clear()
    for (let held = this.#held; held > 0; held--) port?.letGo()
  }

  #send(port: StubPort, call: { ref: Ref; args: unknown[]; within: RunningCall | null; ms: number }): Reply {
    const { ref, args, within, ms } = call
    const { pending, clock } = port
    const id = pending.nextId()
    const isUsual = ms <= DEFAULTS.timeout && ms > DEFAULTS.timeout * WORTH_TELLING
    try {
      const timeout = isUsual ? DEFAULTS.timeout : ms
      port.call({ ref: ref.id, id, args, timeout, traceparent: within ? within.traceparent : null })
    } catch (error) {
      const reply = this.#unsent(ref)
      reply.settle({ ok: false, error: toError(error) })
      if (ref.isLast) port.unsent?.(ref.id, toError(error))
      return reply
    }
    const reply = new Reply(this, {
      id,
      ref: ref.id,
      ms,
      deadline: clock.monotonic() + ms,
      turn: port.turn,
      within,
    })
    pending.wait(reply)
    return reply
  }

  #never(ref: Ref, explain: Explain): Reply {
    const reply = this.#unsent(ref)
    reply.end(explain)
    return reply
  }

  #unsent(ref: Ref): Reply {
    return new Reply(this, { id: -1, ref: ref.id, ms: 0, deadline: Infinity, turn: 0, within: null })
  }
}

/** The call that is being answered here, for calls to inherit from; null where there is none, or its method has answered. */
function inherited(): RunningCall | null {
  const call = runningCall()
  return call && !call.isAnswered ? call : null
}

/** A caller who waits for ever, or said nothing of it, does not make calls of functions last for ever. */
function timeLeft(within: RunningCall | null): number {
  const ms = within ? within.remaining : Infinity
  return ms === Infinity ? DEFAULTS.timeout : ms
}

function outlived({ address, byUs, reason }: End): Explain {
  const why = byUs ? 'was closed' : 'has ended'
  return (method) =>
    refGone({
      summary: `${method} is gone: the session to ${address} ${why}${reason ? `: ${reasonOf(reason)}` : ''}`,
      hint: 'a function of a peer lives as long as its session; ask for it again on a new one',
      cause: reason ?? undefined,
    })
}

function released(method: string): DServiceError {
  return refGone({ summary: `${method} was released`, hint: 'call a function before it is disposed of' })
}

function cancelledBefore(reason: Error): Explain {
  return (method) => cancelledCall({ service: null, method }, reason, 'no')
}
