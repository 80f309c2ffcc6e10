/** `$contract`: what an instance promises, asked for and checked before it is believed. */
import { isDServiceError, reasonOf } from '../../base/errors.js'
import type { Logger } from '../../base/logger.js'
import { readContract } from '../contract-read.js'
import { hashOfContract, type Contract } from '../contract.js'
import type { LivePeer } from './peer.js'

/** The method that every service answers from `waiting` on: with its contract's canonical JSON as a text, or null. */
export const CONTRACT = '$contract'

/** How to ask. */
export interface AskContract {
  /** Milliseconds. */
  readonly timeout: number
  /** The hash that it said; null: none. */
  readonly hash: string | null
  readonly logger: Logger
}

/**
 * Asks an instance for its contract. `none`: it has none, or is of a time before contracts. Null: it did not answer in time, or what it
 * said does not pass, which the log tells; neither does a contract that is not the one whose hash it said.
 */
export async function askContract(
  { identity, session }: LivePeer,
  { timeout, hash, logger }: AskContract,
): Promise<Contract | 'none' | null> {
  const { name, version, id } = identity
  const outcome = await session.call(CONTRACT, [], { timeout })
  if (!outcome.ok) {
    logger.debug({ name, version, id, reason: reasonOf(outcome.error) }, 'an instance told no contract')
    return isDServiceError(outcome.error) && outcome.error.code === 'DS_NO_METHOD' ? 'none' : null
  }
  if (outcome.value === null) return 'none'
  try {
    const contract = readContract(outcome.value)
    const found = hashOfContract(contract)
    if (hash === null || found === hash) return contract
    logger.warn({ name, version, id, said: hash, found }, 'a contract has another hash than its service said')
  } catch (error) {
    logger.warn({ name, version, id, reason: reasonOf(error) }, 'a contract does not pass')
  }
  return null
}
