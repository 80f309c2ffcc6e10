/** One address on the mesh: a session to it that is opened, proved by its hello, and opened again when lost. */
import pRetry from 'p-retry'
import type { Clock } from '../base/clock.js'
import { closed, protocol, reasonOf, toError, unreachable } from '../base/errors.js'
import type { Identity } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import { DEFAULTS } from '../base/options.js'
import { Session, type SessionOptions } from '../dnode/session.js'
import { formatAddress, type Address, type Transport } from '../wire/connection.js'

/** Milliseconds after which a session counts as one that lasts. */
const LASTING = 1_000

/** What every peer of a pool is made with. */
export interface PeerContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly transport: Transport
  readonly mesh: string
  /** What our side of a session is. */
  readonly session: Omit<SessionOptions, 'onChanged'>
}

/** A live peer: its session is open and its hello was read. */
export interface LivePeer extends Peer {
  readonly session: Session
  readonly identity: Identity
}

/** Owned by the pool: made at the first sighting of an address, closed when the last one is gone. */
export class Peer {
  readonly address: Address
  /** Proved by the hello of the open session, kept up to date by it; null while there is none. */
  identity: Identity | null = null
  session: Session | null = null
  /** Grows when what the peer relies on changed. */
  revision = 0
  /** Why the last attempt failed; null after a success. */
  lastError: Error | null = null
  /** Attempts in vain, and sessions that did not last, since the last one that did. */
  attempts = 0
  /** Ended attempts, good or bad: 0 means that nothing is known yet. */
  tried = 0
  readonly #context: PeerContext
  readonly #changed: (peer: Peer, lost: boolean) => void
  readonly #end = new AbortController()
  #nudge = new AbortController()
  /** Dialled, but without a hello yet. */
  #opening: Session | null = null

  /** `changed` is called whenever anything above changed; `lost`: a session broke or an attempt failed. */
  constructor(address: Address, context: PeerContext, changed: (peer: Peer, lost: boolean) => void) {
    this.address = address
    this.#context = context
    this.#changed = changed
    void this.#supervise()
  }

  isLive(): this is LivePeer {
    return this.session !== null && this.identity !== null
  }

  get isClosed(): boolean {
    return this.#end.signal.aborted
  }

  /** Tries again at once instead of waiting out the back-off: somebody saw the peer. */
  nudge(): void {
    this.#nudge.abort()
  }

  /** Ends the session in order and stops trying. Twice is fine. */
  async close(): Promise<void> {
    const { session } = this
    this.#end.abort()
    this.#nudge.abort()
    this.#opening?.destroy(closed({ summary: `nobody looks for ${formatAddress(this.address)} any more` }))
    await session?.close()
  }

  /** Connect, wait for the end, connect again, until closed. Never rejects. */
  async #supervise(): Promise<void> {
    while (!this.isClosed) {
      const session = await this.#persist()
      if (!session) continue
      const since = this.#context.clock.monotonic()
      const reason = await session.closed
      // one that says hello and hangs up, again and again, is as one that cannot be reached
      this.attempts = this.#context.clock.monotonic() - since < LASTING ? this.attempts + 1 : 0
      this.session = null
      this.identity = null
      this.lastError =
        reason ?? unreachable({ summary: `${formatAddress(this.address)} closed the connection` })
      if (this.isClosed) return
      this.#changed(this, true)
      if (this.attempts > 0) await this.#backOff()
    }
  }

  /** Tries until a session is proved; null when the peer was closed meanwhile. */
  async #persist(): Promise<Session | null> {
    try {
      return await pRetry(() => this.#attempt(), {
        retries: Infinity,
        minTimeout: 0,
        signal: this.#end.signal,
        onFailedAttempt: () => this.#backOff(),
      })
    } catch (error) {
      if (this.isClosed) return null
      // p-retry gave up although it was told never to: say so, and let the supervisor go on
      this.#context.logger.error({ reason: reasonOf(error) }, 'reconnecting failed')
      await this.#backOff()
      return null
    }
  }

  async #attempt(): Promise<Session> {
    try {
      const session = await this.#open()
      this.#prove(session)
      return session
    } catch (error) {
      if (this.isClosed) throw toError(error)
      this.attempts++
      this.tried++
      // p-retry ends at a TypeError, which would be a bug of ours or a peer's: both are just failed attempts
      this.lastError =
        error instanceof TypeError ? protocol({ summary: reasonOf(error), cause: error }) : toError(error)
      this.#changed(this, true)
      throw this.lastError
    }
  }

  async #open(): Promise<Session> {
    const { transport, session: options } = this.#context
    const connection = await transport.dial(this.address, this.#end.signal)
    const session = new Session(connection, {
      ...options,
      onChanged: (state, revision) => this.#update(state, revision),
    })
    this.#opening = session
    try {
      await session.ready
    } finally {
      this.#opening = null
    }
    return session
  }

  /** A sighting was a hint: from here on the peer is what its hello says. */
  #prove(session: Session): void {
    const identity = session.hello?.identity
    const problem = this.isClosed ? 'the node was stopped' : this.#unfit(identity ?? null)
    if (problem || !identity) {
      const error = unreachable({ summary: `${formatAddress(this.address)} ${problem}` })
      session.destroy(error)
      throw error
    }
    this.session = session
    this.identity = identity
    this.lastError = null
    this.tried++
    this.#changed(this, false)
  }

  #unfit(identity: Identity | null): string | null {
    if (!identity) return 'speaks dnode, but is no service of a mesh'
    if (identity.mesh !== this.#context.mesh) return `is of the mesh ${JSON.stringify(identity.mesh)}`
    return null
  }

  #update(state: Identity['state'], revision: number): void {
    if (!this.identity) return
    this.identity = { ...this.identity, state }
    this.revision = revision
    this.#changed(this, false)
  }

  /** Full jitter between 0 and min(max, base * 2^attempts), cut short by a nudge or the end. */
  async #backOff(): Promise<void> {
    const { clock } = this.#context
    const { reconnectBase, reconnectMax } = DEFAULTS
    const longest = Math.min(reconnectMax, reconnectBase * 2 ** Math.min(this.attempts, 16))
    const signal = this.#freshNudge()
    try {
      await clock.sleep(clock.random() * longest, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #freshNudge(): AbortSignal {
    if (!this.isClosed) this.#nudge = new AbortController()
    return this.#nudge.signal
  }
}
