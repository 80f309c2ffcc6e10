/** Runs a plan: things happen when the plan has them, then everything is made whole, and then it ends. */
import { getEventListeners } from 'node:events'
import { promisify } from 'node:util'
import { all, withOptions, type DService, type Logger, type MeshView } from '../../../lib/index.js'
import { simulate, type Leftovers, type World } from '../../../lib/testing/index.js'
import { Cast, ITEMS, type Api, type Handle, type Member } from './cast.js'
import { Ledger } from './ledger.js'
import type { CallPlan, Event, Plan, WatchPlan } from './plan.js'
import { Watchers, type Watcher } from './watchers.js'

/** Milliseconds after which, when all is whole again, the mesh has found itself: lost sightings, liveness, back-off. */
const CALM = 20_000

/** Milliseconds in which all calls have ended: the longest has 30 s. */
const REST = 31_000

/** Milliseconds without news after which a look is over: a dial and a hello take some four times the longest latency. */
const SETTLE = 2_000

/** Milliseconds by which a call may be late. */
const SLACK = 100

/** All that is known of a run at its end. */
export interface Played {
  readonly plan: Plan
  readonly trace: readonly string[]
  readonly ledger: Ledger
  readonly cast: Cast
  /** Of the calls that were made when all was whole. */
  readonly probes: readonly Probe[]
  /** The same, of calls of all. */
  readonly allProbes: readonly Probe[]
  readonly watchers: readonly Watcher[]
  /** What two of them see. */
  readonly views: readonly MeshView[]
  /** When each node was frozen: from, until. */
  readonly frozen: readonly { readonly node: string; readonly from: number; until: number }[]
  /** What must not happen was told: errors of the log. */
  readonly told: readonly string[]
  readonly states: ReadonlyMap<Member, Standing>
  /** Listeners that the signals of callers still have. */
  readonly listeners: number
  readonly left: Leftovers
}

/** What a service was when all was whole again. */
export interface Standing {
  readonly id: string
  readonly state: string
  readonly started: number | null
  readonly missing: number
  /** Its last `start()` had not settled. */
  readonly isStarting: boolean
}

/** A call by its client and the name that it was of, and its answer or error. */
interface Probe {
  readonly client: string
  readonly name: string
  readonly end: unknown
}

export function play(plan: Plan): Promise<Played> {
  return new Player(plan).play()
}

/** Owned by `play`. */
class Player {
  readonly #plan: Plan
  readonly #world: World
  readonly #ledger: Ledger
  readonly #cast: Cast
  readonly #watchers: Watchers
  readonly #trace: string[] = []
  readonly #told: string[] = []
  readonly #frozen: { node: string; from: number; until: number }[] = []
  readonly #signals: { readonly of: DService; readonly signal: AbortSignal }[] = []
  readonly #handles = new Map<string, Handle>()

  constructor(plan: Plan) {
    this.#plan = plan
    const trace = (line: string): void => void this.#trace.push(`${this.#now.toFixed(3)} ${line}`)
    this.#world = simulate({ seed: plan.seed, logger: this.#logger() })
    this.#ledger = new Ledger(this.#world.clock, trace)
    this.#watchers = new Watchers(trace)
    this.#cast = new Cast({ world: this.#world, plan, ledger: this.#ledger, trace })
  }

  get #now(): number {
    return this.#world.clock.monotonic()
  }

  async play(): Promise<Played> {
    const [world, plan, cast] = [this.#world, this.#plan, this.#cast]
    world.latency(plan.latency)
    world.sightings(plan.sightings)
    for (const node of new Set([...plan.services.map((each) => each.node), ...plan.clients]))
      cast.restart(node)
    for (const event of plan.events) {
      await world.run(Math.max(0, event.at - this.#now))
      this.#do(event)
    }
    this.#calmDown()
    await world.run(CALM)
    const states = this.#states()
    this.#watchers.note()
    const views = await this.#look()
    const probes = await this.#probe((handle, id) => handle.run(id, 0))
    const allProbes = await this.#probe((handle, id) => all(handle).run(id, 0))
    for (let rest = 0; rest < REST && this.#ledger.made.some(({ end }) => !end); rest += 1_000)
      await world.run(1_000)
    return {
      plan,
      ledger: this.#ledger,
      cast,
      probes,
      allProbes,
      watchers: this.#watchers.all,
      views,
      states,
      frozen: this.#frozen,
      told: this.#told,
      left: await world.stop(),
      listeners: this.#listening(),
      // chance comes last: one draw more or less in all of the run is another trace
      trace: [...this.#trace, `chance ${world.clock.random()}`],
    }
  }

  // --- what happens

  #do(event: Event): void {
    if (event.do !== 'call') this.#trace.push(`${this.#now.toFixed(3)} ${JSON.stringify(event)}`)
    const world = this.#world
    switch (event.do) {
      case 'call':
        return this.#call(event)
      case 'watch':
        return this.#watch(event)
      case 'rely':
        return this.#cast.relyLate(event.node, event.of, event.rely)
      case 'cut':
      case 'silence':
      case 'heal':
        return world[event.do](event.a, event.b)
      case 'mute':
        return world.mute(event.from, event.to)
      case 'partition':
        return world.partition(event.groups, event.how)
      case 'healAll':
        return world.heal()
      case 'slow':
        return world.latency(event.span, { to: event.node })
      case 'sightings':
        return world.sightings(event.options)
      default:
        return this.#process(event.do, event.node, 'how' in event ? event.how : 'reset')
    }
  }

  #process(
    what: 'crash' | 'restart' | 'freeze' | 'thaw' | 'stop' | 'start',
    node: string,
    how: 'reset' | 'silent',
  ): void {
    const isThere = this.#cast.on(node).length > 0 || this.#cast.clients.has(node)
    if (what === 'restart') {
      if (!isThere) this.#cast.restart(node)
      return
    }
    if (!isThere) return
    if (what === 'crash') {
      this.#thaw(node)
      return this.#cast.crash(node, how)
    }
    if (what === 'freeze') {
      this.#world.freeze(node)
      this.#frozen.push({ node, from: this.#now, until: Infinity })
      return
    }
    if (what === 'thaw') return this.#thaw(node)
    for (const member of this.#cast.on(node)) {
      if (what === 'stop') void member.service.stop()
      else if (member.service.state === 'stopped') this.#cast.start(member)
    }
  }

  #thaw(node: string): void {
    for (const each of this.#frozen) if (each.node === node) each.until = Math.min(each.until, this.#now)
    this.#world.thaw(node)
  }

  #calmDown(): void {
    for (const { node } of this.#frozen) this.#thaw(node)
    for (const { node } of this.#plan.services) this.#world.latency(this.#plan.latency, { to: node })
    this.#world.sightings()
    this.#world.heal()
    this.#cast.isCalm = true
    this.#trace.push(`${this.#now.toFixed(3)} calm`)
  }

  // --- calls and monitors

  #watch(plan: WatchPlan): void {
    const client = this.#cast.clients.get(plan.client)
    if (!client) return
    const rest = (): Promise<void> => this.#world.clockOf(plan.client).sleep(plan.rests)
    this.#watchers.begin(plan, { at: this.#now, handle: this.#handle(client, plan), rest })
  }

  #call(call: CallPlan): void {
    const client = this.#cast.clients.get(call.client)
    if (!client) return
    const id = this.#ledger.next()
    const abort = call.cancel === null ? null : new AbortController()
    if (abort) this.#signals.push({ of: client, signal: abort.signal })
    const isLookUp = call.kind === 'lookUp' || call.kind === 'classic'
    const patience = call.cancel === null ? call.timeout : Math.min(call.timeout, call.cancel)
    const mostly = call.kind === 'stream' ? Infinity : call.kind === 'classic' ? 30_000 : patience
    const made = this.#ledger.make(
      {
        by: call.client,
        what: `${call.name} ${call.range} ${call.kind}`,
        latest: this.#now + mostly + SLACK,
        isIdempotent: call.idempotent ?? call.kind === 'again',
        expects: isLookUp ? undefined : call.kind === 'stream' ? ITEMS : id,
        isPlain: isLookUp,
        isOfAll: call.kind === 'all',
      },
      id,
    )
    this.#ledger.settle(made, this.#make(client, { call, id, signal: abort?.signal }))
    if (abort && call.cancel !== null)
      this.#world.clockOf(call.client).after(call.cancel, () => abort.abort())
  }

  async #make(
    client: DService,
    one: { call: CallPlan; id: string; signal: AbortSignal | undefined },
  ): Promise<unknown> {
    const { call, id, signal } = one
    const { name, range, timeout, takes } = call
    const options = {
      timeout,
      ...(signal ? { signal } : {}),
      ...(call.idempotent === null ? {} : { idempotent: call.idempotent }),
    }
    if (call.kind === 'lookUp') return void (await client.dnodeFor(name, range, options))
    if (call.kind === 'classic') return this.#classic(client, call)
    const handle = withOptions(this.#handle(client, call), options)
    switch (call.kind) {
      case 'run':
      case 'again':
      case 'through':
        return handle[call.kind](id, takes)
      case 'all':
        return all(handle).run(id, takes)
      case 'fail':
        return handle.fail(id)
      case 'back':
        return promisify(handle.back as unknown as (id: string) => Promise<unknown>)(id)
      case 'feed':
        return handle.feed(id, 3, (n: number) => n)
      case 'stream':
        return this.#stream(handle, id, takes)
    }
  }

  async #stream(handle: Handle, id: string, takes: number): Promise<number> {
    const items = (await handle.stream(id, takes)) as AsyncIterable<number>
    let count = 0
    for await (const item of items) {
      if (item !== count) throw new Error(`item ${item} came instead of ${count}`)
      count++
    }
    return count
  }

  /** dnode's way: a look-up, one call, and an end. */
  #classic(client: DService, { name, range }: CallPlan): Promise<void> {
    return new Promise((resolve, reject) => {
      client.dnodeFor<Api>(name, range, (error, remote, d) => {
        if (error) return reject(error)
        d.once('end', resolve)
        remote.back('classic', () => d.end())
        // it has no deadline of its own
        this.#world.clock.after(10_000, () => d.end())
      })
    })
  }

  #handle(
    client: DService,
    { client: of, name, range }: Pick<WatchPlan, 'client' | 'name' | 'range'>,
  ): Handle {
    const key = `${of} ${this.#generationOf(client)} ${name} ${range}`
    const known = this.#handles.get(key) ?? client.rely<Api>(name, range)
    this.#handles.set(key, known)
    return known
  }

  readonly #generations = new Map<DService, number>()

  #generationOf(client: DService): number {
    const known = this.#generations.get(client) ?? this.#generations.size
    this.#generations.set(client, known)
    return known
  }

  // --- the end

  #states(): Played['states'] {
    const running = this.#cast.on()
    return new Map(
      running.map((each) => {
        const { id, state, missing } = each.service
        const { started } = each.service.snapshot()
        const isStarting = each.starts.at(-1)?.settled === false
        return [each, { id, state, started, missing: missing.length, isStarting }]
      }),
    )
  }

  /** The mesh, as a newcomer sees it, and one that has seen it all. */
  async #look(): Promise<MeshView[]> {
    const old = [...this.#cast.clients.values()]
    const lookers = [this.#world.client({ node: 'newcomer' }), ...old.slice(0, 1)]
    const views: MeshView[] = []
    for (const looker of lookers) views.push(await this.#world.until(looker.inspect({ settle: SETTLE })))
    return views
  }

  /** Everybody calls everything. */
  async #probe(call: (handle: Handle, id: string) => Promise<unknown>): Promise<Played['probes']> {
    const names = [...new Set(this.#plan.services.map(({ name }) => name))]
    const probes = [...this.#cast.clients].flatMap(([of, client]) =>
      names.map(async (name) => {
        const handle = this.#handle(client, { client: of, name, range: '*' })
        const end = await call(handle, `probe ${of} ${name}`).catch((error: unknown) => error)
        return { client: of, name, end }
      }),
    )
    return this.#world.until(Promise.all(probes))
  }

  #listening(): number {
    const alive = new Set(this.#cast.clients.values())
    const signals = this.#signals.filter(({ of }) => alive.has(of))
    return signals.reduce((sum, { signal }) => sum + getEventListeners(signal, 'abort').length, 0)
  }

  #logger(): Logger {
    const none = (): void => undefined
    const error = (fields: object, message: string): void => {
      // the callback of a caller that has given up or is gone: its service is told, as it should be
      if (message === 'a one-way call failed') return
      this.#told.push(`${message} ${JSON.stringify(fields)}`)
    }
    return { debug: none, info: none, warn: none, error }
  }
}
