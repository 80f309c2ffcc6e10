/** Discovery within one process: what an engine must do, with nothing in between. */
import { closed } from '../base/errors.js'
import type { Identity, State } from '../base/identity.js'
import type { Announcement, Discovery, Sighting } from '../mesh/discovery.js'
import type { Address } from '../wire/connection.js'

/** What a hub needs to know of a network that can be cut: a MemoryNetwork is one. */
export interface Wires {
  reaches(a: string, b: string): boolean
  on(event: 'healed', run: () => void): Disposable
  on(event: 'crashed', run: (node: string) => void): Disposable
}

export interface MemoryEngineOptions {
  readonly mesh: string
  /** The node that looks and announces, where the hub has a network. Default: ''. */
  readonly node?: string
}

interface Entry {
  readonly node: string
  readonly at: readonly Address[]
  identity: Identity
}

interface Watcher {
  readonly node: string
  readonly mesh: string
  readonly name: string
  /** What this watcher believes to be there: true until it heard a goodbye or asked in vain. */
  readonly known: Set<Entry>
  /** Never called on the stack of whoever announces. */
  readonly tell: (type: Sighting['type'], entry: Entry) => void
}

/** The engine of the URL `memory:`: whoever shares it sees each other, and nobody else does. */
export function createMemory({ mesh }: Pick<MemoryEngineOptions, 'mesh'>): Discovery {
  return new MemoryHub().engine({ mesh })
}

/** What the engines of one process share. Without a network everybody reaches everybody. */
export class MemoryHub {
  readonly #wires: Wires | undefined
  readonly #entries = new Set<Entry>()
  readonly #watchers = new Set<Watcher>()

  constructor(wires?: Wires) {
    this.#wires = wires
    wires?.on('healed', () => this.#askAgain())
    wires?.on('crashed', (node) => this.#crash(node))
  }

  /** One node's view of one mesh. */
  engine(options: MemoryEngineOptions): Discovery {
    return new MemoryDiscovery(this, options)
  }

  /** Announcements that stand; a leak check ends a test with 0. */
  get announced(): number {
    return this.#entries.size
  }

  /** Questions that stand. */
  get watched(): number {
    return this.#watchers.size
  }

  add(entry: Entry): void {
    this.#entries.add(entry)
    for (const watcher of this.#watchers) this.#show(watcher, entry)
  }

  /** A new hint goes to everybody who can hear it. */
  change(entry: Entry, state: State): void {
    if (!this.#entries.has(entry)) return
    entry.identity = { ...entry.identity, state }
    for (const watcher of this.#watchers) {
      if (!this.#hears(watcher, entry)) continue
      if (watcher.known.has(entry)) watcher.tell('changed', entry)
      else this.#show(watcher, entry)
    }
  }

  /** Says goodbye; who is cut off does not hear it. */
  remove(entry: Entry): void {
    if (!this.#entries.delete(entry)) return
    for (const watcher of this.#watchers) {
      if (this.#hears(watcher, entry) && watcher.known.delete(entry)) watcher.tell('down', entry)
    }
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher)
    for (const entry of this.#entries) this.#show(watcher, entry)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  /** Looks whether what is at `address` still answers, for the watchers of one node. */
  recheck(node: string, id: string | undefined): void {
    for (const watcher of this.#watchers) {
      if (watcher.node !== node) continue
      for (const entry of watcher.known) {
        if (entry.identity.id !== id || (this.#entries.has(entry) && this.#hears(watcher, entry))) continue
        watcher.known.delete(entry)
        watcher.tell('down', entry)
      }
    }
  }

  #show(watcher: Watcher, entry: Entry): void {
    if (!this.#hears(watcher, entry) || watcher.known.has(entry)) return
    watcher.known.add(entry)
    watcher.tell('up', entry)
  }

  #hears(watcher: Watcher, { identity, node }: Entry): boolean {
    if (watcher.mesh !== identity.mesh) return false
    if (watcher.name !== '*' && watcher.name !== identity.name) return false
    return watcher.node === node || (this.#wires?.reaches(node, watcher.node) ?? true)
  }

  /** The network is whole again: every question is asked anew. */
  #askAgain(): void {
    for (const watcher of this.#watchers) {
      for (const entry of this.#entries) this.#show(watcher, entry)
    }
  }

  /** Nobody says goodbye for a node that crashed: others find out by asking. */
  #crash(node: string): void {
    for (const entry of this.#entries) if (entry.node === node) this.#entries.delete(entry)
    for (const watcher of this.#watchers) if (watcher.node === node) this.#watchers.delete(watcher)
  }
}

class MemoryDiscovery implements Discovery {
  readonly url = 'memory:'
  readonly gather = 0
  readonly #hub: MemoryHub
  readonly #mesh: string
  readonly #node: string
  readonly #entries = new Set<Entry>()
  readonly #watchers = new Set<Watcher>()
  #isClosed = false

  constructor(hub: MemoryHub, { mesh, node = '' }: MemoryEngineOptions) {
    this.#hub = hub
    this.#mesh = mesh
    this.#node = node
  }

  async announce(self: Identity, at: readonly Address[]): Promise<Announcement> {
    this.#check()
    const entry: Entry = { node: this.#node, at: [...at], identity: { ...self } }
    this.#entries.add(entry)
    this.#hub.add(entry)
    return {
      update: async (state) => this.#hub.change(entry, state),
      [Symbol.asyncDispose]: async () => this.#withdraw(entry),
    }
  }

  async watch(name: string, see: (sighting: Sighting) => void): Promise<AsyncDisposable> {
    this.#check()
    const tell: Watcher['tell'] = (type, { at, identity }) => {
      const hint = Object.freeze({ ...identity })
      queueMicrotask(() => {
        if (!this.#watchers.has(watcher)) return
        for (const address of at) see({ type, address, hint })
      })
    }
    const watcher: Watcher = { node: this.#node, mesh: this.#mesh, name, known: new Set(), tell }
    this.#watchers.add(watcher)
    this.#hub.watch(watcher)
    return { [Symbol.asyncDispose]: async () => this.#unwatch(watcher) }
  }

  recheck({ hint }: Sighting): void {
    this.#hub.recheck(this.#node, hint.id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const entry of this.#entries) this.#withdraw(entry)
    for (const watcher of this.#watchers) this.#unwatch(watcher)
  }

  #withdraw(entry: Entry): void {
    this.#entries.delete(entry)
    this.#hub.remove(entry)
  }

  #unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    this.#hub.unwatch(watcher)
  }

  #check(): void {
    if (this.#isClosed) throw closed({ summary: 'the engine memory: was stopped', hint: 'make another one' })
  }
}
