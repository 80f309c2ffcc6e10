/** The types that a package ships for a service of its: read once, when the service is made. */
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { invalid, summaryOf } from './base/errors.js'
import type { Logger } from './base/logger.js'
import { LARGEST_CONTRACT, type TypesContract } from './mesh/contract.js'
import { checkTypes } from './remotes/declarations/foreign-types.js'
import type { Manifest } from './remotes/types.js'

/** Undefined: the package names none. What cannot be told is left out, and the logger hears why: the service itself is well. */
export function ownTypes(name: string, manifest: Manifest | null, logger: Logger): TypesContract | undefined {
  const named = manifest?.types.get(name)
  if (!manifest || !named) return undefined
  const file = path.join(path.dirname(manifest.file), named.file)
  try {
    const types = { root: named.root, text: read(file) }
    // what every reader would refuse
    checkTypes(types)
    return types
  } catch (error) {
    logger.warn({ file, reason: summaryOf(error) }, 'the contract is told without its types')
    return undefined
  }
}

/** With lines that end as a contract's do. */
function read(file: string): string {
  const found = statSync(file)
  if (!found.isFile()) throw invalid({ summary: 'it is no file' })
  if (found.size > LARGEST_CONTRACT) {
    throw invalid({ summary: `it has ${found.size} bytes, more than ${LARGEST_CONTRACT}` })
  }
  return readFileSync(file, 'utf8')
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
}
