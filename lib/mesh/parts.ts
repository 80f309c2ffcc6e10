/** What a dservice is made of. */
import type { Clock } from '../base/clock.js'
import type { KeepAlive } from '../base/keepalive.js'
import type { Logger } from '../base/logger.js'
import type { Redact } from '../dnode/redact.js'
import type { CustomType } from '../dnode/values/port.js'
import type { Address, Transport } from '../wire/connection.js'
import type { TypesContract } from './contract.js'
import type { Declared } from './declared.js'
import type { Discovery } from './discovery.js'
import type { Hooks } from './hooks.js'

/** defaults.ts composes it from what the user gave. */
export interface Parts<A> {
  /** Null: a client. */
  readonly name: string | null
  readonly version: string
  readonly api: A
  readonly mesh: string
  readonly discovery: Discovery
  readonly transport: Transport
  readonly clock: Clock
  readonly logger: Logger
  /** Asked at each start. */
  readonly listenAt: () => Promise<Address>
  /** What others are told, given where we listen. */
  readonly advertise: (listening: Address) => Address
  /** Milliseconds. */
  readonly instanceWait: number
  readonly hooks?: readonly Hooks[] | undefined
  readonly redact?: Redact | undefined
  readonly types?: readonly CustomType[] | undefined
  /** The declaration of the api that the contract tells. */
  readonly apiTypes?: TypesContract | undefined
  /** Null, or left out: nothing is declared. */
  readonly declared?: Declared | null
  /** Default: one that holds the process. */
  readonly keepAlive?: KeepAlive
}
