/** Calls a method that answers through a callback, as dnode's methods of old do. */
import { disconnected, noMethod, timeout as timeoutError } from '../../base/errors.js'
import { systemClock } from '../../base/clock.js'
import { duration } from '../../base/names.js'
import { DEFAULTS } from '../../base/options.js'
import type { DService } from '../../index.js'
import type { MethodTarget } from './target.js'

/** What is to be called. */
export interface Call {
  readonly target: MethodTarget
  readonly args: readonly unknown[]
  readonly timeout: string | undefined
}

/**
 * Appends a callback and waits for it. An Error as the first argument rejects; one argument is the answer; of two,
 * null or undefined first makes the second the answer, and anything else first rejects.
 */
export async function callBack(mesh: DService, call: Call): Promise<unknown> {
  const ms = duration(call.timeout ?? DEFAULTS.timeout, 'timeout')
  return new Promise((resolve, reject) => {
    const timer = systemClock.after(ms, () => {
      reject(
        timeoutError({
          summary: `${nameOf(call)} did not call back within ${ms} ms`,
          hint: 'give it longer with --timeout, or call it without --callback if it returns its answer',
        }),
      )
    })
    const settle = (run: () => void): void => {
      timer[Symbol.dispose]()
      run()
    }
    mesh.dnodeFor(call.target.name, call.target.range, (error, remote, d) => {
      if (error) return settle(() => reject(error))
      d.once('end', () => settle(() => reject(lost(call))))
      const method = methodAt(remote, call.target.path)
      if (!method) return settle(() => reject(unknownMethod(call, remote)))
      method(...call.args, (...answer: unknown[]) => {
        settle(() => answered(answer, { resolve, reject }))
        d.end()
      })
    })
  })
}

/** What a callback was called with, as an answer or an error. */
export function answered(
  answer: readonly unknown[],
  { resolve, reject }: { resolve: (value: unknown) => void; reject: (error: Error) => void },
): void {
  const [first, second] = answer
  if (first instanceof Error) return reject(first)
  if (isSentError(first)) return reject(Object.assign(new Error(first.message), { name: first.name }))
  if (answer.length < 2) return resolve(first)
  if (first === null || first === undefined) return resolve(second)
  reject(new Error(typeof first === 'string' ? first : JSON.stringify(first), { cause: first }))
}

/** An Error that was sent as an argument arrives as what it says. */
function isSentError(value: unknown): value is { name: string; message: string } {
  if (typeof value !== 'object' || value === null) return false
  const { name, message } = value as { name?: unknown; message?: unknown }
  return typeof message === 'string' && typeof name === 'string' && name.endsWith('Error')
}

type Method = (...args: unknown[]) => void

/** Own properties only: a path must not reach what every object inherits. */
function methodAt(remote: object, path: readonly string[]): Method | undefined {
  const found = path.reduce<unknown>(
    (at, key) => (isObject(at) && Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined),
    remote,
  )
  return typeof found === 'function' ? (found as Method) : undefined
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function unknownMethod(call: Call, remote: object): Error {
  const known = Object.keys(remote)
  return noMethod({
    summary: `${call.target.name} has no method "${call.target.path.join('.')}"`,
    hint: `it has: ${known.join(', ') || 'none'}`,
    details: { known },
  })
}

function lost(call: Call): Error {
  return disconnected({
    summary: `the connection ended before ${nameOf(call)} called back`,
    hint: 'look whether the service lives: `dservice ls`',
  })
}

function nameOf({ target }: Call): string {
  return `${target.name}.${target.path.join('.')}`
}
