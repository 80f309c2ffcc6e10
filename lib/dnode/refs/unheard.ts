/** Calls that failed, and that nobody has asked about: their errors go to the session's owner, so that they are not lost. */
import type { Unasked } from './reply.js'

/** Errors that are told in one turn: a peer may fail as often as it likes. */
const MOST = 100

/** Owned by one session. */
export class Unheard {
  #tell: ((error: Error, more: number) => void) | null
  #replies: Unasked[] = []

  /** `more`: how many further errors of the turn are left out after this one. Must not throw. */
  constructor(tell: (error: Error, more: number) => void) {
    this.#tell = tell
  }

  /** Looked at when the turn is over: a call may fail before its caller can await it. */
  add(reply: Unasked): void {
    if (this.#tell && this.#replies.push(reply) === 1) setImmediate(look, this)
  }

  look(): void {
    const replies = this.#replies.filter((reply) => !reply.isHeard)
    this.#replies = []
    const told = replies.slice(0, MOST)
    for (const [i, { error }] of told.entries()) {
      if (error) this.#tell?.(error, i === MOST - 1 ? replies.length - MOST : 0)
    }
  }

  /** The session ended: what failed before is told, and what fails of that is not. */
  end(): void {
    this.look()
    this.#tell = null
  }
}

function look(unheard: Unheard): void {
  unheard.look()
}
