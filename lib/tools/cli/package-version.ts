/** The version of this package, from its own package.json. */
import { findPackage } from '../../base/package.js'

/** The same from the sources and from dist: the nearest package.json upwards is ours. */
export function packageVersion(): string {
  return findPackage(import.meta.dirname).version ?? '0.0.0'
}
