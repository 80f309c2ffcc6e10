/** A session in use by its peer: who else needs it, and how it ends when it gets no calls any more. */
import { atMost, type Clock } from '../../base/clock.js'
import type { Session } from '../../dnode/session.js'
import type { Change } from './changes.js'

/** Milliseconds between two looks at a session that is to go: nobody waits for its end. */
const LOOK = 1_000

/** The last change of state that the peer has told before its session was proved. */
export interface Said {
  change: Change | null
}

/** Owned by its peer, from the session's proof on. */
export class Tenure {
  readonly session: Session
  /** Whether our hello on it said who we are. */
  readonly isNamed: boolean
  readonly said: Said
  /** Functions of either side when nothing has been called yet. */
  readonly #methods: number
  #holds = 0

  constructor(session: Session, isNamed: boolean, said: Said) {
    this.session = session
    this.isNamed = isNamed
    this.said = said
    this.#methods = this.#functions
  }

  /** Somebody has a view of the session: it stays until this is disposed of. */
  hold(): Disposable {
    this.#holds++
    let isHeld = true
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#holds--
        isHeld = false
      },
    }
  }

  /** Ends the session in order as soon as no call, view or function of it is in use. Never rejects. */
  async leave(clock: Clock): Promise<void> {
    while (!this.session.isClosed && this.#isInUse) {
      await atMost(clock, LOOK, this.session.closed)
    }
    await this.session.close()
  }

  get #isInUse(): boolean {
    const { pending, running } = this.session
    return pending > 0 || running > 0 || this.#holds > 0 || this.#functions > this.#methods
  }

  get #functions(): number {
    const { exported, imported } = this.session.references
    return exported + imported
  }
}
