/** Walks the rely graph from a service's own dependencies outwards: looks for each name, asks each instance, goes on. */
import type { Clock } from '../../base/clock.js'
import { describe } from '../peers/describe.js'
import type { LivePeer } from '../peers/peer.js'
import type { Pool } from '../peers/pool.js'
import type { Interest } from '../peers/watch.js'
import type { Description, EdgeView } from '../types.js'
import type { GraphInstance } from './graph.js'

/** Milliseconds between two questions to one instance. */
const PAUSE = 100

/**
 * Milliseconds after which a walk counts as settled although answers are out: longer than one instance is waited for.
 * A peer that changes all the time must not keep others from starting.
 */
const LONGEST = 5_000

/** Names that a walk follows: more than any service's dependencies have. */
const MOST_NAMES = 1_000

/** What an instance answered, and at which revision of its state and edges. */
interface Answer {
  readonly key: string
  /** Monotonic time of the question. */
  readonly asked: number
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
  readonly #clock: Clock
  #later: Disposable | null = null
  /** Runs while answers are out. */
  #patience: Disposable | null = null
  #isImpatient = false
  #disposed = false

  /** `changed` is called whenever `instances` or `isSettled` may have changed. */
  constructor(pool: Pool, clock: Clock, changed: () => void) {
    this.#pool = pool
    this.#clock = clock
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
    return this.#isImpatient || this.#hasAll
  }

  get isDisposed(): boolean {
    return this.#disposed
  }

  /** The instances of all names reached. One that does not describe itself has no edges, yet others resolve to it. */
  get instances(): GraphInstance[] {
    const instances: GraphInstance[] = []
    for (const [peer, { description }] of this.#answers) {
      if (peer.isLive()) instances.push({ identity: peer.identity, edges: description?.edges ?? [] })
    }
    return instances
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#listener[Symbol.dispose]()
    this.#later?.[Symbol.dispose]()
    this.#patience?.[Symbol.dispose]()
    for (const interest of this.#interests.values()) interest[Symbol.dispose]()
  }

  #want(name: string): void {
    if (this.#disposed || this.#interests.has(name) || this.#interests.size >= MOST_NAMES) return
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
    for (const peer of live) this.#askWhatChanged(peer)
    this.#waitForAll()
    this.#changed()
  }

  get #hasAll(): boolean {
    if (this.#gathering.size > 0 || this.#later) return false
    return [...this.#answers.values()].every(({ description }) => description !== undefined)
  }

  #waitForAll(): void {
    if (!this.#hasAll) {
      this.#patience ??= this.#clock.after(LONGEST, () => {
        this.#isImpatient = true
        this.#changed()
      })
      return
    }
    this.#patience?.[Symbol.dispose]()
    this.#patience = null
    this.#isImpatient = false
  }

  /** An instance that changes all the time is not asked all the time. */
  #askWhatChanged(peer: LivePeer): void {
    const key = `${peer.identity.id} ${peer.revision}`
    const last = this.#answers.get(peer)
    if (last?.key === key) return
    const wait = last ? last.asked + PAUSE - this.#clock.monotonic() : 0
    if (wait <= 0) void this.#ask(peer, key)
    else
      this.#later ??= this.#clock.after(wait, () => {
        this.#later = null
        this.#look()
      })
  }

  async #ask(peer: LivePeer, key: string): Promise<void> {
    const before = this.#answers.get(peer)?.description
    const answer: Answer = { key, asked: this.#clock.monotonic() }
    this.#answers.set(peer, answer)
    const description = await describe(peer)
    answer.description = description ?? before ?? null
    if (!this.#disposed && this.#answers.get(peer) === answer) this.follow(answer.description?.edges ?? [])
  }
}
