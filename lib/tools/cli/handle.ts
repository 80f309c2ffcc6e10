/** Calls a method of a handle by its path, as names that were typed. */
import { noMethod } from '../../base/errors.js'
import type { Remote } from '../../index.js'

/** Some names no handle answers, `then` among them; they are methods that are not there. Errors: DS_NO_METHOD. */
export async function callPath(
  handle: Remote,
  path: readonly string[],
  args: readonly unknown[],
): Promise<unknown> {
  const method = path.reduce<unknown>((at, key) => (at as Remote | undefined)?.[key], handle)
  if (typeof method === 'function') return (method as Remote)(...args)
  throw noMethod({
    summary: `"${path.join('.')}" can be no method`,
    hint: 'names such as then and constructor mean something else in JavaScript',
  })
}
