/** The service handle: a proxy whose every path of names is a method, and which carries no names of ours. */
import { inspect, promisify } from 'node:util'
import { invalid, toError } from '../../base/errors.js'
import type { Remote } from '../../dnode/remote.js'
import { keepHome } from '../../dnode/values/by-reference.js'
import { resolve } from '../choosing/resolve.js'
import { call, callWithCallback } from './calls.js'
import type { Caller } from './tries.js'

/** Names that answer undefined everywhere: `then` would make a handle a promise, the others reach into objects. */
const NEVER = new Set<string>(['then', '__proto__', 'constructor', 'prototype'])

/** Names that the language itself asks any object for: calls only where the service has such a method, for nobody awaits these. */
const ASKED = new Set<string>(['toJSON', 'toString', 'toLocaleString', 'valueOf'])

type Method = (...args: unknown[]) => Promise<unknown>

/** What comes of the calls of a remote object. */
export interface Way {
  /** What people are shown that it is. */
  readonly title: string
  call(caller: Caller, path: string, args: readonly unknown[]): Promise<unknown>
  callWithCallback(caller: Caller, path: string, args: readonly unknown[]): Promise<unknown>
}

/** What a handle calls with, asked for at each use: it may become another. */
export type Look = () => Caller

interface Behind {
  readonly look: Look
  readonly way: Way
}

const PLAIN: Way = { title: 'RemoteService', call, callWithCallback }

/** What is behind a handle; handles are opaque to everyone else. */
const looks = new WeakMap<object, Look>()

/** Makes the handle of a name and range; it re-resolves at each call, so it outlives every instance. */
export function createHandle<T>(caller: Caller): Remote<T> {
  return createLateHandle<T>(() => caller)
}

/** The same, of what is looked for at each use. */
export function createLateHandle<T>(look: Look): Remote<T> {
  const handle = createRemote(look, PLAIN)
  looks.set(handle, look)
  return handle as Remote<T>
}

/** An object whose every path of names is a method, called in one way or another. */
export function createRemote(look: Look, way: Way): object {
  const methods = new Map<string, Method>()
  // util.inspect looks past a proxy's traps, at its target
  const target = Object.defineProperty(Object.create(null) as object, inspect.custom, {
    value: () => describeHandle({ look, way }),
    configurable: true,
  })
  const handle: object = new Proxy(target, {
    get: (_target, key) => {
      if (key === inspect.custom) return () => describeHandle({ look, way })
      if (key === Symbol.toPrimitive) return () => textOf(look())
      if (typeof key === 'symbol' || NEVER.has(key)) return undefined
      if (ASKED.has(key) && !namesUnder(look(), '').includes(key)) return asObject(key, handle, look)
      return methodAt({ look, way }, key, methods)
    },
    has: (_target, key) => typeof key === 'string' && namesUnder(look(), '').includes(key),
    ownKeys: () => namesUnder(look(), ''),
    // configurable and writable, else the proxy's invariants would hold `get` to the target's value
    getOwnPropertyDescriptor: (_target, key) =>
      typeof key === 'string' && namesUnder(look(), '').includes(key)
        ? {
            configurable: true,
            enumerable: true,
            writable: true,
            value: methodAt({ look, way }, key, methods),
          }
        : undefined,
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    setPrototypeOf: () => false,
  })
  keepHome(handle, { what: 'is a service handle', hint: 'send its name and range, and look it up there' })
  return handle
}

/** What a handle calls with now, for the function `what`, which takes nothing else. Errors: DS_INVALID. */
export function callerIn(handle: unknown, what: string): Caller {
  return lookIn(handle, what)()
}

/** The same, to be asked again. Errors: DS_INVALID. */
export function lookIn(handle: unknown, what: string): Look {
  const look = looks.get(handle as object)
  if (look) return look
  throw invalid({
    summary: `${what}() takes a service handle`,
    hint: 'give it what dnodeFor() returned as a promise, or rely(): not the remote of a callback',
  })
}

/** A method is a function, and again a place for the names below it: `remote.users.find(1)`. */
function methodAt(behind: Behind, path: string, methods: Map<string, Method>): Method {
  const { look, way } = behind
  const known = methods.get(path)
  if (known) return known
  const run: Method = (...args) => {
    try {
      return way.call(look(), path, args)
    } catch (error) {
      // what is called with is made at the first call, and could not be
      return Promise.reject(toError(error))
    }
  }
  const method = new Proxy(run, {
    get: (target, key, receiver) => {
      if (key === promisify.custom) return (...args: unknown[]) => way.callWithCallback(look(), path, args)
      if (key === Symbol.toPrimitive) return () => `[object RemoteMethod ${printable(path)}]`
      if (typeof key === 'symbol') return Reflect.get(target, key, receiver) as unknown
      const below = methods.get(`${path}.${key}`)
      if (below) return below
      if (namesUnder(look(), path).includes(key)) return methodAt(behind, `${path}.${key}`, methods)
      if (key === 'name') return path
      if (key in Function.prototype) return Reflect.get(target, key) as unknown
      return NEVER.has(key) || ASKED.has(key) ? undefined : methodAt(behind, `${path}.${key}`, methods)
    },
  })
  methods.set(path, method)
  return method
}

/** What an object without methods of its own answers by these names. */
function asObject(key: string, handle: object, look: Look): (() => unknown) | undefined {
  if (key === 'toJSON') return undefined
  return key === 'valueOf' ? () => handle : () => textOf(look())
}

/** What the instance in use offers below a path; nothing while there is none. */
function namesUnder({ shared: { node, target } }: Caller, path: string): string[] {
  const peer = resolve(node.pool.live(target.name), target.range).chosen[0]
  const prefix = path === '' ? '' : `${path}.`
  const names = new Set<string>()
  for (const method of peer?.session.methods ?? []) {
    if (method.startsWith(prefix)) names.add(method.slice(prefix.length).split('.', 1)[0] ?? '')
  }
  return [...names]
}

/** A method's name is what its service says: it must not write on the reader's terminal. */
function printable(name: string): string {
  return /^[\w$.-]+$/.test(name)
    ? name
    : JSON.stringify(name).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function textOf(caller: Caller): string {
  return `[object RemoteService ${whereOf(caller)}]`
}

function describeHandle({ look, way }: Behind): string {
  const caller = look()
  return `${way.title} ${whereOf(caller)} { ${namesUnder(caller, '').map(printable).join(', ')} }`
}

function whereOf({ shared: { node, target } }: Caller): string {
  const peer = resolve(node.pool.live(target.name), target.range).chosen[0]
  return peer ? `${target.name}@${peer.identity.version}` : `${target.name}@${target.range} (no instance)`
}
