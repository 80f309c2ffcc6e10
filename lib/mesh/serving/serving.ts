/** The serving side of a service: listen, accept sessions, announce, drain. */
import { atMost, type Clock } from '../../base/clock.js'
import { isDServiceError, reasonOf, refused, type DServiceError } from '../../base/errors.js'
import type { Identity, State } from '../../base/identity.js'
import type { Logger } from '../../base/logger.js'
import { DEFAULTS } from '../../base/options.js'
import { Session, type SessionOptions } from '../../dnode/session.js'
import {
  formatAddress,
  type Address,
  type Connection,
  type Listening,
  type Transport,
} from '../../wire/connection.js'
import type { Announcement, Discovery } from '../discovery.js'

/** Milliseconds between two warnings of peers that were turned away: who looks at ports must not fill the log. */
const WARN_EVERY = 60_000

export interface ServingOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly transport: Transport
  readonly discovery: Discovery
  readonly listenAt: () => Promise<Address>
  /** What others are told instead of where we listen. */
  readonly advertise: (listening: Address) => Address
  readonly session: Omit<SessionOptions, 'admit'>
}

/** One start of a service, as others see it. Owned by the service; ends with `drain`. */
export class Serving {
  readonly #options: ServingOptions
  readonly #listening: Listening
  /** All sessions share it: a thousand idle ones cost no copies. */
  readonly #session: SessionOptions
  readonly #sessions = new Set<Session>()
  #announcement: Announcement | null = null
  #draining = false
  /** Monotonic time of the next warning at the earliest. */
  #warnAt = -Infinity

  private constructor(options: ServingOptions, listening: Listening) {
    this.#options = options
    this.#listening = listening
    this.#session = { ...options.session, admit: () => this.#admit() }
  }

  /** Listens. Errors: DS_LISTEN. */
  static async open(options: ServingOptions): Promise<Serving> {
    // a connection may come before `listen` has resolved
    const opening = { accept: (connection: Connection): void => void early.push(connection) }
    const early: Connection[] = []
    const listening = await options.transport.listen(await options.listenAt(), (c) => opening.accept(c))
    const serving = new Serving(options, listening)
    opening.accept = (connection) => serving.#accept(connection)
    for (const connection of early) serving.#accept(connection)
    return serving
  }

  /** Where others reach it. */
  get address(): Address {
    return this.#options.advertise(this.#listening.address)
  }

  /** `127.0.0.1:51423`. */
  get where(): string {
    return formatAddress(this.#listening.address)
  }

  /** Open ones, and those that have not said hello yet. */
  get sessions(): readonly Session[] {
    return [...this.#sessions]
  }

  /** Makes the service known. Errors: DS_ENGINE. */
  async announce(self: Identity): Promise<void> {
    const announcement = await this.#options.discovery.announce(self, [this.address])
    if (this.#draining) return announcement[Symbol.asyncDispose]()
    this.#announcement = announcement
  }

  /** Tells everyone that the state, or what the service relies on, changed. */
  changed(state: State, revision: number): void {
    for (const session of this.#sessions) session.changed(state, revision)
    this.#announcement?.update(state).catch((error: unknown) => {
      this.#options.logger.warn({ state, reason: reasonOf(error) }, 'announcing the state failed')
    })
  }

  /**
   * Says goodbye, refuses new calls, lets those that run finish for at most DEFAULTS.drain, closes. Never rejects.
   * Sessions hear `draining` first, so that callers move on before they are refused:
   *
   *   we:     changed draining, ping ->          -> answers, refusals -> our end
   *   caller:        calls on their way -> pong, and calls others
   */
  async drain(revision: number): Promise<void> {
    this.#draining = true
    for (const session of this.#sessions) session.changed('draining', revision)
    await Promise.all([this.#goodbye(), this.#finish()])
    await Promise.all([...this.#sessions].map((session) => session.close()))
  }

  /** Ends at once, without waiting for calls: the start failed. */
  async abort(reason: Error): Promise<void> {
    this.#draining = true
    for (const session of this.#sessions) session.destroy(reason)
    await Promise.all([this.#goodbye(), this.#close()])
  }

  async #finish(): Promise<void> {
    await this.#close()
    const { clock } = this.#options
    const each = (wait: (session: Session) => Promise<void>): Promise<unknown> =>
      Promise.all([...this.#sessions].map(wait))
    const end = clock.monotonic() + DEFAULTS.drain
    // a call that crossed our end would be lost, and nobody could say whether it ran. Who is frozen sends nothing
    await atMost(clock, DEFAULTS.closeTimeout, each(hasHeard))
    await atMost(
      clock,
      end - clock.monotonic(),
      each((session) => session.idle()),
    )
  }

  async #goodbye(): Promise<void> {
    try {
      await this.#announcement?.[Symbol.asyncDispose]()
    } catch (error) {
      this.#options.logger.warn({ reason: reasonOf(error) }, 'saying goodbye failed')
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#listening.close()
    } catch (error) {
      this.#options.logger.warn({ reason: reasonOf(error) }, 'closing the port failed')
    }
  }

  #accept(connection: Connection): void {
    const session = new Session(connection, this.#session)
    this.#sessions.add(session)
    void session.closed.then(() => this.#sessions.delete(session))
    session.ready.catch((error: unknown) => this.#turnedAway(connection, error))
  }

  /** A hello that is refused tells its sender nothing: the reason is for who writes that peer. Who said nothing is of no interest. */
  #turnedAway({ peer }: Connection, error: unknown): void {
    const { clock, logger } = this.#options
    const fields = { peer: peer.address, reason: reasonOf(error) }
    const isRefused = isDServiceError(error) && (error.code === 'DS_PROTOCOL' || error.code === 'DS_LIMIT')
    if (!isRefused || clock.monotonic() < this.#warnAt) return logger.debug(fields, 'a peer was turned away')
    this.#warnAt = clock.monotonic() + WARN_EVERY
    logger.warn(fields, 'a peer was turned away; others within a minute are told at debug')
  }

  #admit(): DServiceError | null {
    if (!this.#draining) return null
    return refused({ summary: 'the service is draining', hint: 'another instance may answer' })
  }
}

/** Resolves when a peer knows what we have told it; also one that is about to say hello, and has our own. */
function hasHeard(session: Session): Promise<void> {
  return session.ready.then(
    () => session.fence(),
    () => undefined,
  )
}
