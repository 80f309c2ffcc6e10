/** What the package of a process declares of other services, as the dservices of the process see it. */

/** One service that a package needs. */
export interface RemoteDeclaration {
  readonly name: string
  /** Semver range. Default: `*`. */
  readonly range: string
  readonly optional: boolean
  readonly lazy: boolean
  /** Milliseconds; null: the default of handles. */
  readonly timeout: number | null
}

/** Owned by the process; shared by its dservices of one mesh. */
export class Declared {
  readonly remotes: readonly RemoteDeclaration[]
  /** Of those that are declared. A name stays: whether a service is up is no matter of declarations. */
  readonly #served = new Set<string>()
  readonly #listeners = new Set<() => void>()

  constructor(remotes: readonly RemoteDeclaration[]) {
    this.remotes = remotes
  }

  /** Whether the process serves that name itself: then none of its services relies on it by declaration. */
  isServed(name: string): boolean {
    return this.#served.has(name)
  }

  /** Calls `run` when one of the declared names is served from now on, until disposed. */
  onServed(run: () => void): Disposable {
    this.#listeners.add(run)
    return { [Symbol.dispose]: () => void this.#listeners.delete(run) }
  }

  /** A service of that name was made in this process. */
  serve(name: string): void {
    if (this.#served.has(name) || !this.remotes.some((remote) => remote.name === name)) return
    this.#served.add(name)
    for (const run of [...this.#listeners]) run()
  }
}
