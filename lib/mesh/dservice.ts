/** The object in the user's hand: a service with a name, a version and an api; or a client without a name. */
import { Emitter } from '../base/emitter.js'
import { closed, invalid, reasonOf, toError, type DServiceError } from '../base/errors.js'
import type { Identity, State } from '../base/identity.js'
import { KeepAlive } from '../base/keepalive.js'
import { checkName, duration } from '../base/names.js'
import { Heart } from '../dnode/liveness.js'
import { checkMethodsRow } from '../dnode/methods-row.js'
import type { Remote } from '../dnode/remote.js'
import { CustomTypes } from '../dnode/values/custom.js'
import { createHandle } from './calls/handle.js'
import { callerOn, declaredOf, handleFor, viewFor } from './calls/lookup.js'
import { Lookups } from './calls/lookups.js'
import type { NodeContext } from './calls/node.js'
import type { Caller } from './calls/tries.js'
import { listHooks, type HookLists } from './hooks.js'
import { look } from './inspect/inspect.js'
import { snapshot } from './inspect/snapshot.js'
import { CONTRACT } from './peers/contract.js'
import { DESCRIBE } from './peers/describe.js'
import type { PeerContext } from './peers/peer.js'
import { Pool } from './peers/pool.js'
import { relyLate } from './rely/readiness.js'
import { Relying, type Edge } from './rely/relying.js'
import type { Parts } from './parts.js'
import type { ApiOf } from './remote-services.js'
import { Reporter } from './report.js'
import { Run } from './serving/run.js'
import { describeSelf, sayHello } from './serving/self.js'
import { ownContract, type OwnContract } from './serving/own-contract.js'
import type * as face from './types.js'

/** Implements DService; defaults.ts is the only one to construct it. */
export class Service<A extends object> implements face.DService<A> {
  readonly api: A
  readonly name: string | null
  readonly version: string
  readonly mesh: string
  readonly #parts: Parts<A>
  readonly #hooks: HookLists
  readonly #events = new Emitter<face.DServiceEvents>()
  readonly #reporter: Reporter
  readonly #node: NodeContext
  readonly #relying: Relying
  readonly #heart: Heart
  readonly #types: CustomTypes | null
  readonly #keepAlive: KeepAlive
  #run: Run | null = null
  #stopped = false
  /** Counts `stop()`: a start that waits for one is taken back by the next. */
  #stops = 0
  #stopping: Promise<void> | null = null
  #isTelling = false
  #promised: OwnContract | null = null

  constructor(parts: Parts<A>) {
    this.#parts = parts
    this.api = parts.api
    this.name = parts.name
    this.version = parts.version
    this.mesh = parts.mesh
    const { clock, logger, transport, mesh, discovery, instanceWait, keepAlive = new KeepAlive() } = parts
    this.#keepAlive = keepAlive
    this.#heart = new Heart(clock)
    this.#reporter = new Reporter(logger, this.#events)
    this.#hooks = listHooks(parts.hooks)
    this.#types = parts.types ? new CustomTypes(parts.types) : null
    const pool = new Pool(discovery, { clock, logger, transport, mesh, session: this.#session() })
    const isStopped = (): boolean => this.#stopped
    this.#node = {
      pool,
      clock,
      logger,
      mesh,
      instanceWait,
      isStopped,
      hooks: this.#hooks.call,
      declared: parts.declared ?? null,
      keepAlive,
      lookups: new Lookups(clock),
      waiting: new Map(),
    }
    // a client is in no graph
    this.#relying = new Relying(this.#node, parts.name === null ? null : parts.declared)
    this.#relying.onChange(() => this.#run?.edgesChanged())
    pool.onChange(() => this.#tellGraph())
  }

  get id(): string {
    return this.#run?.id ?? ''
  }

  get state(): State {
    if (this.name === null) return this.#stopped ? 'stopped' : 'ready'
    return this.#run?.state ?? 'stopped'
  }

  get missing(): readonly face.Missing[] {
    return this.#run?.isUp ? this.#relying.missing : []
  }

  get address(): string | null {
    return this.#run?.where ?? null
  }

  on<E extends keyof face.DServiceEvents>(event: E, run: face.DServiceEvents[E]): Disposable {
    return this.#events.on(event, run)
  }

  start(options?: { readonly signal?: AbortSignal }): Promise<void>
  start(callback: (err?: Error) => void): void
  start(given?: { readonly signal?: AbortSignal } | ((err?: Error) => void)): Promise<void> | void {
    if (typeof given !== 'function') return this.#start(given?.signal)
    // what the callback throws must not become a rejection of ours
    this.#start(undefined).then(
      () => process.nextTick(given),
      (error: unknown) => process.nextTick(given, toError(error)),
    )
  }

  stop(): Promise<void> {
    this.#stops++
    this.#stopping ??= this.#stop().finally(() => (this.#stopping = null))
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  dnodeFor<T = unknown, N extends string = string>(
    name: N,
    range?: string,
    options?: face.HandleOptions,
  ): Promise<Remote<ApiOf<T, N>>>
  dnodeFor<T = unknown, N extends string = string>(
    name: N,
    callback: face.DnodeForCallback<ApiOf<T, N>>,
  ): void
  dnodeFor<T = unknown, N extends string = string>(
    name: N,
    range: string | undefined,
    callback: face.DnodeForCallback<ApiOf<T, N>>,
  ): void
  dnodeFor<T = unknown, N extends string = string>(
    name: N,
    range: string | undefined,
    options: face.HandleOptions | undefined,
    callback: face.DnodeForCallback<ApiOf<T, N>>,
  ): void
  dnodeFor<T>(name: string, ...rest: unknown[]): Promise<Remote<T>> | void {
    const at = rest.findIndex((value) => typeof value === 'function')
    const [range, options] = (at < 0 ? rest : rest.slice(0, at)) as [unknown, face.HandleOptions | undefined]
    const wanted = { name, range, options }
    if (at < 0) return handleFor<T>(this.#node, wanted)
    void viewFor(this.#node, wanted, rest[at] as face.DnodeForCallback<T>)
  }

  rely<T = unknown, N extends string = string>(
    name: N,
    range?: string,
    options: face.RelyOptions = {},
  ): Remote<ApiOf<T, N>> {
    const caller = callerOn(this.#node, { name, range, options })
    const declared = declaredOf(this.#node, name)
    const { optional = declared?.optional ?? false, lazy = declared?.lazy ?? false } = options
    const edge: Edge = { target: caller.shared.target, optional, lazy, declaredIn: 'rely()' }
    if (this.#run?.isUp) void this.#relyLate(this.#run, edge, caller)
    // a client is in no graph, and nothing of it waits
    else if (this.name !== null) this.#relying.add(edge)
    return createHandle<ApiOf<T, N>>(caller)
  }

  async inspect({ name, settle = 300 }: face.InspectOptions = {}): Promise<face.MeshView> {
    if (this.#stopped) throw stoppedError()
    const { pool, clock, mesh, keepAlive } = this.#node
    const wanted = name === undefined ? '*' : checkName(name)
    return keepAlive.during(look({ pool, clock, mesh, name: wanted, settle: duration(settle, 'settle') }))
  }

  snapshot(): face.NodeView {
    return snapshot({ self: this, node: this.#node, relying: this.#relying, run: this.#run })
  }

  // --- starting and stopping

  async #start(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#stopping) {
      const stops = this.#stops
      await this.#stopping
      signal?.throwIfAborted()
      if (stops !== this.#stops) return
    }
    const run = this.#run?.isUp ? this.#run : this.#launch()
    const onAbort = (): void => void this.stop()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await run.launched
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
    if (!signal?.aborted) return
    // calls that run may finish: whoever catches the reason finds the port free
    await this.#stopping
    signal.throwIfAborted()
  }

  #launch(): Run {
    const { name, version, clock, logger, transport, discovery, listenAt, advertise } = this.#parts
    if (name === null) {
      throw invalid({ summary: 'a client has no name to serve under', hint: "use dservice('name', api)" })
    }
    const { hash: contract } = this.#contract
    const self: Identity = { id: '', name, version, mesh: this.mesh, state: 'starting', started: 0 }
    const hello = sayHello(this.api, contract === null ? self : { ...self, contract }, this.#types?.names)
    checkMethodsRow(this.api, hello)
    this.#stopped = false
    const serving = { clock, logger, transport, discovery, listenAt, advertise, session: this.#session() }
    const onState = (state: State): void => {
      // it listens: from here on who it calls may know who it is
      if (state === 'waiting') this.#node.pool.introduce()
      this.#events.emit('state', state)
    }
    const shared = { node: this.#node, relying: this.#relying }
    this.#run = new Run({ name, version, ...shared, serving, contract, onState })
    return this.#run
  }

  async #stop(): Promise<void> {
    this.#node.keepAlive.hold()
    try {
      await this.#run?.stop()
      this.#stopped = true
      await this.#node.pool.close()
      await this.#parts.discovery[Symbol.asyncDispose]()
    } finally {
      this.#node.keepAlive.release()
      this.#keepAlive[Symbol.dispose]()
    }
  }

  // --- our side of every session, dialled or accepted

  #session(): PeerContext['session'] {
    const { api, clock, logger, redact = null } = this.#parts
    return {
      api,
      clock,
      logger,
      redact,
      serve: this.#hooks.serve,
      heart: this.#heart,
      types: this.#types,
      keepAlive: this.#keepAlive,
      hello: () => sayHello(api, this.#run?.isUp ? this.#run.identity : null, this.#types?.names),
      builtins: { [DESCRIBE]: () => this.#describe(), [CONTRACT]: () => this.#contract.text },
      onFail: (error) => logger.debug({ reason: reasonOf(error) }, 'a peer broke a rule'),
      onFault: (error, method) =>
        logger.error({ method, reason: reasonOf(error) }, 'a method broke its contract'),
      onError: (error) => this.#reporter.report(error, 'a one-way call failed'),
    }
  }

  #describe(): face.Description {
    const { edges } = this.#relying
    return describeSelf(this, { started: this.#run?.started ?? 0, edges, contract: this.#contract.hash })
  }

  /** Made once: what an api says is said before it is served. */
  get #contract(): OwnContract {
    const { api, apiTypes: types, logger } = this.#parts
    return (this.#promised ??= ownContract({ api, types, logger }))
  }

  /** A dependency declared while the service runs: refused where it would close a cycle. */
  async #relyLate(run: Run, edge: Edge, { shared }: Caller): Promise<void> {
    try {
      await relyLate(run.candidate, edge)
    } catch (error) {
      shared.broken = toError(error)
      this.#reporter.report(shared.broken, 'a dependency was refused')
    }
  }

  /** One event for all the changes of a turn. */
  #tellGraph(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    process.nextTick(() => {
      this.#isTelling = false
      this.#events.emit('graph')
    })
  }
}

function stoppedError(): DServiceError {
  return closed({ summary: 'this dservice was stopped', hint: 'make another one, or start it again' })
}
