/** One run of a service, from `start()` to `stop()`: one port, one instance id. */
import { toError } from '../../base/errors.js'
import { newId } from '../../base/id.js'
import type { Identity, State } from '../../base/identity.js'
import { Lifecycle } from '../../base/lifecycle.js'
import type { Session } from '../../dnode/session.js'
import type { NodeContext } from '../calls/node.js'
import { untilReady, type Candidate } from '../rely/readiness.js'
import type { Relying } from '../rely/relying.js'
import { Serving, type ServingOptions } from './serving.js'

export interface RunOptions {
  readonly name: string
  readonly version: string
  readonly node: NodeContext
  readonly relying: Relying
  readonly serving: ServingOptions
  /** The hash of the contract; null: it has none. */
  readonly contract: string | null
  readonly onState: (state: State) => void
}

/** Owned by its service. A restart is a new run, and for everyone else a new instance. */
export class Run {
  readonly id: string
  readonly started: number
  /** Resolves when the service is ready, or was stopped before; rejects when it cannot be. */
  readonly launched: Promise<void>
  readonly #options: RunOptions
  readonly #lifecycle: Lifecycle
  readonly #end = new AbortController()
  #serving: Serving | null = null
  #opening: Promise<Serving> | null = null
  #stopping: Promise<void> | null = null
  #watching: Disposable | null = null

  constructor(options: RunOptions) {
    this.#options = options
    this.#lifecycle = new Lifecycle((state) => this.#told(state))
    this.id = newId(options.node.clock)
    this.started = options.node.clock.now()
    this.launched = this.#launch()
  }

  get state(): State {
    return this.#lifecycle.state
  }

  /** True until `stop()`. */
  get isUp(): boolean {
    return this.#lifecycle.isUp
  }

  /** As others judge it that look at the graph. */
  get candidate(): Candidate {
    const { node, relying } = this.#options
    return { node, relying, self: () => this.identity, ended: this.#end.signal }
  }

  /** Where it listens, in text; null while it does not. */
  get where(): string | null {
    return this.#serving?.where ?? null
  }

  /** Those that others have opened. */
  get sessions(): readonly Session[] {
    return this.#serving?.sessions ?? []
  }

  get identity(): Identity {
    const { name, version, node, contract } = this.#options
    const own = { id: this.id, name, version, mesh: node.mesh, state: this.state, started: this.started }
    return contract === null ? own : { ...own, contract }
  }

  /** What the service relies on changed: others should ask again. */
  edgesChanged(): void {
    this.#serving?.changed(this.state, this.#options.relying.revision)
    if (this.#watching) this.#settle()
  }

  /** Drains, says goodbye, closes. Twice is fine. Never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown()
    return this.#stopping
  }

  async #launch(): Promise<void> {
    const { node, relying, serving } = this.#options
    node.keepAlive.hold()
    this.#lifecycle.to('starting')
    try {
      this.#opening = Serving.open(serving)
      this.#serving = await this.#opening
      if (this.#end.signal.aborted) return
      relying.look()
      this.#lifecycle.to('waiting')
      if (relying.edges.length === 0) this.#lifecycle.to('ready')
      await this.#serving.announce(this.identity)
      await untilReady(this.candidate)
      if (this.#end.signal.aborted) return
      this.#watching = node.pool.onChange(() => this.#settle())
      this.#settle()
    } catch (error) {
      if (this.#end.signal.aborted) return
      // a stop meanwhile waits for the same end
      this.#stopping = this.#fail(toError(error))
      await this.#stopping
      throw error
    }
  }

  /** Ready while nothing is missing, waiting otherwise; lost and met again as often as it happens. */
  #settle(): void {
    if (this.#lifecycle.isUp) this.#lifecycle.to(this.#options.relying.areMet ? 'ready' : 'waiting')
  }

  #told(state: State): void {
    this.#serving?.changed(state, this.#options.relying.revision)
    this.#options.onState(state)
  }

  async #fail(reason: Error): Promise<void> {
    this.#end.abort()
    this.#options.relying.letGo()
    await this.#serving?.abort(reason)
    this.#close()
  }

  async #shutDown(): Promise<void> {
    this.#end.abort()
    await this.#opened()
    if (!this.#lifecycle.isUp) return
    this.#watching?.[Symbol.dispose]()
    this.#lifecycle.to('draining')
    await this.#serving?.drain(this.#options.relying.revision)
    this.#close()
  }

  /** A stop in the middle of a start waits until there is something to stop, or nothing came of it. */
  async #opened(): Promise<void> {
    await this.#opening?.then(
      (serving) => (this.#serving = serving),
      () => null,
    )
  }

  #close(): void {
    this.#options.relying.letGo()
    this.#serving = null
    this.#lifecycle.to('stopped')
    this.#options.node.keepAlive.release()
  }
}
