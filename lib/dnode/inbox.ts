/** The listening half of a session: rows in, checked messages out, each one for itself. */
import { protocol, toError } from '../base/errors.js'
import { unexpected } from './check.js'
import { readClassic } from './classic.js'
import { answerIdOf, callIdOf, readDialect } from './dialect.js'
import type { Message } from './messages.js'

/** Bad messages in one row; a row with more ends the connection. */
const BAD_MESSAGES = 100

/** Where messages go. `handle` may throw errors of ours: the message is bad then. */
export interface Receiver {
  handle(message: Message): void
  /** A bad call that can be answered. */
  badCall(id: number, error: Error): void
  /** A bad answer to a call of ours. */
  badAnswer(id: number, error: Error): void
  /** Any other bad message. */
  bad(error: Error): void
  /** The connection is to end. */
  broken(error: Error): void
}

/** Owned by one session. Never throws. */
export class Inbox {
  /** What may come next; set by the session when it has read the peer's `methods` row. */
  expects: 'methods' | 'classic' | 'dialect' | 'nothing' = 'methods'
  readonly #to: Receiver

  constructor(to: Receiver) {
    this.#to = to
  }

  row(row: unknown): void {
    if (this.expects === 'methods') this.#first(row)
    else if (this.expects === 'nothing') return
    else if (!Array.isArray(row)) this.#message(row, readClassic)
    else if (this.expects === 'dialect') this.#batch(row)
    else this.#to.bad(unexpected('a classic row, since no dialect was agreed on', row))
  }

  /** Anything but a valid `methods` row ends the connection: who sends it is no dnode. */
  #first(row: unknown): void {
    try {
      const message = readClassic(row)
      if (message.type !== 'methods') throw unexpected('a "methods" row first', row)
      this.#to.handle(message)
    } catch (error) {
      this.#to.broken(toError(error))
    }
  }

  #batch(items: readonly unknown[]): void {
    let bad = 0
    for (const item of items) {
      if (!this.#message(item, readDialect)) bad++
      if (bad > BAD_MESSAGES) return this.#to.broken(flood())
      if (this.expects === 'nothing') return
    }
  }

  #message(item: unknown, read: (item: unknown) => Message): boolean {
    try {
      this.#to.handle(read(item))
      return true
    } catch (error) {
      this.#refuse(item, toError(error))
      return false
    }
  }

  /** Its call is answered, or the call that it was to answer fails, so that nobody waits for ever. */
  #refuse(item: unknown, error: Error): void {
    const isDialect = this.expects === 'dialect'
    const call = isDialect ? callIdOf(item) : null
    if (call !== null) return this.#to.badCall(call, error)
    const answer = isDialect ? answerIdOf(item) : null
    if (answer !== null) return this.#to.badAnswer(answer, error)
    this.#to.bad(error)
  }
}

function flood(): Error {
  return protocol({ summary: `a row was received with more than ${BAD_MESSAGES} bad messages` })
}
