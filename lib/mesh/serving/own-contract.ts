/** The contract of a service of ours: made of what its api says of itself. */
import { reasonOf } from '../../base/errors.js'
import type { Logger } from '../../base/logger.js'
import { methodsOf } from '../api.js'
import { isMethodPath, readContract } from '../contract-read.js'
import {
  canonical,
  hashOfContract,
  type Contract,
  type MethodContract,
  type TypesContract,
} from '../contract.js'
import type { Said } from '../checks.js'
import { saidOf } from '../method.js'
import { jsonSchemaOf } from './json-schema.js'

/** As `$contract` answers it, with its hash; both null where there is none: the methods of a constructor are not known before a call. */
export interface OwnContract {
  readonly text: string | null
  readonly hash: string | null
}

const NONE: OwnContract = { text: null, hash: null }

/** What an api is said of. */
export interface Promised {
  readonly api: object
  readonly types?: TypesContract | undefined
  readonly logger: Logger
}

/** What callers would not believe is not told: it is left out, and the logger hears of it. */
export function ownContract(promised: Promised): OwnContract {
  const { api, types, logger } = promised
  const paths = methodsOf(api)
  if (paths.length === 0 && !types) return NONE
  const unnamed = paths.filter((path) => !isMethodPath(path))
  if (unnamed.length > 0)
    logger.warn({ methods: unnamed }, 'the contract leaves out methods whose names cannot be told')
  const named = paths.filter(isMethodPath)
  const methods = methodsIn(promised, named)
  const tries: readonly (readonly [what: string, contract: Contract])[] = [
    ['types', { methods, ...(types ? { types } : {}) }],
    ['schemas and descriptions', { methods }],
    ['methods', { methods: Object.fromEntries(named.map((path) => [path, {}])) }],
  ]
  for (const [what, contract] of types ? tries : tries.slice(1)) {
    const found = told(contract)
    if (typeof found !== 'string') return found
    logger.warn({ reason: found }, `the contract is told without its ${what}`)
  }
  return NONE
}

/** The reason why a reader would not take it, or what it is told as. */
function told(contract: Contract): OwnContract | string {
  const text = canonical(contract)
  try {
    readContract(text)
    return { text, hash: hashOfContract(contract) }
  } catch (error) {
    return reasonOf(error)
  }
}

function methodsIn({ api, logger }: Promised, paths: readonly string[]): Record<string, MethodContract> {
  const said = saidOf(api)
  return Object.fromEntries(paths.map((path) => [path, methodOf(path, said[path] ?? {}, logger)]))
}

function methodOf(path: string, said: Said, logger: Logger): MethodContract {
  const { idempotent, description, input, output } = said
  const tell = (reason: string): void =>
    logger.debug(
      { method: path, reason },
      'a schema does not tell all of itself: the contract lets more pass',
    )
  return {
    ...(idempotent ? { idempotent } : {}),
    ...(description ? { description } : {}),
    ...(input ? { input: input.map((schema) => jsonSchemaOf(schema, 'input', tell)) } : {}),
    ...(output ? { output: jsonSchemaOf(output, 'output', tell) } : {}),
  }
}
