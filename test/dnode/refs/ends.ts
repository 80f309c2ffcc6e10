/** Two ends of a session that know functions and signals only: messages lie in a queue until a test delivers them. */
import { toError, noMethod, type DServiceError } from '../../../lib/base/errors.js'
import { VirtualClock } from '../../../lib/base/virtual-clock.js'
import { RunningCall, runIn, type Callee } from '../../../lib/dnode/context.js'
import { gone, type End as Ending } from '../../../lib/dnode/failures.js'
import type { OutCall } from '../../../lib/dnode/messages.js'
import { Pending } from '../../../lib/dnode/pending.js'
import { Exports } from '../../../lib/dnode/refs/exports.js'
import { Gatherer } from '../../../lib/dnode/refs/gather.js'
import { Sending } from '../../../lib/dnode/refs/sending.js'
import { Signals } from '../../../lib/dnode/refs/signals.js'
import type { Stub } from '../../../lib/dnode/refs/stub.js'
import { Stubs, type StubPort } from '../../../lib/dnode/refs/stubs.js'
import { RunningCalls } from '../../../lib/dnode/running.js'

export type Message = readonly unknown[]
type AnyFunction = (...args: unknown[]) => unknown

/** What stands for what is no data. */
class Tag {
  readonly kind: string
  readonly id: number
  constructor(kind: string, id: number) {
    this.kind = kind
    this.id = id
  }
}

/** One side. What it says lies in `said`; `heard` gets the values that were sent by `tell`. */
export class End implements StubPort {
  readonly clock: VirtualClock
  readonly pending: Pending
  readonly exports: Exports
  readonly stubs: Stubs
  readonly signals: Signals
  readonly sending: Sending
  readonly done: Gatherer
  readonly releases: Gatherer
  readonly running: RunningCalls = new RunningCalls()
  said: Message[] = []
  readonly heard: unknown[][] = []
  readonly failures: Error[] = []
  /** What the calls of stubs said beside their arguments. */
  readonly calls: OutCall[] = []
  left = 0
  held = 0
  goneAs: Ending | null = null
  turn = 0
  readonly #callee: Callee

  constructor(clock: VirtualClock, most?: number) {
    this.clock = clock
    this.pending = new Pending(clock)
    this.exports = new Exports(most === undefined ? {} : { most })
    this.releases = new Gatherer((list) => this.say('release', ...list))
    this.done = new Gatherer((ids) => this.say('done', ...ids))
    this.stubs = new Stubs(this, this.releases, most)
    this.signals = new Signals(clock, this.releases, most)
    this.sending = new Sending(this.exports, {
      idOf: (run) => this.stubs.idOf(run),
      withdraw: () => undefined,
    })
    this.exports.tellAbort = (id, reason) => this.say('abort', id, reason)
    this.#callee = {
      clock,
      caller: null,
      timeout: 30_000,
      nameOf: String,
      fault: () => undefined,
      get came() {
        return clock.monotonic()
      },
    }
  }

  call(call: OutCall, args: readonly unknown[]): void {
    this.calls.push(call)
    this.tell('call', call.id, call.target, ...args)
  }

  cancel(id: number): void {
    this.say('cancel', id)
  }

  unsent(ref: number, error: Error): void {
    this.say('unsent', ref, error.message)
  }

  failed(error: Error, more: number): void {
    this.failures.push(error)
    this.left += more
  }

  hold(): void {
    this.held++
  }

  letGo(): void {
    this.held--
  }

  say(...message: unknown[]): void {
    if (!this.goneAs) this.said.push(message)
  }

  /** A message with values; 1n among them cannot be sent. */
  tell(kind: string, ...values: unknown[]): void {
    this.sending.begin()
    try {
      const message = values.map((value) => this.#write(value))
      this.sending.done(null)
      this.say(kind, ...message)
    } catch (error) {
      this.sending.undo()
      throw error
    }
  }

  #write(value: unknown): unknown {
    if (value === 1n) throw new Error('a bigint')
    if (typeof value === 'function') return new Tag(...this.sending.function(value as AnyFunction))
    return value instanceof AbortSignal ? new Tag('signal', this.sending.signal(value)) : value
  }

  read(value: unknown): unknown {
    if (!(value instanceof Tag)) return value
    if (value.kind === 'function') return this.stubs.take(value.id)
    return value.kind === 'yours' ? this.exports.own(value.id) : this.signals.take(value.id)
  }

  handle([kind, first, ...rest]: Message): void {
    const id = first as number
    switch (kind) {
      case 'tell':
        return void this.heard.push([first, ...rest].map((value) => this.read(value)))
      case 'call':
        return this.#run(id, rest[0] as number, rest.slice(1))
      case 'done':
        for (const it of [id, ...(rest as number[])]) this.pending.settle(it, { ok: true, value: undefined })
        return
      case 'answer':
        return void this.pending.settle(id, { ok: true, value: this.read(rest[0]) })
      case 'error':
        return void this.pending.settle(id, { ok: false, error: rest[0] as Error })
      case 'release':
        return this.#release([id, ...(rest as number[])])
      case 'abort':
        return this.signals.abort(id, rest[0])
      case 'cancel':
        return this.running.cancel(id)
    }
  }

  #release(list: readonly number[]): void {
    for (let i = 0; i < list.length; i += 2) this.exports.release(list[i] as number, list[i + 1] as number)
  }

  #run(id: number, ref: number, values: unknown[]): void {
    const args = values.map((value) => this.read(value))
    const exported = this.exports.forCall(ref)
    if (!exported) return this.say('error', id, noMethod({ summary: `no function ${ref}` }))
    const running = new RunningCall(this.#callee, ref, { id })
    this.running.add(id, running)
    const answer = (say: () => void): void => (this.running.done(id, running), say())
    const succeed = (value: unknown): void =>
      answer(() => (value === undefined ? this.done.add(id) : this.tell('answer', id, value)))
    const fail = (error: unknown): void => answer(() => this.say('error', id, toError(error)))
    try {
      const result = runIn(running, { run: exported.run, self: null }, args)
      if (result instanceof Promise) void result.then(succeed, fail)
      else succeed(result)
    } catch (error) {
      fail(error)
    }
  }

  /** The session ends, as far as this side sees it. */
  end(byUs = false): void {
    const end = { address: 'the peer', byUs, reason: null }
    this.goneAs = end
    this.running.endAll('the connection ended')
    this.stubs.end(end)
    this.signals.end(end)
    this.pending.failAll((method, turn) => gone(end, method, turn < this.turn ? 'maybe' : 'no'))
    this.exports.clear()
  }
}

export interface Ends {
  readonly clock: VirtualClock
  readonly a: End
  readonly b: End
  /** Delivers what was said, and what is said to it, until nothing is. */
  deliver(): Promise<void>
  /** What `a` says by `tell` as `b` hears it. */
  sent(...values: unknown[]): Promise<unknown[]>
  /** The stub of one function of a in the hand of b. */
  stub(run: AnyFunction): Promise<Stub>
}

/** `most`: the cap of a; that of b is as usual. */
export function ends(most?: number): Ends {
  const clock = new VirtualClock()
  const a = new End(clock, most)
  const b = new End(clock)
  const pass = (from: End, to: End): void => {
    const said = from.said
    from.said = []
    from.turn++
    for (const message of said) to.handle(message)
  }
  const deliver = async (): Promise<void> => {
    do {
      await clock.settle()
      pass(a, b)
      pass(b, a)
      await clock.settle()
    } while (a.said.length + b.said.length > 0)
  }
  const sent = async (...values: unknown[]): Promise<unknown[]> => {
    a.tell('tell', ...values)
    await deliver()
    return b.heard.pop() as unknown[]
  }
  return { clock, a, b, deliver, sent, stub: async (run) => (await sent(run))[0] as Stub }
}

/** How a promise ended, in few words. */
export async function ended(reply: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await reply
  } catch (error) {
    const { code, ran } = error as DServiceError
    return [code ?? (error as Error).message, ran]
  }
}
