/** What the calls of one dservice have in common. */
import type { Clock } from '../../base/clock.js'
import type { KeepAlive } from '../../base/keepalive.js'
import type { Logger } from '../../base/logger.js'
import type { Declared } from '../declared.js'
import type { Pool } from '../peers/pool.js'
import type { CallHook } from './call-hook.js'
import type { Lookups } from './lookups.js'

/** What all handles of one dservice share. */
export interface NodeContext {
  readonly pool: Pool
  readonly clock: Clock
  readonly logger: Logger
  readonly keepAlive: KeepAlive
  readonly mesh: string
  /** How long a call or look-up waits for an instance. */
  readonly instanceWait: number
  /** Told by `snapshot()`. */
  readonly lookups: Lookups
  /** Calls and look-ups that wait, by name. */
  readonly waiting: Map<string, number>
  /** Around each call of a handle; null: nothing is. */
  readonly hooks: readonly CallHook[] | null
  /** By the package of the process; null: nothing. */
  readonly declared: Declared | null
  /** Set once the dservice was stopped. */
  readonly isStopped: () => boolean
}
