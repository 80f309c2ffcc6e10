/** Discovery that is there at once, and loads its engine at the first use. */
import type { Identity } from '../base/identity.js'
import type { Announcement, Discovery, Sighting } from './discovery.js'

/** An engine in use, and how to let go of it. */
export interface Loan extends AsyncDisposable {
  readonly engine: Discovery
}

/** Owned by one dservice. Disposing lets go of the engine; a later use loads it again. */
export class LazyDiscovery implements Discovery {
  readonly url: string
  readonly #load: () => Promise<Loan>
  #loading: Promise<Loan> | null = null
  #engine: Discovery | null = null

  constructor(url: string, load: () => Promise<Loan>) {
    this.url = url
    this.#load = load
  }

  get gather(): number {
    return this.#engine?.gather ?? 0
  }

  async announce(self: Identity, at: Parameters<Discovery['announce']>[1]): Promise<Announcement> {
    return (await this.#use()).announce(self, at)
  }

  async watch(name: string, see: (sighting: Sighting) => void): Promise<AsyncDisposable> {
    return (await this.#use()).watch(name, see)
  }

  recheck(sighting: Sighting): void {
    this.#engine?.recheck(sighting)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const loading = this.#loading
    this.#loading = null
    this.#engine = null
    // an engine that could not be loaded told those who wanted to use it, and leaves nothing to let go of
    await loading?.then(
      (loan) => loan[Symbol.asyncDispose](),
      () => undefined,
    )
  }

  async #use(): Promise<Discovery> {
    const loading = (this.#loading ??= this.#load())
    try {
      const { engine } = await loading
      if (this.#loading === loading) this.#engine = engine
      return engine
    } catch (error) {
      // a failure is not kept: the next use tries again
      if (this.#loading === loading) this.#loading = null
      throw error
    }
  }
}
