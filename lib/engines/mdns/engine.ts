/** The shell around the machines: it owns the socket and the one timer, and carries out what they order. */
import type { Clock } from '../../base/clock.js'
import { closed, engine, reasonOf } from '../../base/errors.js'
import type { Identity, State } from '../../base/identity.js'
import { silentLogger, type Logger } from '../../base/logger.js'
import type { Announcement, Discovery, Sighting } from '../../mesh/discovery.js'
import type { Address } from '../../wire/connection.js'
import { createDecoder, type Decode } from '../dnssd/decode.js'
import { questionFor } from '../dnssd/names.js'
import { pack } from '../dnssd/pack.js'
import { ofMesh } from '../dnssd/txt.js'
import { Intake } from './intake.js'
import { LOOPBACK, type Machine, type Send, type Source } from './machine.js'
import { offerOf } from './offer.js'
import { createQuerier, type Querier, type QuerierEvent, type See } from './querier.js'
import { createResponder, type Renamed, type ResponderAction, type ResponderEvent } from './responder.js'
import type { GroupSocket, OpenSocket } from './socket.js'

export interface MdnsOptions {
  /** The mesh whose instances are announced and seen. */
  readonly mesh: string
  readonly clock: Clock
  readonly logger?: Logger | undefined
}

type Action = Send | See | Renamed

interface Watcher {
  readonly name: string
  readonly see: (sighting: Sighting) => void
}

/** The answer's delay and the way there and back: whoever is there has answered by then. */
const GATHER = 30
/** A timer that comes later than this, and how long is then waited for answers. */
const LATE = 2_000
const CATCH_UP = 200
/** A lost socket is tried again after a second, two, four, … at most half a minute. */
const REOPEN_FIRST = 1_000
const REOPEN_LAST = 30_000

/** Opens the socket and puts the engine on it. Errors: DS_ENGINE. */
export async function startMdns(options: MdnsOptions, open: OpenSocket): Promise<Discovery> {
  const mdns = new Mdns(options, open)
  await mdns.open()
  return mdns
}

class Mdns implements Discovery {
  readonly url = 'mdns:'
  readonly gather = GATHER
  readonly #mesh: string
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #open: OpenSocket
  readonly #decode: Decode = createDecoder()
  readonly #intake: Intake
  readonly #responder: Machine<ResponderEvent, ResponderAction>
  readonly #querier: Querier
  /** By question. */
  readonly #watchers = new Map<string, Set<Watcher>>()
  readonly #announced = new Set<string>()
  #socket: GroupSocket | null = null
  #timer: Disposable | null = null
  #timerAt = Infinity
  /** No tick before this. */
  #quietUntil = 0
  #reopening: Disposable | null = null
  #disposed: Promise<void> | null = null

  constructor({ mesh, clock, logger = silentLogger }: MdnsOptions, open: OpenSocket) {
    this.#mesh = mesh
    this.#clock = clock
    this.#logger = logger
    this.#open = open
    this.#intake = new Intake(clock, {
      handle: (bytes, from) => this.#receive(bytes, from),
      isOurs: ofMesh(mesh),
    })
    const random = (): number => clock.random()
    this.#responder = createResponder(LOOPBACK, random)
    this.#querier = createQuerier(mesh, LOOPBACK, random)
  }

  async open(): Promise<void> {
    const socket = await this.#open(this.#clock, {
      receive: (bytes, from) => this.#intake.take(bytes, from),
      failed: (error) => this.#lost(error),
    })
    if (this.#disposed) socket.close()
    else this.#socket = socket
  }

  async announce(self: Identity, at: readonly Address[]): Promise<Announcement> {
    this.#assertUsable()
    const own = { ...self, mesh: this.#mesh }
    const offer = offerOf(own, at)
    const { id } = self
    this.#announced.add(id)
    try {
      await this.#respond({ type: 'announce', offer })
    } catch (error) {
      await this.#withdraw(id).catch((again: unknown) => this.#unsent(again))
      throw notSent(error)
    }
    return {
      update: (state: State) =>
        this.#announced.has(id)
          ? this.#respond({ type: 'update', self: { ...own, state } })
          : Promise.resolve(),
      [Symbol.asyncDispose]: () => this.#withdraw(id).catch((error: unknown) => this.#unsent(error)),
    }
  }

  async watch(name: string, see: (sighting: Sighting) => void): Promise<AsyncDisposable> {
    this.#assertUsable()
    const question = questionFor(name)
    const watcher: Watcher = { name, see }
    const watchers = this.#watchers.get(question) ?? new Set<Watcher>()
    this.#watchers.set(question, watchers.add(watcher))
    for (const found of this.#querier.known(question)) this.#show(watcher, { type: 'up', ...found })
    try {
      await this.#query({ type: 'watch', question })
    } catch (error) {
      this.#unwatch(question, watcher)
      throw notSent(error)
    }
    return {
      [Symbol.asyncDispose]: () => {
        this.#unwatch(question, watcher)
        return Promise.resolve()
      },
    }
  }

  recheck(sighting: Sighting): void {
    if (!this.#disposed) this.#inBackground(this.#query({ type: 'recheck', sighting }))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposed ??= this.#dispose())
  }

  async #dispose(): Promise<void> {
    this.#watchers.clear()
    this.#intake.close()
    this.#reopening?.[Symbol.dispose]()
    await Promise.all([...this.#announced].map((id) => this.#withdraw(id))).catch((error: unknown) =>
      this.#unsent(error),
    )
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
    this.#socket?.close()
    this.#socket = null
  }

  #assertUsable(): void {
    if (this.#disposed)
      throw closed({ summary: 'this mDNS engine was disposed of', hint: 'create another one' })
  }

  async #withdraw(id: string): Promise<void> {
    if (this.#announced.delete(id)) await this.#respond({ type: 'withdraw', id })
  }

  #unwatch(question: string, watcher: Watcher): void {
    const watchers = this.#watchers.get(question)
    if (!watchers?.delete(watcher) || watchers.size > 0) return
    this.#watchers.delete(question)
    this.#inBackground(this.#query({ type: 'unwatch', question }))
  }

  #receive(bytes: Uint8Array, from: Source): void {
    if (this.#disposed) return
    const message = this.#decode(bytes)
    if (!message) return
    this.#inBackground(this.#respond({ type: 'message', message, from }))
    this.#inBackground(this.#query({ type: 'message', message, from }))
  }

  #tick(): void {
    const late = this.#clock.monotonic() - this.#timerAt
    this.#timer = null
    this.#timerAt = Infinity
    if (late > LATE) return this.#wake()
    this.#inBackground(this.#respond({ type: 'tick' }))
    this.#inBackground(this.#query({ type: 'tick' }))
  }

  /** This process had been stopped, or was very busy: what it takes for silence are answers that it has not read yet. */
  #wake(): void {
    this.#quietUntil = this.#clock.monotonic() + CATCH_UP
    this.#return()
  }

  #return(): void {
    this.#inBackground(this.#respond({ type: 'returned' }))
    this.#inBackground(this.#query({ type: 'returned' }))
  }

  #respond(event: ResponderEvent): Promise<void> {
    return this.#carryOut(this.#responder.step(event, this.#clock.monotonic()))
  }

  #query(event: QuerierEvent): Promise<void> {
    return this.#carryOut(this.#querier.step(event, this.#clock.monotonic()))
  }

  /** Resolves when all that is to be sent was handed to the kernel. */
  async #carryOut(actions: readonly Action[]): Promise<void> {
    this.#arm()
    const sent: Promise<void>[] = []
    for (const action of actions) {
      if (action.do === 'send') sent.push(this.#send(action))
      else if (action.do === 'see') this.#tellWatchers(action)
      else
        this.#logger.warn({ from: action.from, to: action.to }, 'another service has our DNS label: renamed')
    }
    await Promise.all(sent)
  }

  async #send({ message, to }: Send): Promise<void> {
    if (!this.#socket) throw new Error('the multicast socket is down; it is being opened again')
    await this.#socket.send(pack(message), to)
  }

  #tellWatchers({ question, sighting }: See): void {
    for (const watcher of [...(this.#watchers.get(question) ?? [])]) {
      if (this.#watchers.get(question)?.has(watcher)) this.#show(watcher, sighting)
    }
  }

  /** Two names may share a question: TXT has the name itself. */
  #show({ name, see }: Watcher, sighting: Sighting): void {
    if (name !== '*' && sighting.hint.name !== name) return
    try {
      see(sighting)
    } catch (error) {
      this.#logger.error({ reason: reasonOf(error) }, 'a watcher of mDNS threw')
    }
  }

  #arm(): void {
    const at = Math.max(Math.min(this.#responder.wakeAt, this.#querier.wakeAt), this.#quietUntil)
    if (at === this.#timerAt || this.#disposed) return
    this.#timer?.[Symbol.dispose]()
    this.#timerAt = at
    this.#timer = at === Infinity ? null : this.#clock.after(at - this.#clock.monotonic(), () => this.#tick())
  }

  /** Watches stay quiet and announcements stand while the socket is away. */
  #lost(error: Error): void {
    this.#socket = null
    this.#logger.warn({ reason: error.message }, 'the multicast socket failed; it is opened again')
    this.#reopen(REOPEN_FIRST)
  }

  #reopen(wait: number): void {
    if (this.#disposed) return
    this.#reopening = this.#clock.after(wait, () => {
      this.open().then(
        () => this.#disposed || this.#return(),
        (error: unknown) => {
          this.#logger.warn({ reason: reasonOf(error) }, 'the multicast socket is still not to be had')
          this.#reopen(Math.min(2 * wait, REOPEN_LAST))
        },
      )
    })
  }

  /** For what nobody waits for. A datagram that could not be sent is as one that was lost: it is sent again in time. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => this.#unsent(error))
  }

  #unsent(error: unknown): void {
    this.#logger.debug({ reason: reasonOf(error) }, 'a multicast datagram could not be sent')
  }
}

function notSent(cause: unknown): Error {
  return engine({
    summary: `multicast DNS could not send: ${reasonOf(cause)}`,
    hint: 'try again when the network is up, or list the services by hand with static:',
    cause,
  })
}
