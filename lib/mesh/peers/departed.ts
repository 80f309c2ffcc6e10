/** Which instances have said themselves that they leave. */
import type { Identity } from '../../base/identity.js'

/** As many are remembered, the last ones. */
const REMEMBERED = 1_000

/** An id is of one start and never comes back, so who has left is gone for good. Owned by the pool. */
export class Departed {
  readonly #ids = new Set<string>()

  note(identity: Identity): void {
    if (!isLeaving(identity)) return
    const { id } = identity
    this.#ids.delete(id)
    this.#ids.add(id)
    const [oldest] = this.#ids
    if (oldest !== undefined && this.#ids.size > REMEMBERED) this.#ids.delete(oldest)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }
}

/** Whether it takes no more calls, and ends. */
export function isLeaving({ state }: Pick<Identity, 'state'>): boolean {
  return state === 'draining' || state === 'stopped'
}
