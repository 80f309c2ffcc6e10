/** What a function returned: a promise to wait for, an answer, or neither. */

export function isThenable(value: unknown): boolean {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isObject && typeof (value as { then?: unknown }).then === 'function'
}

/**
 * A timer or an emitter is no answer: `(s, cb) => setTimeout(() => cb(s), 10)` and `(cb) => emitter.on('x', cb)` are how
 * callback code is written.
 */
export function isHandle(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { unref, on } = value as { unref?: unknown; on?: unknown }
  return typeof unref === 'function' || typeof on === 'function'
}
