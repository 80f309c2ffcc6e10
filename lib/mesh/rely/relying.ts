/** What a service relies on: its edges, whether they are met, and what is missing. Event-driven, never polled. */
import satisfies from 'semver/functions/satisfies.js'
import type { NodeContext } from '../calls/node.js'
import { unreachableOf } from '../choosing/explain.js'
import { want, type Target } from '../choosing/target.js'
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
  readonly #edges: Edge[] = []
  readonly #listeners = new Set<() => void>()
  /** Grows with each change of the edges: others ask again when it does. */
  revision = 0

  constructor(node: NodeContext) {
    this.#node = node
  }

  /** Calls `run` when an edge came or went, until disposed. */
  onChange(run: () => void): Disposable {
    this.#listeners.add(run)
    return { [Symbol.dispose]: () => void this.#listeners.delete(run) }
  }

  add(edge: Edge): void {
    this.#edges.push(edge)
    this.#tell()
  }

  remove(edge: Edge): void {
    const at = this.#edges.indexOf(edge)
    if (at < 0) return
    this.#edges.splice(at, 1)
    this.#tell()
  }

  /** Looks for everything but lazy dependencies. */
  look(): void {
    for (const { lazy, target } of this.#edges) {
      if (!lazy) want(this.#node, target)
    }
  }

  /** Looks no more: the start failed. A handle that is called looks again by itself. */
  letGo(): void {
    for (const { target } of this.#edges) {
      target.interest?.[Symbol.dispose]()
      target.interest = null
    }
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

  #tell(): void {
    this.revision++
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
