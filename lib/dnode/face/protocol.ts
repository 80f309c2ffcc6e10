/** `protocol(cons)`: the classic protocol without a stream, for programs that carry the rows themselves. */
import { EventEmitter } from 'node:events'
import { noMethod, toError } from '../../base/errors.js'
import { apiTree, instanceOf } from '../api.js'
import { isObject } from '../check.js'
import { readClassic } from '../classic.js'
import type { Scrubbed } from '../messages.js'
import { Exports } from '../refs/exports.js'
import { Imports, type Imported, type Keeper } from '../refs/imports.js'
import { CLASSIC_LIMITS, scrub } from '../scrub.js'
import type { Api } from '../types.js'
import { unscrub } from '../unscrub.js'
import { methodIds } from '../view.js'
import { listOf, type Callbacks } from './tables.js'

/** How a program keeps the functions of its peer, weakly for example; called with the protocol as `this`. */
export interface ProtocolOptions {
  /** Makes of a function of the peer what `callbacks.remote` holds. Default: the function. */
  readonly wrap?: ((this: Proto, run: (...args: unknown[]) => void, id: number) => unknown) | undefined
  /** Makes the function again when its number comes a second time. Default: what `wrap` made. */
  readonly unwrap?: ((this: Proto, ref: unknown, id: number) => unknown) | undefined
}

/** What programs reach for in a protocol, be it their own or the one of a dnode (`d.proto`). */
export interface Proto extends EventEmitter {
  /** The peer's api, filled in place. */
  readonly remote: Record<string, unknown>
  readonly instance: object
  readonly callbacks: Callbacks
  /** Tells the peer our api. */
  start(): void
  /** Takes a row of the peer, parsed. */
  handle(row: unknown): void
  /** Calls a function of the peer, by number or name. Errors: DS_UNSENDABLE, DS_LIMIT. */
  request(method: string | number, args: readonly unknown[]): void
  /** Forgets a function of the peer, and tells it so. */
  cull(id: number): void
}

/** What the events `request` carries: a row, ready for JSON. */
interface Row {
  readonly method: string | number
  readonly arguments: readonly unknown[]
  readonly callbacks?: Scrubbed['callbacks']
  readonly links?: Scrubbed['links']
}

type AnyFunction = (...args: unknown[]) => unknown

/** A function that a row calls, and its `this`. */
interface Target {
  readonly run: AnyFunction
  readonly self: object | null
}

/**
 * Both halves of one conversation, synchronous: what is handled is done, and what is to be sent is a `request` event, when the
 * call returns. Events: `request` (row), `remote` (remote), `ready`, `fail` (the peer's fault), `error` (what a function of ours
 * threw; without a listener it is thrown). What functions return is not sent: classic dnode answers by callbacks.
 */
export class Protocol extends EventEmitter implements Proto {
  readonly remote: Record<string, unknown> = {}
  readonly instance: object
  readonly callbacks: Callbacks
  readonly #exports = new Exports()
  readonly #imports = new Imports()
  /** The numbers of the api's methods, once the peer was told of them. */
  #methods: ReadonlyMap<string, number> = new Map()

  /** `cons`: an api, or a constructor called with the remote and this object. Errors: whatever it throws. */
  constructor(cons: Api = {}, options: ProtocolOptions = {}) {
    super()
    this.#imports.caller = { callBack: ({ id }, args) => this.request(id, args) }
    this.#imports.keeper = keeperOf(options, this)
    this.callbacks = callbacksOf(this.#exports, this.#imports)
    this.instance = instanceOf(cons, this.remote, this)
  }

  start(): void {
    const { tree, holders } = apiTree(this.instance)
    this.#exports.holders = holders
    const api = scrub([tree], { exports: this.#exports, limits: CLASSIC_LIMITS, root: 'api' })
    this.#exports.holders = null
    this.#methods = methodIds(api)
    this.#send('methods', api)
  }

  handle(row: unknown): void {
    let run: () => void
    try {
      run = this.#read(row)
    } catch (error) {
      this.emit('fail', toError(error))
      return
    }
    run()
  }

  request(method: string | number, args: readonly unknown[]): void {
    this.#send(method, scrub(args, { exports: this.#exports, limits: CLASSIC_LIMITS, root: 'arguments' }))
  }

  cull(id: number): void {
    this.#imports.remove(id)
    this.#emitRow({ method: 'cull', arguments: [id] })
  }

  /** Copies what is frozen and shared: a row is its receiver's. */
  #send(method: string | number, { arguments: args, callbacks, links }: Scrubbed): void {
    this.#emitRow({ method, arguments: args, callbacks: { ...callbacks }, links: [...links] })
  }

  #emitRow(row: Row): void {
    this.emit('request', row)
  }

  /** Checks a row; what is left to do cannot be the peer's fault. Errors: DS_PROTOCOL, DS_LIMIT, DS_NO_METHOD. */
  #read(row: unknown): () => void {
    const message = readClassic(row)
    if (message.type === 'methods') {
      const [root = {}] = unscrub(message.api, this.#imports)
      return () => this.#meet(root)
    }
    if (message.type === 'cull') return () => message.ids.forEach((id) => this.#exports.remove(id))
    const target = this.#find(message.method)
    const args = unscrub(message.values, this.#imports)
    return () => this.#run(target, args)
  }

  #meet(root: unknown): void {
    for (const key of Object.keys(this.remote)) delete this.remote[key]
    if (isObject(root)) Object.assign(this.remote, root)
    this.emit('remote', this.remote)
    this.emit('ready')
  }

  #find(method: string | number): Target {
    const id = typeof method === 'number' ? method : this.#methods.get(method)
    const exported = id === undefined ? undefined : this.#exports.get(id)
    if (exported) return exported
    if (typeof method === 'number') throw noMethod({ summary: 'no such method' })
    const run = Object.prototype.propertyIsEnumerable.call(this.instance, method)
      ? (this.instance as Record<string, unknown>)[method]
      : undefined
    if (typeof run === 'function') return { run: run as AnyFunction, self: this.instance }
    throw noMethod({ summary: `request for non-enumerable method: ${method.slice(0, 60)}` })
  }

  #run({ run, self }: Target, args: unknown[]): void {
    let result: unknown
    try {
      result = Reflect.apply(run, self, args)
    } catch (error) {
      this.emit('error', error)
      return
    }
    // the peer chose to call it, so that its rejection must not be an unhandled one where somebody listens
    if (result instanceof Promise) void result.then(null, (error: unknown) => this.emit('error', error))
  }
}

/** The tables of a conversation, as lists. */
export function callbacksOf(exports: Exports, imports: Imports): Callbacks {
  return {
    local: listOf({
      ids: () => exports.ids(),
      get: (id) => exports.get(id)?.run,
      remove: (id) => exports.remove(id),
    }),
    remote: listOf({
      ids: () => imports.ids(),
      get: (id) => refOf(imports.get(id)),
      remove: (id) => imports.remove(id),
    }),
  }
}

function refOf(imported: Imported | undefined): unknown {
  return imported && 'ref' in imported ? imported.ref : imported?.run
}

/** What `wrap` and `unwrap` mean for a table of functions; null: functions are kept as they are. */
export function keeperOf({ wrap, unwrap }: ProtocolOptions, proto: Proto): Keeper | null {
  if (!wrap && !unwrap) return null
  return {
    wrap: (run, id) => (wrap ? wrap.call(proto, run, id) : run),
    unwrap: (ref, id) => (unwrap ? unwrap.call(proto, ref, id) : ref),
  }
}

/** A conversation for rows that the program carries itself. `new protocol(cons)` is the same. */
export function protocol(cons?: Api, options?: ProtocolOptions): Protocol {
  return new Protocol(cons ?? {}, options ?? {})
}
