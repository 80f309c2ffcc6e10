/** Walks the rely graph from a service's own dependencies outwards: looks for each name, asks each instance, goes on. */
import type { GraphInstance } from './graph.js'
import { describe } from './describe.js'
import type { LivePeer } from './peer.js'
import type { Interest, Pool } from './pool.js'
import type { Description, EdgeView } from './types.js'

/** What an instance answered, and at which revision of its state and edges. */
interface Answer {
  readonly key: string
  /** Undefined while the question is out. */
  description?: Description | null
}

/** Owned by the start (or the late `rely`) that wants to know; disposed of when it knows. */
export class Explorer implements Disposable {
  readonly #pool: Pool
  readonly #changed: () => void
  readonly #interests = new Map<string, Interest>()
  readonly #gathering = new Set<string>()
  readonly #answers = new Map<LivePeer, Answer>()
  readonly #listener: Disposable
  #disposed = false

  /** `changed` is called whenever `instances` or `isSettled` may have changed. */
  constructor(pool: Pool, changed: () => void) {
    this.#pool = pool
    this.#changed = changed
    this.#listener = pool.onChange(() => this.#look())
  }

  /** Starts at these edges. May be called again with more. */
  follow(edges: readonly EdgeView[]): void {
    for (const { name, optional, lazy } of edges) {
      if (!optional && !lazy) this.#want(name)
    }
    this.#look()
  }

  /** True when every instance that is there has been asked and has answered, or was given up. */
  get isSettled(): boolean {
    if (this.#gathering.size > 0) return false
    return [...this.#answers.values()].every(({ description }) => description !== undefined)
  }

  get isDisposed(): boolean {
    return this.#disposed
  }

  /** The described instances of all names reached. */
  get instances(): GraphInstance[] {
    const instances: GraphInstance[] = []
    for (const [peer, { description }] of this.#answers) {
      if (!description || !peer.isLive()) continue
      const { state } = peer.identity
      instances.push({ identity: { ...description, state }, edges: description.edges })
    }
    return instances
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#listener[Symbol.dispose]()
    for (const interest of this.#interests.values()) interest[Symbol.dispose]()
  }

  #want(name: string): void {
    if (this.#disposed || this.#interests.has(name)) return
    const interest = this.#pool.want(name)
    this.#interests.set(name, interest)
    this.#gathering.add(name)
    void interest.gathered.then(() => {
      this.#gathering.delete(name)
      if (!this.#disposed) this.#look()
    })
  }

  #look(): void {
    const live = new Set(this.#pool.live().filter(({ identity }) => this.#interests.has(identity.name)))
    for (const peer of this.#answers.keys()) {
      if (!live.has(peer)) this.#answers.delete(peer)
    }
    for (const peer of live) {
      const key = `${peer.identity.id} ${peer.revision}`
      if (this.#answers.get(peer)?.key !== key) void this.#ask(peer, key)
    }
    this.#changed()
  }

  async #ask(peer: LivePeer, key: string): Promise<void> {
    const before = this.#answers.get(peer)?.description
    const answer: Answer = { key }
    this.#answers.set(peer, answer)
    const description = await describe(peer)
    answer.description = description ?? before ?? null
    if (!this.#disposed && this.#answers.get(peer) === answer) this.follow(answer.description?.edges ?? [])
  }
}
