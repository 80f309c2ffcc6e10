/** The way to a value inside of a message, in words. */
import { quote } from '../wire/quote.js'
import type { Path } from './messages.js'

/** What a list of values is called in errors: `arguments[0].user.socket`. */
export type Root = 'arguments' | 'result' | 'api'

/** The way to a value, for people: `arguments[0].user["first name"]`. */
export function formatPath(path: Path, root: Root): string {
  const steps = root === 'arguments' ? path : path.slice(1)
  return steps.reduce<string>((text, key) => {
    if (typeof key === 'number' || /^\d+$/.test(key)) return `${text}[${key}]`
    return /^[A-Za-z_$][\w$]{0,79}$/.test(key) ? `${text}.${key}` : `${text}[${quote(key)}]`
  }, root)
}
