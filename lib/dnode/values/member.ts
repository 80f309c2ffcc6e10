/** What a path may step to: nothing that would not be there if the value were sent. */
import { isForbiddenKey } from '../scrub.js'
import { isByReference, keptHome, methodsOf } from './by-reference.js'
import type { CustomTypes } from './custom.js'
import { kindOf } from './kinds.js'

/** The property that the receiver of a value would find in it; undefined: none. Throws what a getter throws. */
export function memberOf(value: unknown, key: string, custom: CustomTypes | null): unknown {
  // a function under `then` is never sent
  if (typeof value !== 'object' || value === null || isForbiddenKey(key) || key === 'then') return undefined
  const from = isByReference(value) ? methodsOf(value) : value
  const isThere = from !== value || isRecord(value, key, custom)
  return isThere && Object.prototype.propertyIsEnumerable.call(from, key)
    ? (from as Record<string, unknown>)[key]
    : undefined
}

/** Whether own enumerable properties are what travels of an object, and this key may be one of them. */
function isRecord(value: object, key: string, custom: CustomTypes | null): boolean {
  if (Array.isArray(value)) return /^\d+$/.test(key)
  if ((value as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] !== undefined) return false
  if (Object.getPrototypeOf(value) === Object.prototype) return true
  if (keptHome(value) || custom?.of(value)) return false
  const kind = kindOf(value)
  return kind === 'plain' || (kind === 'data' && !hasToJson(value))
}

/** One of its class's says what travels. */
function hasToJson(value: object): boolean {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function' && !Object.hasOwn(value, 'toJSON')
}
