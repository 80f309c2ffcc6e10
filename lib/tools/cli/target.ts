/** `d1.transform`, `d1@^1.2.transform`, `d1@^1:users.find`: which method of which service is meant. */
import { invalid } from '../../base/errors.js'
import { checkName, checkRange, splitAt } from '../../base/names.js'

/** A service and what of it is in range. */
export interface ServiceTarget {
  readonly name: string
  /** undefined: any version. */
  readonly range: string | undefined
}

/** A method of a service. */
export interface MethodTarget extends ServiceTarget {
  /** `['users', 'find']` for `users.find`. */
  readonly path: readonly string[]
}

/** `name` or `name@range`. Errors: DS_INVALID. */
export function parseService(text: string): ServiceTarget {
  const { name, after } = splitAt(text)
  return { name: checkName(name), range: after === undefined ? undefined : checkRange(after) }
}

/**
 * The method is what follows the last dot; names and ranges may have dots themselves. A nested method follows a
 * colon instead, which no name and no range can have. Errors: DS_INVALID.
 */
export function parseMethod(text: string): MethodTarget {
  const colon = text.indexOf(':')
  const cut = colon >= 0 ? colon : text.lastIndexOf('.')
  const path = colon >= 0 ? text.slice(cut + 1).split('.') : [text.slice(cut + 1)]
  if (cut <= 0 || path.includes('')) {
    throw invalid({
      summary: `${JSON.stringify(text)} names no method`,
      hint: 'write name.method, name@range.method, or name:nested.method: `dservice call d1.transform beep`',
    })
  }
  return { ...parseService(text.slice(0, cut)), path }
}
