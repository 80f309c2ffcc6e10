/** Calls a method of a handle by its path, as names that were typed. */
import { promisify } from 'node:util'
import { noMethod } from '../../base/errors.js'
import type { Remote } from '../../index.js'

type Method = (...args: unknown[]) => unknown

/** Calls a method that returns its answer. Errors: DS_NO_METHOD, and those of the call. */
export async function callPath(
  handle: Remote,
  path: readonly string[],
  args: readonly unknown[],
): Promise<unknown> {
  return methodAt(handle, path)(...args)
}

/** Calls a method that answers through a callback in last place, as dnode's of old do. Errors: as `callPath`. */
export async function callBackPath(
  handle: Remote,
  path: readonly string[],
  args: readonly unknown[],
): Promise<unknown> {
  return (promisify(methodAt(handle, path)) as Method)(...args)
}

/** Some names no handle answers, `then` among them; they are methods that are not there. */
function methodAt(handle: Remote, path: readonly string[]): Method {
  const below = (at: unknown, key: string): unknown => (at as Record<string, unknown> | undefined)?.[key]
  const method = path.reduce(below, handle)
  if (typeof method === 'function') return method as Method
  throw noMethod({
    summary: `"${path.join('.')}" can be no method`,
    hint: 'names such as then and constructor mean something else in JavaScript',
  })
}
