/** What of this side is in the peer's hand, functions and signals: a table of the session, emptied at its end. */
import { refGone } from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import { tooManyReferences } from '../failures.js'
import { ID_END } from '../ids.js'
import { isOneShot } from './one-shot.js'
import { SentSignals } from './sent-signals.js'

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
  /** How often it was sent to a dialect peer that has not released it. 0: of a classic peer, and of methods. */
  count: number
  /** Its first call is its last. */
  readonly isOneShot: boolean
}

type AnyFunction = (...args: unknown[]) => unknown

/** Methods among which one is found by looking at each. */
const FEW = 16

/**
 * Numbered from 0: first the methods of the api, which most sessions have alone and never lose, then callbacks and signals. A
 * session that does nothing holds a list, and no map.
 *
 * A classic peer culls a number, and that is that. A dialect peer says how often a number had come to it: it is forgotten when
 * that is as often as it was sent, so that a release which crosses a new sending does no harm.
 */
export class Exports {
  /** Holders of the api's methods, while its methods row is made. */
  holders: ReadonlyMap<AnyFunction, object> | null = null
  /** Tells the peer of a signal that aborted; set by whom it belongs to before anything is sent. */
  tellAbort: ((id: number, reason: unknown) => void) | null = null
  readonly #most: number
  readonly #end: number
  #next = 0
  #size = 0
  /** The session has ended, perhaps while a message was being made: nothing is held any more. */
  #isOver = false
  /** By number; a hole was culled. */
  #methods: (Exported | null)[] = []
  #callbacks: Map<number, Exported> | null = null
  /** The numbers of callbacks, and of methods where they are many. */
  #ids: Map<AnyFunction, number> | null = null
  /** Methods by name, where they are many and one was called by it. */
  #byName: Map<string, Exported> | null = null
  #signals: SentSignals | null = null

  /** `most`, and `end`, below which all numbers are: for tests. */
  constructor({ most = LIMITS.references, end = ID_END }: { most?: number; end?: number } = {}) {
    this.#most = most
    this.#end = end
  }

  get size(): number {
    return this.#size + (this.#signals?.size ?? 0)
  }

  get(id: number): Exported | undefined {
    if (id < this.#methods.length) return this.#methods[id] ?? undefined
    return this.#callbacks?.get(id)
  }

  /** The same for a call: a one-shot function is forgotten now. */
  forCall(id: number): Exported | undefined {
    const entry = this.get(id)
    if (entry?.isOneShot) this.remove(id)
    return entry
  }

  /** A function of ours on its way back. Errors: DS_REF_GONE. */
  own(id: number): AnyFunction {
    const entry = this.get(id)
    if (entry) return entry.run
    throw refGone({
      summary: `function ${id} came back to its owner, who has forgotten it`,
      hint: 'send it back before it is released, and before its view ends',
    })
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
    const id = this.#claim()
    const self = this.holders?.get(run) ?? null
    const once = isOneShot(run)
    const entry: Exported = { id, run, self, name: null, kept: false, views: 0, count: 0, isOneShot: once }
    const isMethod = this.holders !== null && id === this.#methods.length
    if (isMethod) this.#methods.push(entry)
    else (this.#callbacks ??= new Map()).set(id, entry)
    if (!isMethod || id >= FEW) this.#index(run, id)
    this.#size++
    return id
  }

  /** A dialect peer is sent a function, perhaps not for the first time: its number. Errors: DS_LIMIT. */
  send(run: AnyFunction): number {
    const id = this.idOf(run) ?? this.add(run)
    const entry = this.get(id)
    if (entry) entry.count++
    return id
  }

  /** The same for a signal that has not aborted. When it does, the peer is told, and it is forgotten. Errors: DS_LIMIT. */
  sendSignal(signal: AbortSignal): number {
    this.#signals ??= new SentSignals(
      () => this.#claim(),
      (id, reason) => this.tellAbort?.(id, reason),
    )
    return this.#signals.send(signal)
  }

  /** A number was not sent after all. */
  unsend(id: number): void {
    const entry = this.get(id)
    if (!entry) this.#signals?.release(id, 1)
    else if (--entry.count <= 0 && !entry.kept && entry.views === 0 && !this.#isMethod(id)) this.remove(id)
  }

  /** A dialect peer forgets a number that had come to it so often. Whatever it says, methods stay: they are no callbacks. */
  release(id: number, count: number): void {
    if (!(count >= 1)) return
    const entry = this.#callbacks?.get(id)
    if (!entry) this.#signals?.release(id, count)
    else if ((entry.count -= count) <= 0) this.remove(id)
  }

  /** Notes who sent these functions: a view, by the set of what it sent, or the session itself. */
  hold(callbacks: Readonly<Record<string, unknown>>, view: Set<number> | null): void {
    for (const key in callbacks) this.holdOne(Number(key), view)
  }

  /** The same for one. */
  holdOne(id: number, view: Set<number> | null): void {
    if (this.#isOver) return this.remove(id)
    const entry = this.get(id)
    if (!entry) return
    if (!view) entry.kept = true
    else if (!view.has(id)) {
      view.add(id)
      entry.views++
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
  letGo(view: Set<number>): void {
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

  /** Forgets a function that may have been sent, as one whose call has failed. */
  forget(run: AnyFunction): void {
    const id = this.#ids?.get(run)
    if (id !== undefined && !this.#isMethod(id)) this.remove(id)
  }

  /** Forgets a function or a signal; a number that is not there is fine. */
  remove(id: number): void {
    const entry = this.get(id)
    if (!entry) return this.#signals?.release(id, Infinity)
    if (this.#isMethod(id)) this.#methods[id] = null
    else this.#callbacks?.delete(id)
    if (this.#ids?.get(entry.run) === id) this.#ids.delete(entry.run)
    this.#size--
  }

  clear(): void {
    this.#isOver = true
    this.#methods = []
    this.#callbacks = this.#ids = this.#byName = null
    this.#size = 0
    this.#signals?.clear()
    this.#signals = null
  }

  #isMethod(id: number): boolean {
    return id < this.#methods.length
  }

  /** A number that nothing has: one after the other, and after the last from the first callback on. Errors: DS_LIMIT. */
  #claim(): number {
    if (this.size >= this.#most) throw tooManyReferences(this.#most)
    let id = this.#next
    while (id >= this.#end || this.#isTaken(id)) id = id >= this.#end ? this.#methods.length : id + 1
    this.#next = id + 1
    return id
  }

  #isTaken(id: number): boolean {
    return this.#callbacks?.has(id) === true || this.#signals?.has(id) === true
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
