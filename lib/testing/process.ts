/** One process of a simulated node: its clock, its sockets and its engine, which stop with it. */
import { sleepOn, type Clock } from '../base/clock.js'
import { toError } from '../base/errors.js'
import { KeepAlive } from '../base/keepalive.js'
import type { Discovery } from '../mesh/discovery.js'
import { LazyDiscovery } from '../mesh/lazy-discovery.js'
import type { Connection, Transport } from '../wire/connection.js'

/** What a process stands on. */
export interface Ground {
  readonly node: string
  readonly clock: Clock
  readonly transport: Transport
  /** The node's view of a mesh, for a process of it. */
  engine(mesh: string, process: Process): Discovery
}

/**
 * Owned by the world. All that reaches the process from outside goes through `run`.
 *
 *   running <-> frozen    what would have happened meanwhile happens at once when it is thawed
 *      |           |
 *      +-----------+--> dead: nothing happens any more
 */
export class Process {
  readonly node: string
  readonly clock: Clock
  readonly transport: Transport
  readonly keepAlive: KeepAlive = new KeepAlive(false)
  readonly #ground: Ground
  readonly #timers = new Set<Disposable>()
  /** What the garbage collector would tell of at some time of this run, and at another one of the next. */
  readonly #kept: object[] = []
  /** How to abandon what is being dialled. */
  readonly #dials = new Set<() => void>()
  #isDead = false
  /** What is to happen when it is thawed; null while it runs. */
  #held: (() => void)[] | null = null

  constructor(ground: Ground) {
    this.node = ground.node
    this.#ground = ground
    this.clock = this.#makeClock(ground.clock)
    this.transport = this.#makeTransport(ground.transport)
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** An engine for one dservice, made at its first use. */
  discovery(mesh: string): Discovery {
    return new LazyDiscovery('memory:', () => {
      if (this.isDead) return never()
      const engine = this.#ground.engine(mesh, this)
      return Promise.resolve({ engine, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() })
    })
  }

  /** Does it now, or when the process is thawed, or never. */
  run(task: () => void): void {
    if (this.isDead) return
    if (this.#held) this.#held.push(task)
    else task()
  }

  freeze(): void {
    this.#held ??= []
  }

  thaw(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const task of held) this.run(task)
  }

  /** Ends as a process that is killed: nothing in it hears of that. */
  kill(): void {
    this.#isDead = true
    this.#held = null
    for (const abandon of [...this.#dials]) abandon()
    for (const timer of this.#timers) timer[Symbol.dispose]()
    this.#timers.clear()
  }

  #makeClock(clock: Clock): Clock {
    const after = (ms: number, run: () => void): Disposable => this.#after(ms, run)
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      random: () => clock.random(),
      after,
      sleep: (ms, signal) => sleepOn(after, ms, signal),
      whenCollected: (thing) => void this.#kept.push(thing),
    }
  }

  #after(ms: number, run: () => void): Disposable {
    if (this.isDead) return { [Symbol.dispose]: () => undefined }
    let isOff = false
    const timer = this.#ground.clock.after(ms, () => {
      this.#timers.delete(timer)
      this.run(() => (isOff ? undefined : run()))
    })
    this.#timers.add(timer)
    return {
      [Symbol.dispose]: () => {
        isOff = true
        this.#timers.delete(timer)
        timer[Symbol.dispose]()
      },
    }
  }

  #makeTransport(transport: Transport): Transport {
    return {
      listen: (at, accept) =>
        this.isDead ? never() : transport.listen(at, (connection) => this.run(() => accept(connection))),
      dial: (to, signal) =>
        this.isDead ? never() : this.#dial((until) => transport.dial(to, until), signal),
    }
  }

  /** What is under way when the process is killed is abandoned, and nobody is told. */
  #dial(
    dial: (until: AbortSignal) => Promise<Connection>,
    signal: AbortSignal | undefined,
  ): Promise<Connection> {
    const until = new AbortController()
    const end = (): void => until.abort(signal?.reason)
    if (signal?.aborted) end()
    signal?.addEventListener('abort', end, { once: true })
    this.#dials.add(end)
    const done = (): void => {
      this.#dials.delete(end)
      signal?.removeEventListener('abort', end)
    }
    return new Promise((resolve, reject) => {
      dial(until.signal)
        .finally(done)
        .then(
          (connection) => this.run(() => resolve(connection)),
          (error: unknown) => this.run(() => reject(toError(error))),
        )
    })
  }
}

/** What a dead process waits for. */
function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}
