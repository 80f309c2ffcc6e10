/** One address on the mesh: a session to it that is opened, proved by its hello, and opened again when lost. */
import pRetry from 'p-retry'
import type { Clock } from '../../base/clock.js'
import { closed, protocol, reasonOf, toError, unreachable, type DServiceError } from '../../base/errors.js'
import type { Identity } from '../../base/identity.js'
import type { Logger } from '../../base/logger.js'
import { DEFAULTS } from '../../base/options.js'
import type { Hello } from '../../dnode/messages.js'
import { Session, type SessionOptions } from '../../dnode/session.js'
import { formatAddress, type Address, type Transport } from '../../wire/connection.js'
import type { EdgeView } from '../views.js'
import { Changes, type Change } from './changes.js'
import { Standing } from './standing.js'
import { Tenure, type Said } from './tenure.js'

/** Milliseconds after which a session counts as one that lasts. */
const LASTING = 1_000

/** Milliseconds after which a peer that speaks plain dnode is looked at again, at most: it is there, and of no mesh. */
const STRANGER = 30_000

/** What every peer of a pool is made with. */
export interface PeerContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly transport: Transport
  readonly mesh: string
  /** What our side of a session is. */
  readonly session: Omit<SessionOptions, 'onChanged' | 'hello'> & { readonly hello: () => Hello }
}

/** The edges of an instance, as it answered last. */
export interface Told {
  readonly id: string
  readonly revision: number
  readonly edges: readonly EdgeView[]
}

/** A live peer: its session is open and its hello was read. */
export interface LivePeer extends Peer {
  readonly session: Session
  readonly identity: Identity
}

/** Owned by the pool: made at the first sighting of an address, closed when the last one is gone. */
export class Peer {
  readonly address: Address
  /**
   * The session proved last, and who its hello says it is, kept up to date by it; null before the first. They stay when it is lost,
   * until the next one: whoever chose a live peer a moment ago calls it still, and hears from the session how it ended.
   */
  identity: Identity | null = null
  session: Session | null = null
  /** The session may be chosen for calls. */
  #isLive = false
  /** What calls have shown of the instance; another one's where the hello names another. */
  standing: Standing
  /** Grows when what the peer relies on changed. */
  revision = 0
  /** What it said of its edges, at which revision; null: it was not asked. */
  told: Told | null = null
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
  #tenure: Tenure | null = null
  readonly #changes: Changes
  readonly #leaving = new Set<Session>()
  /** The supervisor goes on without the session that it watches. */
  #letGo: () => void = () => undefined
  /** The last attempt met a peer that speaks plain dnode. */
  #isStranger = false

  /** `changed` is called whenever anything above changed; `lost`: a session broke or an attempt failed. */
  constructor(address: Address, context: PeerContext, changed: (peer: Peer, lost: boolean) => void) {
    this.address = address
    this.#context = context
    this.#changed = changed
    this.standing = this.#unknown('')
    this.#changes = new Changes(context.clock, (change) => this.#update(change))
    void this.#supervise()
  }

  isLive(): this is LivePeer {
    return this.#isLive
  }

  get isClosed(): boolean {
    return this.#end.signal.aborted
  }

  /** Sessions that get no calls any more, and have not ended yet. */
  get leaving(): number {
    return this.#leaving.size
  }

  /** Tries again at once instead of waiting out the back-off: somebody saw the peer. */
  nudge(): void {
    this.#nudge.abort()
  }

  /** The session is not ended for our sake until this is disposed of. */
  hold(): Disposable | null {
    return this.#tenure?.hold() ?? null
  }

  /** Our hello says who we are now: a session that was opened before gets no more calls, and another one is dialled. */
  introduce(): void {
    const tenure = this.#tenure
    if (!this.#isLive || !tenure || tenure.isNamed) return
    this.#isLive = false
    this.#changes.clear()
    this.#leave(tenure.session, tenure.leave(this.#context.clock))
    this.#letGo()
    this.#changed(this, false)
  }

  /** Ends the session in order and stops trying. Twice is fine. */
  async close(): Promise<void> {
    const { session } = this
    this.#end.abort()
    this.#nudge.abort()
    this.#changes.clear()
    this.#opening?.destroy(closed({ summary: `nobody looks for ${formatAddress(this.address)} any more` }))
    const sessions = session ? [session, ...this.#leaving] : [...this.#leaving]
    await Promise.all(sessions.map((each) => each.close()))
  }

  /** Connect, wait for the end, connect again, until closed. Never rejects. */
  async #supervise(): Promise<void> {
    while (!this.isClosed) {
      const session = await this.#persist()
      if (!session) continue
      const since = this.#context.clock.monotonic()
      const letGo = new Promise<'let go'>((resolve) => (this.#letGo = () => resolve('let go')))
      const reason = await Promise.race([session.closed, letGo])
      if (reason === 'let go') continue
      // one that says hello and hangs up, again and again, is as one that cannot be reached
      this.attempts = this.#context.clock.monotonic() - since < LASTING ? this.attempts + 1 : 0
      this.#isLive = false
      this.#changes.clear()
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
      this.#isStranger = false
      const tenure = await this.#open()
      this.#prove(tenure)
      return tenure.session
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

  async #open(): Promise<Tenure> {
    const { transport, session: options } = this.#context
    const connection = await transport.dial(this.address, this.#end.signal)
    let isNamed = false
    const hello = (): Hello => {
      const said = options.hello()
      isNamed = said.identity !== null
      return said
    }
    // what is said right behind the hello comes in its turn: before we know that it is proved
    const said: Said = { change: null }
    const onChanged = (state: Identity['state'], revision: number): void => {
      if (session === this.session && this.#isLive) this.#changes.come({ state, revision })
      else said.change = { state, revision }
    }
    const session = new Session(connection, { ...options, hello, onChanged })
    this.#opening = session
    try {
      await session.ready
    } finally {
      this.#opening = null
    }
    const isLate = !isNamed && options.hello().identity !== null
    if (!isLate || this.isClosed) return new Tenure(session, isNamed, said)
    // it was on its way when we got our name
    this.#leave(session, session.close())
    return this.#open()
  }

  /** A sighting was a hint: from here on the peer is what its hello says. */
  #prove(tenure: Tenure): void {
    const { session } = tenure
    const identity = session.hello?.identity
    if (this.isClosed || identity?.mesh !== this.#context.mesh) {
      this.#isStranger = session.hello === null
      // it broke no rule: a reset would be taken for one, and ends a process of npm's dnode
      this.#leave(session, session.close())
      throw this.#unfit(identity)
    }
    this.#tenure = tenure
    const { change } = tenure.said
    this.session = session
    this.identity = change ? { ...identity, state: change.state } : identity
    if (change) this.revision = change.revision
    this.#isLive = true
    if (this.standing.id !== identity.id) this.standing = this.#unknown(identity.id)
    this.standing.idempotent = new Set(session.hello?.idempotent)
    this.lastError = null
    this.tried++
    this.#changed(this, false)
  }

  #unknown(id: string): Standing {
    return new Standing(id, this.#context.clock, () => this.#changed(this, false))
  }

  #unfit(identity: Identity | null | undefined): DServiceError {
    const address = formatAddress(this.address)
    if (this.isClosed) return unreachable({ summary: `${address} was left: the node was stopped` })
    if (identity)
      return unreachable({ summary: `${address} is of the mesh ${JSON.stringify(identity.mesh)}` })
    return unreachable({
      summary: `${address} speaks dnode, but is no service of a mesh`,
      hint: 'call it by connect() of dservice/dnode, which needs no mesh',
    })
  }

  /** A session that nobody calls any more goes, and `close` takes it along where it has not. */
  #leave(session: Session, leaving: Promise<void>): void {
    this.#leaving.add(session)
    void leaving.finally(() => this.#leaving.delete(session))
  }

  #update({ state, revision }: Change): void {
    if (!this.identity || (state === this.identity.state && revision === this.revision)) return
    this.identity = { ...this.identity, state }
    this.revision = revision
    this.#changed(this, false)
  }

  /** Full jitter between 0 and min(max, base * 2^attempts), long for a stranger; cut short by a nudge or the end. */
  async #backOff(): Promise<void> {
    const { clock } = this.#context
    const { reconnectBase, reconnectMax } = DEFAULTS
    const longest = Math.min(reconnectMax, reconnectBase * 2 ** Math.min(this.attempts, 16))
    const wait = this.#isStranger ? STRANGER * (1 - clock.random() / 2) : clock.random() * longest
    const signal = this.#freshNudge()
    try {
      await clock.sleep(wait, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #freshNudge(): AbortSignal {
    if (!this.isClosed) this.#nudge = new AbortController()
    return this.#nudge.signal
  }
}
