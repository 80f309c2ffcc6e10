/** Objects that stay where they are: what travels is their methods, as functions. */
import { invalid } from '../../base/errors.js'
import { isForbiddenKey } from '../scrub.js'
import type { AnyFunction } from './port.js'

/** What an object is refused for, and what to do instead. */
export interface Reason {
  readonly what: string
  readonly hint: string
}

/** There is no such property: it is how the types tell what was marked. */
declare const MARKED: unique symbol

/** An object that stays where it is: a caller sees its methods, as functions that answer with promises. */
export type ByReference<T extends object = object> = T & { readonly [MARKED]: T }

/** null until somebody marks something, so that nobody else pays for looking. */
let marked: WeakSet<object> | null = null

/** The functions of each marked object that was sent: the same ones each time. */
const methods = new WeakMap<object, Readonly<Record<string, AnyFunction>>>()

/** Objects of ours that look like data and are none. */
const kept = new WeakMap<object, Reason>()

/**
 * Marks an object to be sent by reference: the peer gets an object of its methods, its own and those of its classes, each a
 * function that is called on this object. Errors: DS_INVALID for what is no object.
 */
export function byReference<T extends object>(object: T): ByReference<T> {
  if (typeof object !== 'object' || object === null) {
    throw invalid({ summary: `byReference was given ${typeof object}`, hint: 'give it an object' })
  }
  marked ??= new WeakSet()
  marked.add(object)
  return object as ByReference<T>
}

export function isByReference(value: object): boolean {
  return marked !== null && marked.has(value)
}

/** Marks an object of the library's that looks like data to be refused, with the reason. */
export function keepHome(value: object, reason: Reason): void {
  kept.set(value, reason)
}

/** Why this object is refused; undefined: it is not. */
export function keptHome(value: object): Reason | undefined {
  return kept.get(value)
}

/** The methods of an object as functions bound to it; made when it is sent first. No getter is read. */
export function methodsOf(object: object): Readonly<Record<string, AnyFunction>> {
  const known = methods.get(object)
  if (known) return known
  const found: Record<string, AnyFunction> = {}
  for (
    let at: object | null = object;
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value !== 'function' || isForbiddenKey(key) || Object.hasOwn(found, key)) continue
      found[key] = (value as AnyFunction).bind(object) as AnyFunction
    }
  }
  methods.set(object, found)
  return found
}
