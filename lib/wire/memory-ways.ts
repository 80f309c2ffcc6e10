/** What the ways between the nodes of a network in memory are like: each direction has its own. */

/** Milliseconds from one node to another, asked for each piece that is sent. What one connection carries stays in order. */
export type Latency = (from: string, to: string) => number

/** Owned by one network. Whole and without delay until something else is said. */
export class Ways {
  latency: Latency = () => 0
  readonly #cut = new Set<string>()
  /** Directions, in which all gets lost until they are healed. */
  readonly #muted = new Set<string>()
  readonly #frozen = new Set<string>()

  cut(a: string, b: string): void {
    this.#cut.add(keyOf(a, b)).add(keyOf(b, a))
  }

  mute(from: string, to: string): void {
    this.#muted.add(keyOf(from, to))
  }

  freeze(node: string): void {
    this.#frozen.add(node)
  }

  thaw(node: string): void {
    this.#frozen.delete(node)
  }

  /** Both directions are whole. */
  heal(a: string, b: string): void {
    for (const key of [keyOf(a, b), keyOf(b, a)]) {
      this.#cut.delete(key)
      this.#muted.delete(key)
    }
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(keyOf(from, to))
  }

  /** What is sent does not arrive, and nobody notices. */
  isSilent(from: string, to: string): boolean {
    return this.#muted.has(keyOf(from, to)) || this.#frozen.has(to)
  }

  /** What one node tells everybody gets to the other. A frozen one hears it later. */
  reaches(from: string, to: string): boolean {
    return !this.isCut(from, to) && !this.#muted.has(keyOf(from, to))
  }
}

function keyOf(from: string, to: string): string {
  // no name has it: they are parts of addresses
  return `${from}\n${to}`
}
