/** Whether two graphs of values are the same: types, data, order, and which objects are one and the same. */

type Pairs = Map<object, object>

/** null: they are; else where they differ. */
export function difference(a: unknown, b: unknown): string | null {
  return compare(a, b, { there: new Map(), back: new Map(), at: 'value' })
}

interface At {
  /** Each object has one partner. */
  readonly there: Pairs
  readonly back: Pairs
  readonly at: string
}

function compare(a: unknown, b: unknown, where: At): string | null {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) {
    return Object.is(a, b) ? null : `${where.at}: ${String(a)} is ${String(b)}`
  }
  const [partner, reverse] = [where.there.get(a), where.back.get(b)]
  if (partner || reverse)
    return partner === b && reverse === a ? null : `${where.at}: not the same object as before`
  where.there.set(a, b)
  where.back.set(b, a)
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${where.at}: another class`
  return all(partsOf(a), partsOf(b), where)
}

function all(a: readonly [string, unknown][], b: readonly [string, unknown][], where: At): string | null {
  const names = (parts: readonly [string, unknown][]): string => parts.map(([name]) => name).join()
  if (names(a) !== names(b)) return `${where.at}: ${names(a)} are ${names(b)}`
  for (const [i, [name, value]] of a.entries()) {
    const found = compare(value, b[i]?.[1], { ...where, at: `${where.at}.${name}` })
    if (found) return found
  }
  return null
}

/** All that is in an object, in order. */
function partsOf(object: object): [string, unknown][] {
  if (object instanceof Date) return [['time', object.getTime()]]
  if (object instanceof RegExp) return [['text', String(object)]]
  if (object instanceof URL) return [['href', object.href]]
  if (object instanceof AbortSignal)
    return [
      ['aborted', object.aborted],
      ['reason', object.reason as unknown],
    ]
  if (object instanceof Map)
    return [...object].flatMap(([key, value], i): [string, unknown][] => [
      [`k${i}`, key],
      [`v${i}`, value],
    ])
  if (object instanceof Set) return [...object].map((item, i) => [`i${i}`, item])
  if (ArrayBuffer.isView(object))
    return bytesOf(new Uint8Array(object.buffer, object.byteOffset, object.byteLength))
  if (object instanceof ArrayBuffer) return bytesOf(new Uint8Array(object))
  const keys =
    object instanceof Error
      ? ['name', 'message', 'cause', 'errors', ...Object.keys(object)]
      : Object.keys(object)
  const own = [['length', (object as { length?: unknown }).length]] as [string, unknown][]
  return [...own, ...keys.map((key): [string, unknown] => [key, (object as Record<string, unknown>)[key]])]
}

function bytesOf(bytes: Uint8Array): [string, unknown][] {
  return [['bytes', Buffer.from(bytes).toString('hex')]]
}
