/** One round in memory: a hostile peer plays its plan against a session, and everything that must hold is looked at. */
import { performance } from 'node:perf_hooks'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { Heart } from '../../lib/dnode/liveness.js'
import type { Session } from '../../lib/dnode/session.js'
import { connectionOf } from '../../lib/wire/stream.js'
import type { Bystander } from './bystander.js'
import { Line } from './line.js'
import { Turns } from './measure.js'
import { packetsOf, type Plan } from './mutate.js'
import { answersIn, badAnswers, badArguments, badFailure, badOutcome, callsIn, pollution } from './oracle.js'
import { partyOf, type Party } from './party.js'
import { PROGRAMS } from './programs.js'

/** Milliseconds of virtual time after which whatever waits has an end: longer than any deadline or silence. */
const LONG = 70_000

/** Turns of the event loop in which a session has handled what it can, even if it is served a piece at a time. */
const PATIENCE = 3_000

/** Timers wait for us, but time goes by while a session works: it must leave off in time. */
class WorkingClock extends VirtualClock {
  readonly #start = performance.now()

  override monotonic(): number {
    return super.monotonic() + performance.now() - this.#start
  }
}

/** What came out of a round. */
export interface Outcome {
  /** What did not hold, the first of it; null: all held. */
  readonly problem: string | null
  /** Milliseconds of the longest turn of the event loop. */
  readonly longest: number
}

/** Plays a plan to its end. Throws what it did not expect. */
export async function playRound(plan: Plan, bystander: Bystander): Promise<Outcome> {
  const round = new Round(plan, bystander)
  const problem = await round.play()
  return { problem, longest: round.turns.longest }
}

class Round {
  readonly turns: Turns = new Turns()
  readonly #plan: Plan
  readonly #bystander: Bystander
  readonly #clock: VirtualClock
  readonly #line: Line
  readonly #party: Party
  readonly #fed: Buffer[] = []
  /** What methods were called with, and what came of calls: to be looked at between the turns. */
  #seen: (() => string | null)[] = []
  readonly #written: Buffer[] = []
  #problem: string | null = null

  constructor(plan: Plan, bystander: Bystander) {
    this.#plan = plan
    this.#bystander = bystander
    const clock = new WorkingClock(plan.seed)
    this.#clock = clock
    this.#line = new Line({ wrote: (bytes) => this.#written.push(bytes), ended: () => undefined })
    this.#line.isRead = plan.isReading
    const peer = { transport: 'stream', address: 'the hostile peer' } as const
    const program = PROGRAMS.find(({ name }) => name === plan.program)
    if (!program)
      throw new Error(`the corpus has a program ${plan.program} that is not there: record it anew`)
    const quiet = (): void => undefined
    this.#party = partyOf({
      side: plan.victim,
      codec: plan.codec,
      program,
      connection: connectionOf(this.#line, { peer, clock }),
      clock,
      heart: new Heart(clock),
      // a session tells of what must not happen, and of nothing else, as an error
      logger: {
        debug: quiet,
        info: quiet,
        warn: quiet,
        error: (fields, text) => this.#note(`${text}: ${show(fields)}`),
      },
      look: (args) => this.#seen.push(() => badArguments(args)),
      onOutcome: (outcome) => this.#seen.push(() => badOutcome(outcome)),
      onFail: (error) => this.#note(badFailure(error)),
    })
  }

  async play(): Promise<string | null> {
    await this.#attack()
    this.#note(await this.#bystander.problem(this.turns))
    await this.#lookAtAnswers()
    await this.#leave()
    await this.#lookAtTheEnd()
    this.#note(pollution())
    return this.#problem
  }

  get #session(): Session {
    return this.#party.session
  }

  /** The first problem counts: others may follow from it. */
  #note(problem: string | null): void {
    this.#problem ??= problem
  }

  async #attack(): Promise<void> {
    for (const packet of packetsOf(this.#plan)) {
      if (this.#line.destroyed) break
      this.#line.feed(packet)
      this.#fed.push(packet)
      await this.turns.turn()
      this.#lookAtValues()
      if (this.#line.isFull)
        await this.turns.until(() => !this.#line.isFull || this.#line.destroyed, PATIENCE)
      // a peer that neither reads nor is read: it may wait for us for ever
      if (this.#line.isFull) break
    }
    await this.turns.until(() => this.#isQuiet, PATIENCE)
    for (let i = 0; i < 4; i++) await this.turns.turn()
    this.#lookAtValues()
  }

  #lookAtValues(): void {
    for (const look of this.#seen) this.#note(look())
    this.#seen = []
  }

  get #isQuiet(): boolean {
    return this.#line.destroyed || (this.#line.readableLength === 0 && !this.#line.isPaused())
  }

  /** Those methods that take their time have it, then each call was answered, once. */
  async #lookAtAnswers(): Promise<void> {
    const isOpen = (): boolean => !this.#session.isClosed && this.#plan.isReading && this.#isQuiet
    if (isOpen()) await this.#clock.advance(100)
    const answers = answersIn(Buffer.concat(this.#written), this.#plan.codec)
    const calls = callsIn(Buffer.concat(this.#fed))
    if (typeof answers === 'string') return this.#note(answers)
    if (!calls) return
    const mustAll = isOpen() && this.#session.hello !== null
    this.#note(badAnswers(calls, answers, mustAll ? this.#session.running : Infinity))
  }

  async #leave(): Promise<void> {
    switch (this.#plan.ending) {
      case 'end':
        this.#line.feedEnd()
        break
      case 'reset':
        this.#line.reset()
        break
      case 'close':
        void this.#session.close()
        break
      case 'silence':
        break
    }
    await this.#clock.advance(LONG)
    const isOver = new Error('the round is over')
    // a classic peer may say nothing for ever, and so may one that we wait for: then it is our owner who ends it
    if (!this.#session.isClosed && !this.#mayGoOn) this.#note('the session did not end')
    this.#session.destroy(isOver)
    const reason = await this.#session.closed
    if (reason !== isOver) this.#note(badFailure(reason))
  }

  get #mayGoOn(): boolean {
    return this.#plan.ending === 'silence'
      ? !this.#session.hello || !this.#plan.isReading
      : !this.#plan.isReading
  }

  async #lookAtTheEnd(): Promise<void> {
    await this.#clock.advance(LONG)
    let isDone = false
    void this.#party.done.then(() => (isDone = true))
    await this.turns.until(() => isDone, 100)
    this.#lookAtValues()
    const { references, pending, running, streams } = this.#session
    if (!isDone) this.#note('calls of the victim did not settle')
    if (references.exported + references.imported > 0) this.#note(`functions are held: ${show(references)}`)
    if (streams > 0) this.#note(`${streams} streams are open`)
    if (pending > 0) this.#note(`${pending} calls of the victim wait`)
    if (running > 0) this.#note(`${running} calls of the peer run`)
    if (this.#clock.waiting > 0) this.#note(`${this.#clock.waiting} timers wait`)
  }
}

function show(value: unknown): string {
  const { error } = value as { error?: unknown }
  return error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(value)
}
