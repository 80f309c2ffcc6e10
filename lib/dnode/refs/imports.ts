/** Functions of the peer in our hand: a table of the session, emptied at its end. */
import { LIMITS } from '../../base/options.js'
import { tooManyReferences } from '../failures.js'
import { keyOf } from '../keys.js'

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

/** Who sends the calls of functions of the peer. */
export interface ReferenceCaller {
  callBack(imported: Imported, args: readonly unknown[]): void
}

/** Functions of the peer in our hand; the same number is the same function. */
export class Imports {
  /** Set by whom it belongs to before the first row. */
  keeper: Keeper | null = null
  /** Sends their calls; set by whom it belongs to before the first row. */
  caller: ReferenceCaller | null = null
  /** By `keyOf` their numbers. */
  #byId: Map<number, Imported> | null = null

  get size(): number {
    return this.#byId?.size ?? 0
  }

  get(id: number): Imported | undefined {
    return this.#byId?.get(keyOf(id))
  }

  /** The function with this number, made when it is new. It may be called from anywhere, and never throws. Errors: DS_LIMIT. */
  take(id: number): Imported {
    const imported = this.#byId?.get(keyOf(id)) ?? this.#make(id, false)
    imported.isMethod = false
    return imported
  }

  /** The same for the functions of the peer's api. */
  get methods(): Importer {
    return { take: (id) => this.#byId?.get(keyOf(id)) ?? this.#make(id, true) }
  }

  #make(id: number, isMethod: boolean): Imported {
    this.#byId ??= new Map()
    if (this.#byId.size >= LIMITS.references) throw tooManyReferences()
    const run = (...args: unknown[]): void => this.caller?.callBack(imported, args)
    const imported: Imported = { id, run, calls: 0, isLast: false, isMethod }
    if (this.keeper) keep(imported, this.keeper)
    this.#byId.set(keyOf(id), imported)
    return imported
  }

  /** The numbers of the functions that are held. */
  ids(): Iterable<number> {
    return Array.from(this.#byId?.values() ?? [], ({ id }) => id)
  }

  /** Forgets a function; a number that is not there is fine. */
  remove(id: number): void {
    this.#byId?.delete(keyOf(id))
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
