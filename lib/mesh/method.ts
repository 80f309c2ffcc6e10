/** What a service says of a method of its, beside the function itself. */
import { invalid } from '../base/errors.js'
import { checkKeys } from '../base/names.js'
import { walkApi } from './api.js'
import { LONGEST_DESCRIPTION } from './contract-read.js'

/** What can be said of a method. */
export interface MethodOptions {
  /** Running twice does no more than running once: handles call it again where they cannot know whether it ran. */
  readonly idempotent?: boolean
  /** A sentence for people; `$describe` tells it. */
  readonly description?: string
}

type AnyFunction = (...args: never[]) => unknown

/** Two copies of the package understand each other. */
const SAID = Symbol.for('dservice.method')

/**
 * A method of an api with what is to be said of it; is called as `fn` is. `fn` itself stays as it was. Errors: DS_INVALID.
 *
 *   dservice('users', { find: method(find, { idempotent: true }) })
 */
export function method<F extends AnyFunction>(fn: F, options: MethodOptions): F {
  if (typeof fn !== 'function') {
    throw invalid({
      summary: `method() takes a function, not ${typeof fn}`,
      hint: 'give it as method(fn, { … })',
    })
  }
  const said = checked(options)
  const wrapped = function (this: unknown, ...args: never[]): unknown {
    return Reflect.apply(fn, this, args)
  }
  return Object.defineProperties(wrapped, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
    [SAID]: { value: said },
  }) as unknown as F
}

/** What the methods of an api say, by dotted path; those that say nothing are left out. */
export function saidOf(api: object): Record<string, MethodOptions> {
  const said: Record<string, MethodOptions> = {}
  for (const [path, fn] of walkApi(api)) {
    const own = (fn as { readonly [SAID]?: MethodOptions })[SAID]
    if (own) said[path] = own
  }
  return said
}

function checked(options: MethodOptions): MethodOptions {
  const { idempotent, description } = options
  checkKeys(options, ['idempotent', 'description'], 'a method')
  if (idempotent !== undefined && typeof idempotent !== 'boolean') {
    throw invalid({ summary: `idempotent is ${typeof idempotent}`, hint: 'give true or false' })
  }
  if (
    description !== undefined &&
    (typeof description !== 'string' || description.length > LONGEST_DESCRIPTION)
  ) {
    throw invalid({ summary: `a description is a text of at most ${LONGEST_DESCRIPTION} characters` })
  }
  return Object.freeze({ ...options })
}
