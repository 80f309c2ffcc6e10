/** What a service relies on: its edges, whether they are met, and what is missing. Event-driven, never polled. */
import satisfies from 'semver/functions/satisfies.js'
import type { NodeContext } from '../calls/node.js'
import { unreachableOf } from '../choosing/explain.js'
import { targetOf, want, type Target } from '../choosing/target.js'
import type { Declared } from '../declared.js'
import type { EdgeView, Missing } from '../types.js'

/** A declared dependency; owned by the service that declared it. */
export interface Edge {
  readonly target: Target
  readonly optional: boolean
  readonly lazy: boolean
  readonly declaredIn: EdgeView['declaredIn']
}

/** Owned by one service. */
export class Relying {
  readonly #node: NodeContext
  readonly #declared: Declared | null
  /** By the package. */
  readonly #fromPackage: readonly Edge[]
  /** By `rely()`. */
  readonly #own: Edge[] = []
  readonly #listeners = new Set<() => void>()
  /** Told of names that the process serves itself, while the service is up. */
  #served: Disposable | null = null
  /** Grows with each change of the edges: others ask again when it does. */
  revision = 0

  constructor(node: NodeContext, declared: Declared | null = null) {
    this.#node = node
    this.#declared = declared
    this.#fromPackage = (declared?.remotes ?? []).map(({ name, range, optional, lazy }) => {
      return { target: targetOf(name, range), optional, lazy, declaredIn: 'package.json' }
    })
  }

  /** Calls `run` when an edge came or went, until disposed. */
  onChange(run: () => void): Disposable {
    this.#listeners.add(run)
    return { [Symbol.dispose]: () => void this.#listeners.delete(run) }
  }

  add(edge: Edge): void {
    this.#own.push(edge)
    this.#tell()
  }

  remove(edge: Edge): void {
    const at = this.#own.indexOf(edge)
    if (at < 0) return
    this.#own.splice(at, 1)
    this.#tell()
  }

  /** Looks for everything but lazy dependencies, until `letGo`. */
  look(): void {
    this.#served ??= this.#declared?.onServed(() => this.#tell()) ?? null
    for (const { lazy, target } of this.#edges) {
      if (!lazy) want(this.#node, target)
    }
  }

  /** Looks no more: the start failed, or the service has stopped. A handle that is called looks again by itself. */
  letGo(): void {
    this.#served?.[Symbol.dispose]()
    this.#served = null
    for (const { target } of [...this.#own, ...this.#fromPackage]) letGoOf(target)
  }

  get edges(): EdgeView[] {
    return this.#edges.map((edge) => this.view(edge))
  }

  /** Whether nothing is missing. */
  get areMet(): boolean {
    return this.#edges.every((edge) => this.#isEnough(edge))
  }

  /** Required dependencies without a ready instance in range. */
  get missing(): Missing[] {
    const { pool } = this.#node
    return this.#edges
      .filter((edge) => !this.#isEnough(edge))
      .map(({ target }) => {
        const { name, range } = target
        return { name, range, live: this.#live(name, range), unreachable: unreachableOf(pool, target) }
      })
  }

  view(edge: Edge): EdgeView {
    const { optional, lazy, declaredIn } = edge
    const { name, range } = edge.target
    return { name, range, optional, lazy, met: this.#isMet(edge), declaredIn }
  }

  /** What the package declares counts where `rely()` says nothing of the name, and the process does not serve it itself. */
  get #edges(): Edge[] {
    return [...this.#fromPackage.filter((edge) => !this.#isHidden(edge)), ...this.#own]
  }

  #isHidden({ target: { name } }: Edge): boolean {
    return this.#own.some((own) => own.target.name === name) || (this.#declared?.isServed(name) ?? false)
  }

  #tell(): void {
    this.revision++
    for (const edge of this.#fromPackage) if (this.#isHidden(edge)) letGoOf(edge.target)
    for (const run of [...this.#listeners]) run()
  }

  #isEnough(edge: Edge): boolean {
    return edge.optional || edge.lazy || this.#isMet(edge)
  }

  #isMet({ target: { name, range } }: Edge): boolean {
    return this.#node.pool
      .live(name)
      .some(({ identity }) => identity.state === 'ready' && satisfies(identity.version, range))
  }

  #live(name: string, range: string): string[] {
    return this.#node.pool.live(name).map(({ identity: { version, state } }) => {
      return satisfies(version, range) ? `${version} (${state})` : `${version} (out of range)`
    })
  }
}

function letGoOf(target: Target): void {
  target.interest?.[Symbol.dispose]()
  target.interest = null
}
