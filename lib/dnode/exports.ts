/** Functions of this side in the peer's hand: a table of the session, emptied at its end. */
import { LIMITS } from '../base/options.js'
import { tooManyReferences } from './failures.js'

/** A function of this side that the peer may call. */
export interface Exported {
  readonly id: number
  readonly run: (...args: unknown[]) => unknown
  /** `this` of a method of the api: the object that holds it. null: a callback. */
  readonly self: object | null
  /** The dotted path of a method that our `methods` row lists; null: it is called by its number alone. */
  name: string | null
  /** Sent outside of any view: only a cull or the session's end removes it. */
  kept: boolean
  /** Views through which it was sent. */
  views: number
}

type AnyFunction = (...args: unknown[]) => unknown

/** Methods among which one is found by looking at each. */
const FEW = 16

/**
 * Numbered from 0: first the methods of the api, which most sessions have alone and never lose, then callbacks. A session that
 * does nothing holds a list, and no map.
 */
export class Exports {
  /** Holders of the api's methods, while its methods row is made. */
  holders: ReadonlyMap<AnyFunction, object> | null = null
  #next = 0
  #size = 0
  /** By number; a hole was culled. */
  #methods: (Exported | null)[] = []
  #callbacks: Map<number, Exported> | null = null
  /** The numbers of callbacks, and of methods where they are many. */
  #ids: Map<AnyFunction, number> | null = null
  /** Methods by name, where they are many and one was called by it. */
  #byName: Map<string, Exported> | null = null

  get size(): number {
    return this.#size
  }

  get(id: number): Exported | undefined {
    if (id < this.#methods.length) return this.#methods[id] ?? undefined
    return this.#callbacks?.get(id)
  }

  /** What is callable by name: what our `methods` row lists. */
  named(name: string): Exported | undefined {
    if (this.#methods.length <= FEW) return this.#methods.find((method) => method?.name === name) ?? undefined
    this.#byName ??= this.#indexed()
    const found = this.#byName.get(name)
    return found && this.get(found.id)
  }

  /** What is callable by name, for who asks for something else. */
  get names(): string[] {
    return this.#methods.flatMap((method) => method?.name ?? [])
  }

  /** Our `methods` row lists these, by dotted path. */
  list(names: ReadonlyMap<string, number>): void {
    for (const [name, id] of names) {
      const exported = this.get(id)
      if (exported) exported.name = name
    }
  }

  /** The number under which a function was sent before. */
  idOf(run: AnyFunction): number | undefined {
    const known = this.#ids?.get(run)
    if (known !== undefined || this.#methods.length > FEW) return known
    return this.#methods.find((method) => method?.run === run)?.id
  }

  /** Gives a function a new number. Errors: DS_LIMIT. */
  add(run: AnyFunction): number {
    if (this.#size >= LIMITS.references) throw tooManyReferences()
    const id = this.#next++
    const self = this.holders?.get(run) ?? null
    const entry: Exported = { id, run, self, name: null, kept: false, views: 0 }
    const isMethod = this.holders !== null && id === this.#methods.length
    if (isMethod) this.#methods.push(entry)
    else (this.#callbacks ??= new Map()).set(id, entry)
    if (!isMethod || id >= FEW) this.#index(run, id)
    this.#size++
    return id
  }

  /** Notes who sent these functions: a view, by the set of what it sent, or the session itself. */
  hold(callbacks: Readonly<Record<string, unknown>>, view: Set<number> | null): void {
    for (const key in callbacks) {
      const entry = this.get(Number(key))
      if (!entry) continue
      if (!view) entry.kept = true
      else if (!view.has(entry.id)) {
        view.add(entry.id)
        entry.views++
      }
    }
  }

  /** The message was not sent after all: what nobody else sent is forgotten. */
  undo(callbacks: Readonly<Record<string, unknown>>): void {
    for (const key in callbacks) {
      const entry = this.get(Number(key))
      if (entry && !entry.kept && entry.views === 0) this.remove(entry.id)
    }
  }

  /** A view lets go: what nobody else sent is forgotten. */
  release(view: Set<number>): void {
    for (const id of view) {
      const entry = this.get(id)
      if (entry && --entry.views === 0 && !entry.kept) this.remove(id)
    }
    view.clear()
  }

  /** The numbers of the functions that are held. */
  ids(): number[] {
    const methods = this.#methods.flatMap((method) => (method ? [method.id] : []))
    return [...methods, ...(this.#callbacks?.keys() ?? [])]
  }

  /** Forgets a function; a number that is not there is fine. */
  remove(id: number): void {
    const entry = this.get(id)
    if (!entry) return
    if (id < this.#methods.length) this.#methods[id] = null
    else this.#callbacks?.delete(id)
    if (this.#ids?.get(entry.run) === id) this.#ids.delete(entry.run)
    this.#size--
  }

  clear(): void {
    this.#methods = []
    this.#callbacks = this.#ids = this.#byName = null
    this.#size = 0
  }

  /** The first number of a function stays its own. From the first one past the few on, the few are in the map too. */
  #index(run: AnyFunction, id: number): void {
    this.#ids ??= new Map()
    if (id === FEW) {
      for (const method of this.#methods.slice(0, FEW)) {
        if (method && !this.#ids.has(method.run)) this.#ids.set(method.run, method.id)
      }
    }
    if (!this.#ids.has(run)) this.#ids.set(run, id)
  }

  #indexed(): Map<string, Exported> {
    const named = this.#methods.filter((method) => method !== null && method.name !== null)
    return new Map(named.map((method) => [method?.name as string, method as Exported]))
  }
}
