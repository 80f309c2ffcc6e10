/** Values on their way out: as text for people, as JSON for programs. */
import { inspect } from 'node:util'
import { jsonText, plain } from './text.js'

/** A value as text: JSON where JSON can say it, so that it can be piped on; else as Node shows it. */
export function valueText(value: unknown, colors = false): string {
  if (isJson(value)) return jsonText(value, 2)
  return shown(value, { colors, depth: 8 })
}

/** A value as Node shows it. One that holds control characters is shown without colours, which are made of such. */
export function shown(value: unknown, { colors, depth }: { colors: boolean; depth: number }): string {
  const options = { depth, showProxy: false, maxArrayLength: 1_000, maxStringLength: 100_000 }
  const bare = inspect(value, options)
  const safe = plain(bare)
  return colors && safe === bare ? inspect(value, { ...options, colors }) : safe
}

/** Whether JSON can say all of a value: no undefined, no NaN, no object but plain ones, no cycle. */
export function isJson(value: unknown, above: readonly object[] = []): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || above.includes(value) || above.length > 100) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return false
  return Object.values(value).every((inner) => isJson(inner, [...above, value]))
}

/**
 * Any value as JSON can say it: undefined and NaN become null, a BigInt its digits, bytes base64, a Map its entries,
 * a Set its values, an Error its name, message and code; functions and cycles become a word in brackets.
 */
export function jsonable(value: unknown, above: readonly object[] = []): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value ?? null
  if (above.includes(value)) return '[circular]'
  if (above.length > 100) return '[too deep]'
  const inner = [...above, value]
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Error) return errorJson(value)
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (value instanceof Map) return [...value].map((pair) => jsonable(pair, inner))
  if (value instanceof Set || Array.isArray(value))
    return [...(value as Iterable<unknown>)].map((item) => jsonable(item, inner))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonable(item, inner)]))
}

function errorJson(error: Error): object {
  const { code } = error as { code?: unknown }
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
  }
}
