/** A living object as programs see it: some of its fields and nothing else, read at each look; it prints and spreads as plain data. */
import { inspect } from 'node:util'

/**
 * Makes facades of the objects of a class, with these fields, which they have as fields or getters. A proxy is what does it at a price: getters of
 * an object's own, which would spread as well, cost ten times as much a call.
 */
export function facadeOf<T extends object>(
  prototype: object,
  names: readonly (keyof T & string)[],
): (of: T) => T {
  // util.inspect looks past a proxy's traps, at its target
  Object.defineProperty(prototype, inspect.custom, { value: plain })
  const isField = new Set<string | symbol>(names)
  const read = (of: T, key: string | symbol): unknown => Reflect.get(of, key, of)
  const handler: ProxyHandler<T> = {
    get: (of, key) => (isField.has(key) ? read(of, key) : Reflect.get(Object.prototype, key)),
    has: (_of, key) => isField.has(key) || key in Object.prototype,
    ownKeys: () => [...names],
    getOwnPropertyDescriptor: (of, key) =>
      isField.has(key)
        ? { configurable: true, enumerable: true, writable: true, value: read(of, key) }
        : undefined,
    getPrototypeOf: () => Object.prototype,
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    setPrototypeOf: () => false,
  }
  return (of) => new Proxy(of, handler)
}

/** `this` is the facade. */
function plain(this: object): object {
  return { ...this }
}
