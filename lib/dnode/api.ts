/** What of an api may be called: made from an object or a constructor, listed once. */
import { EventEmitter } from 'node:events'
import type { Api } from './types.js'

type AnyFunction = (...args: unknown[]) => unknown
type Holder = Record<string, unknown>

/** An api as it is sent, and which object holds each of its methods. */
export interface ApiTree {
  readonly tree: Holder
  readonly holders: Map<AnyFunction, object>
}

/**
 * The object whose methods are served. A constructor is called with a fresh object as `this`, which is the api unless it
 * returns another object; so is what cannot be constructed (a function of an object; an arrow function, which has no
 * `this`). Errors: whatever it throws.
 */
export function instanceOf(api: Api, remote: object, conn: unknown): object {
  if (typeof api !== 'function') return api
  const isConstructor = Object.hasOwn(api, 'prototype')
  const fresh = {}
  const made: unknown = isConstructor
    ? Reflect.construct(api, [remote, conn])
    : Reflect.apply(api, fresh, [remote, conn])
  return typeof made === 'object' && made !== null ? made : fresh
}

/**
 * The part of an api that peers see: own enumerable functions at any depth, with the plain data between them. Of an
 * object of a class the root gives the methods of its class too, and one further down its own functions alone: what an
 * api merely keeps (a database, a socket) must not become callable.
 */
export function apiTree(instance: object): ApiTree {
  const holders = new Map<AnyFunction, object>()
  const seen = new Map<object, Holder>()
  const copy = (from: object, keys: readonly string[], holdsData: boolean): Holder => {
    const known = seen.get(from)
    if (known) return known
    const to = (Array.isArray(from) ? [] : {}) as Holder
    seen.set(from, to)
    for (const key of keys) {
      const value = (from as Holder)[key]
      if (typeof value === 'function') {
        to[key] = value
        if (!holders.has(value as AnyFunction)) holders.set(value as AnyFunction, from)
      } else if (holdsData && isData(value)) {
        to[key] =
          typeof value === 'object' && value !== null && !(value instanceof Date)
            ? copy(value, Object.keys(value), isPlain(value))
            : value
      }
    }
    return to
  }
  return { tree: copy(instance, rootKeys(instance), true), holders }
}

/** What the platform gives to every object, or every emitter, is no method of an api. */
const PLATFORM: ReadonlySet<unknown> = new Set([Object.prototype, EventEmitter.prototype, Array.prototype])

/** Where an emitter keeps its listeners: they are nobody's to call. */
const EMITTERS_OWN: ReadonlySet<string> = new Set(Object.keys(new EventEmitter()))

/** Own keys, then the methods of the classes above, but no constructor. */
function rootKeys(instance: object): string[] {
  const isEmitter = instance instanceof EventEmitter
  const keys = new Set(Object.keys(instance).filter((key) => !isEmitter || !EMITTERS_OWN.has(key)))
  let above: object | null = Object.getPrototypeOf(instance) as object | null
  while (above !== null && !PLATFORM.has(above)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(above))) {
      if (typeof value === 'function' && key !== 'constructor') keys.add(key)
    }
    above = Object.getPrototypeOf(above) as object | null
  }
  return [...keys]
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

/** What may stand between methods: JSON's scalars, lists and objects. Whatever cannot travel is left out. */
function isData(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) {
    return !ArrayBuffer.isView(value) && !(value instanceof Map) && !(value instanceof Set)
  }
  return (
    value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  )
}
