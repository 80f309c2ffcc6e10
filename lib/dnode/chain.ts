/** A pipelined call: methods one after the other, each of what the one before returned, in one flight. */
import { noMethod } from '../base/errors.js'
import { quote } from '../wire/quote.js'
import { runIn, type RunningCall } from './context.js'
import { isForbiddenKey } from './scrub.js'
import type { Target } from './serve-hook.js'
import { isByReference, methodsOf } from './values/by-reference.js'

/** A step behind the first one: which function of the result before, and its arguments. */
export interface ChainStep {
  readonly path: string
  readonly args: unknown[]
}

type AnyFunction = (...args: unknown[]) => unknown

/** Runs the first and then each of the steps; resolves to what the last one gives. Errors: theirs, DS_NO_METHOD. */
export class Chain implements Target {
  readonly self = null
  readonly isMethod = true
  readonly #first: Target
  readonly #steps: readonly ChainStep[]
  readonly #call: RunningCall

  constructor(first: Target, steps: readonly ChainStep[], call: RunningCall) {
    this.#first = first
    this.#steps = steps
    this.#call = call
  }

  /** With the arguments of the first. */
  readonly run: (...args: unknown[]) => Promise<unknown> = async (...args) => {
    let value = await runIn(this.#call, this.#first, args)
    for (const step of this.#steps) {
      const target = functionAt(value, step.path)
      value = await target.run.apply(target.holder, step.args)
    }
    return value
  }
}

/** A function that the caller could call as well if the value had been sent to it: nothing more is reached this way. */
function functionAt(value: unknown, path: string): { run: AnyFunction; holder: unknown } {
  let holder: unknown = null
  let found = value
  for (const key of path === '' ? [] : path.split('.')) {
    holder = found
    found = propertyOf(found, key)
  }
  if (typeof found === 'function') return { run: found as AnyFunction, holder }
  throw noMethod({
    summary: `the result before has no function ${quote(path, 60)}`,
    hint: 'a pipelined call reaches own functions of plain objects, and methods of what is sent by reference',
    ran: 'yes',
  })
}

function propertyOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || isForbiddenKey(key)) return undefined
  const own = isByReference(value) ? methodsOf(value) : (value as Record<string, unknown>)
  return Object.hasOwn(own, key) ? own[key] : undefined
}
