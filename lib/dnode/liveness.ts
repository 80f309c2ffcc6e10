/** Whether peers still live: any row is a sign of life, and so is a good part of one; after a silence a peer is asked for one. */
import type { Clock } from '../base/clock.js'
import { DEFAULTS } from '../base/options.js'

/** Milliseconds of silence: when to ask, and when to give up. */
export interface Patience {
  readonly ask: number
  readonly dead: number
}

/** With calls that wait for answers, and without. */
export interface LivenessLimits {
  readonly busy: Patience
  readonly idle: Patience
}

/** What a session lends to the heart. */
export interface Pulse {
  /** Whether calls wait for this peer. */
  isBusy(): boolean
  /** Whether we read nothing at the moment: it is not the peer that is silent. */
  isDeaf(): boolean
  /** Bytes that came from the peer so far. */
  received(): number
  /** Sends a ping. */
  ask(): void
  /** Sends a pong: a peer that sends us something long hears nothing of us meanwhile, for its question waits behind that. */
  assure(): void
  /** The peer was silent for so many milliseconds. Called once. */
  dead(silence: number): void
}

const PATIENCE: LivenessLimits = {
  busy: { ask: DEFAULTS.askBusy, dead: DEFAULTS.deadBusy },
  idle: { ask: DEFAULTS.askIdle, dead: DEFAULTS.deadIdle },
}

/** Milliseconds between two looks: a threshold is passed by at most this. */
const BEAT = 250

/** Bytes of a row that is not whole which count as a sign of life: fewer of them could keep a row open for ever. */
const PART = 1024

/** One session's silence. Owned by the session: `hear` at each row, disposed of at its end. */
export class Liveness implements Disposable {
  readonly #heart: Heart
  readonly #pulse: Pulse
  #heard = true
  #silence = 0
  /** The silence at which the peer was asked; null while it was not. */
  #asked: number | null = null
  /** What had been received at the last sign of life. */
  #received: number

  constructor(heart: Heart, pulse: Pulse) {
    this.#heart = heart
    this.#pulse = pulse
    this.#received = pulse.received()
  }

  /** A row came: no clock is read and no timer set for it, it leaves a mark. */
  hear(): void {
    this.#heard = true
  }

  /** Called by the heart. */
  look({ busy, idle }: LivenessLimits): void {
    const isPart = !this.#heard && this.#pulse.received() - this.#received >= PART
    if (isPart) this.#pulse.assure()
    if (this.#heard || isPart || this.#pulse.isDeaf()) return this.#live()
    this.#silence += BEAT
    const { ask, dead } = this.#pulse.isBusy() ? busy : idle
    if (this.#asked === null) {
      if (this.#silence < ask) return
      this.#asked = this.#silence
      this.#pulse.ask()
    } else if (this.#silence - this.#asked >= dead - ask) {
      // a quiet session that gets a call has not had this time yet: it counts from the question, not from the last row
      this[Symbol.dispose]()
      this.#pulse.dead(this.#silence)
    }
  }

  #live(): void {
    this.#heard = false
    this.#asked = null
    this.#silence = 0
    this.#received = this.#pulse.received()
  }

  [Symbol.dispose](): void {
    this.#heart.remove(this)
  }
}

/**
 * One timer for all sessions of a node; it runs while there is one. A beat that comes late, because this process was busy
 * or stopped, counts as one: the peers' rows may lie unread, and it is not they who were silent.
 */
export class Heart {
  readonly #clock: Clock
  readonly #limits: LivenessLimits
  readonly #sessions = new Set<Liveness>()
  #timer: Disposable | null = null

  /** `limits`: for tests. */
  constructor(clock: Clock, limits: LivenessLimits = PATIENCE) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Watches a session until it is disposed of. */
  watch(pulse: Pulse): Liveness {
    const liveness = new Liveness(this, pulse)
    this.#sessions.add(liveness)
    this.#timer ??= this.#next()
    return liveness
  }

  /** Called by what `watch` returned. Twice is fine. */
  remove(liveness: Liveness): void {
    this.#sessions.delete(liveness)
    if (this.#sessions.size > 0) return
    this.#timer?.[Symbol.dispose]()
    this.#timer = null
  }

  #next(): Disposable {
    return this.#clock.after(BEAT, () => {
      this.#timer = this.#next()
      for (const session of this.#sessions) session.look(this.#limits)
    })
  }
}
