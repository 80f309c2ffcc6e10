/** `contracts(handle)`: what those who are there promise. */
import { reasonOf } from '../../base/errors.js'
import { checkKeys, duration } from '../../base/names.js'
import { callerIn } from '../calls/handle.js'
import { patienceFor } from '../calls/lookup.js'
import type { NodeContext } from '../calls/node.js'
import type { Caller } from '../calls/tries.js'
import { instanceOf, present, type Instance } from '../choosing/present.js'
import { canonical, hashOfContract, type Contract } from '../contract.js'
import { isMethodPath, readContract } from '../contract-read.js'
import { askContract } from '../peers/contract.js'
import { describe } from '../peers/describe.js'
import type { LivePeer } from '../peers/peer.js'
import type { Description, Duration } from '../types.js'
import { gatherAll, whoseOf } from './instances.js'

/** Milliseconds until what was not answered is taken as not known. */
const PATIENCE = 3_000

/** Instances that are asked for their contract at once: one may have 256 KiB. */
const AT_ONCE = 16

/** What one instance promises. */
export interface InstanceContract {
  readonly instance: Instance
  /** The contract's, as the instance says it, else of the contract below; null where there is neither. */
  readonly hash: string | null
  /** Names of methods alone where the instance tells no more; null: nothing is known, or what it told does not pass. */
  readonly contract: Contract | null
  /** Its required dependencies: name -> range. */
  readonly rely: Readonly<Record<string, string>>
  /** False where it did not answer `$describe` in time; what it relies on is then unknown. */
  readonly described: boolean
}

/** How `contracts` asks. */
export interface ContractsOptions {
  /** How long all answers are waited for. Default: 3 s. */
  readonly timeout?: Duration
}

/**
 * What the instances in range promise, each with what it relies on, in the order of `instances(handle)`. One instance is asked for
 * each contract's hash, another one where its answer does not pass. Waits for instances as `instances(handle)` does; an instance that does not answer in
 * time is listed all the same. Errors: those of `instances(handle)`; DS_INVALID (an option).
 *
 *   for (const { instance, contract } of await contracts(d1)) console.log(instance.version, Object.keys(contract?.methods ?? {}))
 */
export async function contracts(
  handle: object,
  options: ContractsOptions = {},
): Promise<readonly InstanceContract[]> {
  const caller = callerIn(handle, 'contracts')
  checkKeys(options, ['timeout'], 'contracts()')
  const most = duration(options.timeout ?? PATIENCE, 'timeout')
  const { node } = caller.shared
  const error =
    caller.shared.broken ?? (await node.keepAlive.during(gatherAll(caller, 'a look at the contracts')))
  if (!error) return node.keepAlive.during(new Asking(caller, most).all())
  Error.captureStackTrace(error, contracts)
  throw error
}

/** What an instance said of itself. */
interface Known {
  readonly peer: LivePeer
  readonly instance: Instance
  readonly description: Description | null
}

/** One look. */
class Asking {
  readonly #node: NodeContext
  readonly #peers: readonly LivePeer[]
  readonly #deadline: number

  constructor(caller: Caller, most: number) {
    this.#node = caller.shared.node
    this.#peers = present(whoseOf(caller))
    const now = this.#node.clock.monotonic()
    this.#deadline = Math.min(now + most, patienceFor(caller)?.deadline ?? now)
  }

  async all(): Promise<readonly InstanceContract[]> {
    const known = await Promise.all(this.#peers.map((peer) => this.#describe(peer)))
    const groups = new Map<string, Known[]>()
    for (const one of known) {
      const group = groups.get(keyOf(one))
      if (group) group.push(one)
      else groups.set(keyOf(one), [one])
    }
    const found = new Map<string, Contract | null>()
    await each([...groups], async ([key, ones]) => {
      found.set(key, await this.#contractOf(ones))
    })
    return Object.freeze(known.map((one) => told(one, found.get(keyOf(one)) ?? null)))
  }

  async #describe(peer: LivePeer): Promise<Known> {
    const instance = instanceOf(peer)
    // a silent one leaves time for the contracts of the others
    return { peer, instance, description: this.#left > 0 ? await describe(peer, this.#left / 2) : null }
  }

  /** Of instances that say the same hash: the first answer that passes. One that is silent leaves time for the next. */
  async #contractOf(ones: readonly Known[]): Promise<Contract | null> {
    for (const [i, one] of ones.entries()) {
      const { peer } = one
      const timeout = i < ones.length - 1 ? this.#left / 2 : this.#left
      if (timeout <= 0) return null
      const hash = hashIn(one)
      const contract = await askContract(peer, { timeout, hash, logger: this.#node.logger })
      if (contract === 'none') return hash ? null : this.#namesOf(one)
      if (contract) return contract
    }
    return null
  }

  /** Of a peer that tells no contract: what it says of its methods, else what it serves; null where that is more than a contract may hold. */
  #namesOf({ peer, description }: Known): Contract | null {
    const said = description?.methods ?? []
    const names = (said.length > 0 ? said : peer.session.methods).filter(isMethodPath)
    if (names.length === 0) return null
    try {
      return readContract(canonical({ methods: Object.fromEntries(names.map((name) => [name, {}])) }))
    } catch (error) {
      const { name, version, id } = peer.identity
      this.#node.logger.warn({ name, version, id, reason: reasonOf(error) }, 'names of methods do not pass')
      return null
    }
  }

  get #left(): number {
    return this.#deadline - this.#node.clock.monotonic()
  }
}

/** Its hello says it first; one of a time before that may describe it. */
function hashIn({ peer, description }: Known): string | null {
  return peer.identity.contract ?? description?.contract ?? null
}

/** Instances with one key have one contract. */
function keyOf(one: Known): string {
  return hashIn(one) ?? one.instance.id
}

function told(one: Known, contract: Contract | null): InstanceContract {
  const { instance, description } = one
  const hash = hashIn(one) ?? (contract && hashOfContract(contract))
  const required = (description?.edges ?? []).filter(({ optional, lazy }) => !optional && !lazy)
  const rely = Object.fromEntries(required.map(({ name, range }) => [name, range]))
  return Object.freeze({
    instance,
    hash,
    contract,
    rely: Object.freeze(rely),
    described: description !== null,
  })
}

/** Runs `ask` for each, AT_ONCE at a time. */
async function each<T>(all: readonly T[], ask: (one: T) => Promise<void>): Promise<void> {
  const rest = all.values()
  const worker = async (): Promise<void> => {
    for (const one of rest) await ask(one)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, worker))
}
