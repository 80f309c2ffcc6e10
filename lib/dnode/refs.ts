/** Who holds which function of whom: the tables of a session, emptied at its end. */
import { limit } from '../base/errors.js'
import { LIMITS } from '../base/options.js'

/** A function of this side that the peer may call. */
export interface Exported {
  readonly id: number
  readonly run: (...args: unknown[]) => unknown
  /** `this` of a method of the api: the object that holds it. null: a callback. */
  readonly self: object | null
  /** Sent outside of any view: only a cull or the session's end removes it. */
  kept: boolean
  /** Views through which it was sent. */
  views: number
}

type AnyFunction = (...args: unknown[]) => unknown

function tooMany(): Error {
  return limit({
    summary: `more than ${LIMITS.references} functions are held on one session`,
    hint: 'send the same function again instead of a new one each time, or end the session now and then',
  })
}

/** Functions of this side in the peer's hand, numbered from 0. */
export class Exports {
  /** Holders of the api's methods, while its methods row is made. */
  holders: ReadonlyMap<AnyFunction, object> | null = null
  #next = 0
  /** Made when the first function is sent: most clients export none. */
  #byId: Map<number, Exported> | null = null
  #ids: Map<AnyFunction, number> | null = null

  get size(): number {
    return this.#byId?.size ?? 0
  }

  get(id: number): Exported | undefined {
    return this.#byId?.get(id)
  }

  /** The number under which a function was sent before. */
  idOf(run: AnyFunction): number | undefined {
    return this.#ids?.get(run)
  }

  /** Gives a function a new number. Errors: DS_LIMIT. */
  add(run: AnyFunction): number {
    this.#byId ??= new Map()
    this.#ids ??= new Map()
    if (this.#byId.size >= LIMITS.references) throw tooMany()
    const id = this.#next++
    this.#byId.set(id, { id, run, self: this.holders?.get(run) ?? null, kept: false, views: 0 })
    if (!this.#ids.has(run)) this.#ids.set(run, id)
    return id
  }

  /** Notes who sent these functions: a view, by the set of what it sent, or the session itself. */
  hold(callbacks: Readonly<Record<string, unknown>>, view: Set<number> | null): void {
    for (const key in callbacks) {
      const entry = this.#byId?.get(Number(key))
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
      const entry = this.#byId?.get(Number(key))
      if (entry && !entry.kept && entry.views === 0) this.remove(entry.id)
    }
  }

  /** A view lets go: what nobody else sent is forgotten. */
  release(view: Set<number>): void {
    for (const id of view) {
      const entry = this.#byId?.get(id)
      if (entry && --entry.views === 0 && !entry.kept) this.remove(id)
    }
    view.clear()
  }

  /** The numbers of the functions that are held. */
  ids(): Iterable<number> {
    return this.#byId?.keys() ?? []
  }

  /** Forgets a function; a number that is not there is fine. */
  remove(id: number): void {
    const entry = this.#byId?.get(id)
    if (!entry) return
    this.#byId?.delete(id)
    if (this.#ids?.get(entry.run) === id) this.#ids.delete(entry.run)
  }

  clear(): void {
    this.#byId = null
    this.#ids = null
  }
}

/** A function of the peer in our hand. */
export interface Imported {
  readonly id: number
  /** Sends a one-way call. */
  readonly run: (...args: unknown[]) => void
  /** What a keeper made of it. */
  readonly ref?: unknown
  /** How often it was called while no method that got it in last place was on the stack. */
  calls: number
  /** It came in last place of a call: what cannot be sent to it is told to it. */
  isLast: boolean
  /** It was only ever seen in the peer's api: calling it is the program's own call, and may throw. */
  isMethod: boolean
}

/** Where the functions in what a peer sent are taken from. */
export interface Importer {
  take(id: number): Imported
}

/** How a program keeps functions of its peer instead of us: by references of its own, weak ones for example. */
export interface Keeper {
  /** Makes what is kept of a new function. */
  wrap(run: Imported['run'], id: number): unknown
  /** Makes the function again of what is kept. */
  unwrap(ref: unknown, id: number): unknown
}

/** Functions of the peer in our hand; the same number is the same function. */
export class Imports {
  /** Set by whom it belongs to before the first row. */
  keeper: Keeper | null = null
  readonly #call: (imported: Imported, args: readonly unknown[]) => void
  #byId: Map<number, Imported> | null = null

  /** `call` sends a call of the function. */
  constructor(call: (imported: Imported, args: readonly unknown[]) => void) {
    this.#call = call
  }

  get size(): number {
    return this.#byId?.size ?? 0
  }

  get(id: number): Imported | undefined {
    return this.#byId?.get(id)
  }

  /** The function with this number, made when it is new. It may be called from anywhere, and never throws. Errors: DS_LIMIT. */
  take(id: number): Imported {
    const imported = this.#byId?.get(id) ?? this.#make(id, false)
    imported.isMethod = false
    return imported
  }

  /** The same for the functions of the peer's api. */
  get methods(): Importer {
    return { take: (id) => this.#byId?.get(id) ?? this.#make(id, true) }
  }

  #make(id: number, isMethod: boolean): Imported {
    this.#byId ??= new Map()
    if (this.#byId.size >= LIMITS.references) throw tooMany()
    const run = (...args: unknown[]): void => this.#call(imported, args)
    const imported: Imported = { id, run, calls: 0, isLast: false, isMethod }
    if (this.keeper) keep(imported, this.keeper)
    this.#byId.set(id, imported)
    return imported
  }

  /** The numbers of the functions that are held. */
  ids(): Iterable<number> {
    return this.#byId?.keys() ?? []
  }

  /** Forgets a function; a number that is not there is fine. */
  remove(id: number): void {
    this.#byId?.delete(id)
  }

  clear(): void {
    this.#byId = null
  }
}

/** Holds what the keeper made instead of the function, which is given out once as it is. */
function keep(imported: Imported, keeper: Keeper): void {
  const { id } = imported
  let first: Imported['run'] | null = imported.run
  const ref = keeper.wrap(first, id)
  const get = (): unknown => {
    const run = first ?? keeper.unwrap(ref, id)
    first = null
    return run
  }
  Object.defineProperties(imported, { ref: { value: ref }, run: { get } })
}
