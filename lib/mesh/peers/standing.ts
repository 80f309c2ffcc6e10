/** What a node has learnt of one instance by calling it. */
import type { Clock } from '../../base/clock.js'
import { hashOf } from './hash.js'
import { Health } from './health.js'
import { Load } from './load.js'

const NONE: ReadonlySet<string> = new Set()

/** Owned by the peer; a restart is another instance, of which nothing is known. */
export class Standing {
  /** The instance's id. */
  readonly id: string
  readonly hash: number
  readonly load: Load = new Load()
  readonly health: Health
  /** Its methods that may be run twice, as its hello says. */
  idempotent: ReadonlySet<string> = NONE

  /** `changed`: whether calls should go to it changed. */
  constructor(id: string, chance: Pick<Clock, 'random'>, changed: () => void) {
    this.id = id
    this.hash = hashOf(id)
    this.health = new Health(chance, changed)
  }

  get isEjected(): boolean {
    return this.health.isEjected
  }
}
