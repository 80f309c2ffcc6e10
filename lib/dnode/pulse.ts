/** What the heart asks of a session: one object, for a closure each would be held by every idle connection. */
import type { Connection } from '../wire/connection.js'
import type { Asking } from './asking.js'
import { silent } from './failures.js'
import type { Inbox } from './inbox.js'
import type { Pulse } from './liveness.js'
import type { Writer } from './writer.js'

interface PulseParts {
  readonly asking: Asking
  readonly inbox: Inbox
  readonly writer: Writer
  readonly session: { readonly connection: Connection; destroy(reason: Error): void }
}

/** Owned by the session that it is of. */
export class PeerPulse implements Pulse {
  readonly #parts: PulseParts

  constructor(parts: PulseParts) {
    this.#parts = parts
  }

  isBusy(): boolean {
    return this.#parts.asking.size > 0
  }

  isDeaf(): boolean {
    return this.#parts.inbox.isWaiting
  }

  received(): number {
    return this.#parts.session.connection.received
  }

  ask(): void {
    this.#parts.writer.sign('ping')
  }

  assure(): void {
    this.#parts.writer.sign('pong')
  }

  dead(ms: number): void {
    const { session } = this.#parts
    session.destroy(silent(session.connection.peer.address, ms))
  }
}
