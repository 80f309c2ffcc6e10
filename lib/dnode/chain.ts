/** A pipelined call: methods one after the other, each of what the one before returned, in one flight. */
import { noMethod } from '../base/errors.js'
import { quote } from '../wire/quote.js'
import { runIn, type RunningCall } from './context.js'
import type { Target } from './serve-hook.js'
import type { CustomTypes } from './values/custom.js'
import { memberOf } from './values/member.js'

/** A step behind the first one: which function of the result before, and its arguments. */
export interface ChainStep {
  readonly path: string
  readonly args: unknown[]
}

/** What a chain is behind its first call. */
interface ChainRest {
  readonly steps: readonly ChainStep[]
  readonly call: RunningCall
  /** Classes of which nothing is reached but what they travel as, which is no function. */
  readonly custom: CustomTypes | null
}

type AnyFunction = (...args: unknown[]) => unknown

/** Runs the first and then each of the steps; resolves to what the last one gives. Errors: theirs, DS_NO_METHOD. */
export class Chain implements Target {
  readonly self = null
  readonly isMethod = true
  readonly #first: Target
  readonly #rest: ChainRest

  constructor(first: Target, rest: ChainRest) {
    this.#first = first
    this.#rest = rest
  }

  /** With the arguments of the first. */
  readonly run: (...args: unknown[]) => Promise<unknown> = async (...args) => {
    const { steps, call, custom } = this.#rest
    let value = await runIn(call, this.#first, args)
    for (const step of steps) {
      const target = functionAt(value, step.path, custom)
      value = await target.run.apply(target.holder, step.args)
    }
    return value
  }
}

/** A function that the caller could call as well if the value had been sent to it: nothing more is reached this way. */
function functionAt(
  value: unknown,
  path: string,
  custom: CustomTypes | null,
): { run: AnyFunction; holder: unknown } {
  let holder: unknown = null
  let found = value
  for (const key of path === '' ? [] : path.split('.')) {
    holder = found
    found = memberOf(found, key, custom)
  }
  if (typeof found === 'function') return { run: found as AnyFunction, holder }
  throw noMethod({
    summary: `the result before has no function ${quote(path, 60)}`,
    hint: 'a pipelined call reaches own functions of plain objects, and methods of what is sent by reference',
    ran: 'yes',
  })
}
