/** How long one peer is served before everybody else has a turn, and when it must read its answers before it is served again. */
import type { Clock } from '../base/clock.js'
import { LIMITS } from '../base/options.js'
import type { Connection } from '../wire/connection.js'

/** Milliseconds for which messages of one peer are handled in one turn of the event loop. */
const STRETCH = 10

/** Milliseconds of rows after which the rows behind them in the same turn count as well: at most 32 chunks are read in one. */
const SHORT = 1

/** Milliseconds to parse a character: what is worst takes twice as long, what is usual a tenth. */
const PARSING = STRETCH / (256 * 1024)

/** Messages of a turn: what their promises do when they go on is not seen until it is over. */
const MOST = 256
const FIRST = 32

/** Milliseconds of a quick message, of which so many go by between two looks at the clock. */
const QUICK = 0.1
const LOOKS = 8

/** Milliseconds in which a peer that has to read reads nothing, after which more is let through, lest two wait for each other. */
const STALL = 2_000

/** Whose messages are handled. */
export interface Paced {
  /** Handles the messages that waited; it may have to wait again. */
  goOn(): void
  /** Nothing waits any more. */
  rest(): void
}

/**
 * Owned by one session. While something waits the connection is paused, so that everything behind it waits in order, and
 * with the peer.
 *
 *   handling --10 ms are over----------------> waiting --the next turn of the event loop--> handling
 *   handling --a call, and too much unread---> waiting --drain, or a stall---------------> handling
 */
export class Pace {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #paced: Paced
  #waitsFor: 'nothing' | 'its turn' | 'its peer' = 'nothing'
  #isOver = false
  /** The turn in which the peer is being served. */
  #isTurn = false
  #isTurnWatched = false
  #start = 0
  /** Milliseconds that parsing took before the turn began, about. */
  #parsing = 0
  /** Milliseconds of rows that were quick, since a turn was watched last. */
  #quick = 0
  #count = 0
  /** Those of them after which promises may go on. */
  #open = 0
  #nextLook = 1
  /** Messages that a turn may have: as many as fitted into the last one. */
  #most = FIRST
  /** Bytes that may wait to be written before calls do. */
  #unread = LIMITS.unread
  #stallTimer: Disposable | null = null

  constructor(connection: Connection, clock: Clock, paced: Paced) {
    this.#connection = connection
    this.#clock = clock
    this.#paced = paced
  }

  /** When the turn began in which the peer is being served, on the monotonic clock. */
  get start(): number {
    return this.#start
  }

  /** True while messages wait. */
  get isWaiting(): boolean {
    return this.#waitsFor !== 'nothing'
  }

  /** Whether the peer has to read before the next of its calls is handled. */
  get isFull(): boolean {
    return this.#connection.queued > this.#unread
  }

  /** A row came that had so many characters: parsing it is work for its peer as well. */
  parsed(size: number): void {
    this.#parsing += size * PARSING
  }

  /** A row begins: several of them may come in one turn. */
  begin(): void {
    if (this.#isTurn) return
    this.#isTurn = true
    this.#start = this.#clock.monotonic()
    this.#count = this.#open = 0
    this.#nextLook = 1
  }

  /** A row was handled. Quick ones are no stretch until they are many: the end of a turn is waited for now and then, since it costs a round of the loop. */
  finish(): void {
    if (this.#isTurnWatched) return
    this.#quick += this.#took()
    if (this.#quick < SHORT) {
      this.#isTurn = false
      this.#parsing = 0
      return
    }
    this.#quick = 0
    this.#isTurnWatched = true
    setImmediate(() => this.#endTurn())
  }

  /** A message was handled, and is over with that or not: whether it is the turn of others. Where messages are quick, the clock is not asked for each. */
  note(isOver: boolean): boolean {
    this.#count++
    if (!isOver && ++this.#open >= this.#most) return true
    if (this.#count < this.#nextLook) return false
    const took = this.#took()
    this.#nextLook = this.#count + (took < this.#count * QUICK ? LOOKS : 1)
    return took >= STRETCH
  }

  /** The rest waits for the next turn of the event loop. */
  yieldTurn(): void {
    this.#wait('its turn')
    // behind what the handlers have queued: the work of their promises counts as well
    queueMicrotask(() => this.#tune())
    setImmediate(() => this.#again('its turn'))
  }

  /** The rest waits until the peer has read. */
  waitForPeer(): void {
    this.#wait('its peer')
    this.#watch(this.#connection.queued)
  }

  /** All that was written is on its way. */
  drained(): void {
    if (!this.#isOver) this.#unread = LIMITS.unread
    this.#again('its peer')
  }

  /** The session is ending: nothing waits for the peer any more. */
  end(): void {
    this.#isOver = true
    this.#unread = Infinity
    this.#again('its peer')
  }

  #took(): number {
    return this.#clock.monotonic() - this.#start + this.#parsing
  }

  #endTurn(): void {
    this.#isTurn = this.#isTurnWatched = false
    this.#parsing = 0
  }

  #tune(): void {
    const took = this.#clock.monotonic() - this.#start
    const fitting = Math.floor((this.#count * STRETCH) / took)
    this.#most = Math.max(1, Math.min(fitting, this.#most * 2, MOST))
  }

  #wait(what: 'its turn' | 'its peer'): void {
    this.#waitsFor = what
    this.#connection.pause()
  }

  #again(waitedFor: 'its turn' | 'its peer'): void {
    if (this.#waitsFor !== waitedFor) return
    this.#waitsFor = 'nothing'
    this.#stallTimer?.[Symbol.dispose]()
    this.#isTurn = false
    this.#parsing = 0
    this.begin()
    this.#paced.goOn()
    if (this.isWaiting) return
    this.#connection.resume()
    if (!this.isWaiting) this.#paced.rest()
  }

  /** A peer that waits for us as we wait for it gets more, until the write queue is full and it is cut. */
  #watch(before: number): void {
    this.#stallTimer = this.#clock.after(STALL, () => {
      const { queued } = this.#connection
      if (queued < before) return this.#watch(queued)
      this.#unread *= 2
      this.#again('its peer')
    })
  }
}
