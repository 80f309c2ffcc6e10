/** Functions of a dialect peer in our hand: a table of the session that holds them weakly, and how they are called. */
import type { Clock } from '../../base/clock.js'
import { reasonOf, refGone, toError, type DServiceError } from '../../base/errors.js'
import { DEFAULTS, LIMITS } from '../../base/options.js'
import { runningCall, type RunningCall } from '../context.js'
import { cancelledCall, pastDeadline, tooManyPending, tooManyReferences, type End } from '../failures.js'
import { keyOf } from '../keys.js'
import type { OutCall } from '../messages.js'
import type { Explain, Pending } from '../pending.js'
import type { Gatherer } from './gather.js'
import { Reply, type ReplyOwner, type Sent, type Unasked } from './reply.js'
import { Ref, refOf, type RefOwner, type Stub } from './stub.js'
import { Unheard } from './unheard.js'

/** What stubs need of their session. */
export interface StubPort {
  readonly clock: Clock
  /** Shared with the calls of methods: one row of ids. */
  readonly pending: Pending
  /** How the session ended, or is ending; null while it goes on. */
  readonly goneAs: End | null
  /** The outbox's turn. */
  readonly turn: number
  /** Queues `["call", id, target, ...args]`. Errors: DS_UNSENDABLE, DS_LIMIT. */
  call(call: OutCall, args: readonly unknown[]): void
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

/** Of a call that is not even tried. */
const NEVER: Sent = { id: -1, ms: 0, within: null }

/** Owned by one session. The same number is the same function, while somebody holds it. */
export class Stubs implements RefOwner, ReplyOwner {
  readonly clock: Clock
  readonly #most: number
  readonly #releases: Gatherer
  readonly #unheard: Unheard
  /** By `keyOf` their numbers. */
  readonly #byId = new Map<number, Ref>()
  /** null once the session has ended: programs may hold stubs for longer. */
  #port: StubPort | null
  #end: End | null = null
  /** Replies that somebody waits for. */
  #held = 0

  /** `releases`: gathers `["release", id, count, …]`. `most`: for tests. */
  constructor(port: StubPort, releases: Gatherer, most: number = LIMITS.references) {
    this.clock = port.clock
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
    const known = this.#byId.get(keyOf(id))
    const stub = known?.stub
    if (known && stub) {
      known.count++
      return stub
    }
    if (!known && this.#byId.size >= this.#most) throw tooManyReferences(this.#most)
    // one that was collected is released by itself, with its own count
    const ref = new Ref(this, id)
    if (this.#port) this.#byId.set(keyOf(id), ref)
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
    if (ms <= 0) return this.#never(ref, pastDeadline)
    const reply = new Reply(this, ref.id, { id: port.pending.nextId(), ms, within })
    try {
      this.#send(port, reply, args)
    } catch (error) {
      reply.settle({ ok: false, error: toError(error) })
      if (ref.isLast) port.unsent?.(ref.id, toError(error))
    }
    return reply
  }

  dispose(ref: Ref): void {
    this.collected(ref)
  }

  collected(ref: Ref): void {
    if (ref.count === 0 || !this.#port) return
    const key = keyOf(ref.id)
    if (this.#byId.get(key) === ref) this.#byId.delete(key)
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

  #send(port: StubPort, reply: Reply, args: readonly unknown[]): void {
    // read before it is queued: a large one is written at once, and has gone with this turn then
    const { turn } = port
    port.call(reply, args)
    reply.turn = turn
    reply.deadline = port.clock.monotonic() + reply.ms
    port.pending.wait(reply)
  }

  #never(ref: Ref, explain: Explain): Reply {
    const reply = new Reply(this, ref.id, NEVER)
    reply.end(explain)
    return reply
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
