/** `d.proto`: a session, as a program for npm's dnode looks at the protocol behind its dnode. */
import { EventEmitter } from 'node:events'
import type { Session } from '../session.js'
import { callbacksOf, keeperOf, type Proto, type ProtocolOptions } from './protocol.js'
import type { Callbacks } from './tables.js'

/** Owned by one dnode, which emits its `remote`, `ready`, `fail` and `error` here too. */
export class SessionProto extends EventEmitter implements Proto {
  /** Set when the api was made. */
  instance: object = {}
  readonly callbacks: Callbacks
  readonly #session: Session

  constructor(session: Session, options: ProtocolOptions) {
    super()
    const { exports, imports } = session.parts
    this.#session = session
    this.callbacks = callbacksOf(exports, imports)
    imports.keeper = keeperOf(options, this)
  }

  get remote(): Record<string, unknown> {
    return this.#session.remote
  }

  /** Does nothing: a session starts by itself. */
  start(): void {
    return
  }

  handle(row: unknown): void {
    this.#session.parts.inbox.row(row)
  }

  request(method: string | number, args: readonly unknown[]): void {
    if (!this.#session.isClosed) this.#session.parts.writer.oneWay(method, args, null)
  }

  cull(id: number): void {
    const { imports, writer } = this.#session.parts
    imports.remove(id)
    if (!this.#session.isClosed) writer.cull([id])
  }
}
