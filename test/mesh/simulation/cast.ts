/** The services of a run, which are made anew when their node crashes, and its clients. */
import { method, type DService, type Remote } from '../../../lib/index.js'
import { refused } from '../../../lib/base/errors.js'
import type { Clock, World } from '../../../lib/testing/index.js'
import type { Ledger } from './ledger.js'
import type { Plan, RelyPlan, ServicePlan } from './plan.js'

/** What every service of a run can do. */
export interface Api {
  run(id: string, ms: number): Promise<string>
  again(id: string, ms: number): Promise<string>
  fail(id: string): Promise<never>
  back(id: string, callback: (error: null, id: string) => void): void
  through(id: string, ms: number): Promise<string>
  stream(id: string, ms: number): AsyncIterable<number>
  feed(id: string, count: number, take: (n: number) => unknown): Promise<string>
}

export type Handle = Remote<Api>

interface Use {
  readonly rely: RelyPlan
  readonly handle: Handle
}

/** One life of a service's process. */
export interface Member {
  readonly plan: ServicePlan
  readonly service: DService
  /** What it relies on, as it was planned and since, and the handles. */
  readonly uses: Use[]
  /** As `on('state')` told. */
  readonly states: string[]
  /** The ids of its starts, and whether that one was stopped. */
  readonly lives: Map<string, boolean>
  starts: { settled: boolean; error: unknown }[]
  isDead: boolean
}

/** Who runs what is called. */
interface Self {
  readonly node: string
  readonly uses: readonly Use[]
  readonly id: () => string
}

/** Items of a stream. */
export const ITEMS = 5

/** Owned by one run. */
export class Cast {
  readonly members: Member[] = []
  readonly clients: Map<string, DService> = new Map()
  readonly deaths: { readonly node: string; readonly at: number }[] = []
  /** The hooks refuse no more. */
  isCalm = false
  readonly #world: World
  readonly #plan: Plan
  readonly #ledger: Ledger
  readonly #trace: (line: string) => void

  constructor(parts: { world: World; plan: Plan; ledger: Ledger; trace: (line: string) => void }) {
    this.#world = parts.world
    this.#plan = parts.plan
    this.#ledger = parts.ledger
    this.#trace = parts.trace
  }

  /** All that a node has, anew. */
  restart(node: string): void {
    for (const plan of this.#plan.services) if (plan.node === node) this.#begin(plan)
    if (this.#plan.clients.includes(node)) this.clients.set(node, this.#world.client({ node }))
  }

  crash(node: string, how: 'reset' | 'silent'): void {
    this.#world.crash(node, how)
    this.deaths.push({ node, at: this.#world.clock.monotonic() })
    for (const member of this.on(node)) member.isDead = true
    this.clients.delete(node)
  }

  /** Those that have not crashed. */
  on(node?: string): Member[] {
    return this.members.filter(({ plan, isDead }) => !isDead && (node === undefined || plan.node === node))
  }

  start(member: Member): void {
    const entry = { settled: false, error: null as unknown }
    member.starts.push(entry)
    member.service.start().then(
      () => {
        entry.settled = true
      },
      (error: unknown) => {
        entry.settled = true
        entry.error = error
        this.#trace(`${member.plan.node} ${member.plan.name} did not start: ${String(error)}`)
      },
    )
  }

  /** A service finds that it needs another. */
  relyLate(node: string, name: string, rely: RelyPlan): void {
    for (const member of this.on(node)) if (member.plan.name === name) this.#rely(member, rely)
  }

  #rely({ service, uses }: Member, rely: RelyPlan): void {
    const { name, range, optional, lazy } = rely
    uses.push({ rely, handle: service.rely<Api>(name, range, { optional, lazy }) })
  }

  #begin(plan: ServicePlan): void {
    const { node, name, version, busy } = plan
    const serve = (_call: unknown, next: () => unknown): unknown => {
      if (!this.isCalm && this.#world.clock.random() < busy) throw refused({ summary: 'busy', ran: 'no' })
      return next()
    }
    const uses: Use[] = []
    const api = this.#api({ node, uses, id: () => service.id })
    const service: DService = this.#world.service(`${name}@${version}`, api, {
      node,
      hooks: busy > 0 ? [{ serve }] : [],
    })
    const member: Member = { plan, service, uses, states: [], lives: new Map(), starts: [], isDead: false }
    for (const rely of plan.relies) this.#rely(member, rely)
    service.on('state', (state) => {
      member.states.push(state)
      // until it listens its id is that of the start before
      if (state !== 'starting') member.lives.set(service.id, state === 'draining' || state === 'stopped')
      this.#trace(`${node} ${name} is ${state}`)
    })
    this.members.push(member)
    this.start(member)
  }

  #api(self: Self): object {
    const { node, uses } = self
    const ledger = this.#ledger
    const clock: Clock = this.#world.clockOf(node)
    const enter = (id: string): void => ledger.enter(id, node, self.id())
    const run = async (id: string, ms: number): Promise<string> => {
      enter(id)
      if (ms > 0) await clock.sleep(ms)
      return id
    }
    const fail = async (id: string): Promise<never> => {
      enter(id)
      throw new Error(`failed ${id}`)
    }
    const back = (id: string, callback: (error: null, id: string) => void): void => {
      enter(id)
      callback(null, id)
    }
    const through = async (id: string, ms: number): Promise<string> => {
      enter(id)
      const next = uses[0]
      if (!next) return id
      // where the call itself may run twice, each of its runs makes another
      const inner = `${id}/${ledger.next()}`
      const what = `${next.rely.name} ${next.rely.range} run`
      const latest = clock.monotonic() + 30_000
      const made = ledger.make(
        { by: node, what, latest, isIdempotent: false, expects: inner, isPlain: false },
        inner,
      )
      const call = next.handle.run(inner, ms)
      ledger.settle(made, call)
      await call
      return id
    }
    return {
      run,
      again: method(run, { idempotent: true }),
      fail,
      back,
      through,
      ...this.#flowing(enter, clock),
    }
  }

  #flowing(enter: (id: string) => void, clock: Clock): object {
    const ledger = this.#ledger
    async function* stream(id: string, ms: number): AsyncIterable<number> {
      enter(id)
      ledger.open++
      try {
        for (let i = 0; i < ITEMS; i++) {
          if (ms > 0) await clock.sleep(ms)
          yield i
        }
      } finally {
        ledger.open--
      }
    }
    const feed = async (id: string, count: number, take: (n: number) => unknown): Promise<string> => {
      enter(id)
      for (let i = 0; i < count; i++) await take(i)
      return id
    }
    return { stream, feed }
  }
}
