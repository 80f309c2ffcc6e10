/** Processes that are killed, frozen, let go on, stopped in order and started again, by chance. */
import type { Program } from '../../support/programs.js'
import type { Chance } from '../../fuzz/chance.js'

/** A place for an instance, and what is the matter with it. */
interface Berth {
  program: Program | null
  state: 'starting' | 'well' | 'frozen' | 'leaving' | 'gone'
  /** When a frozen one goes on. */
  thawAt: number
}

/** How many instances there are when all are well. */
const SIZE = 3
/** Milliseconds for which one is frozen: shorter and longer than it takes to be noticed. */
const FROZEN = [50, 6_000] as const

/** Owned by one test, whose processes it does things to. */
export class Crew {
  readonly done: Record<string, number> = {}
  readonly #berths: Berth[] = Array.from({ length: SIZE }, () => ({
    program: null,
    state: 'gone',
    thawAt: 0,
  }))
  readonly #begun = new Set<Promise<void>>()
  readonly #start: () => Program
  readonly #chance: Chance
  /** Called when the number of those that are well has changed. */
  readonly #changed: (well: number) => void

  constructor(start: () => Program, chance: Chance, changed: (well: number) => void) {
    this.#start = start
    this.#chance = chance
    this.#changed = changed
  }

  get pids(): number[] {
    return this.#berths.flatMap(({ program }) => program?.pid ?? [])
  }

  /** Does something to one of them, and lets those go on whose time has come. */
  disturb(): void {
    const now = performance.now()
    for (const berth of this.#berths) if (berth.state === 'frozen' && berth.thawAt <= now) this.#thaw(berth)
    const berth = this.#chance.of(this.#berths)
    if (berth.state === 'gone') this.#begin(this.#board(berth))
    else if (berth.state === 'well') this.#hurt(berth, now)
  }

  #hurt(berth: Berth, now: number): void {
    const dice = this.#chance.below(3)
    if (dice === 0) return this.#signal(berth, 'SIGKILL', 'gone')
    if (dice === 1) return this.#begin(this.#leave(berth))
    berth.thawAt = now + this.#chance.about(...FROZEN)
    this.#signal(berth, 'SIGSTOP', 'frozen')
  }

  /** All are there again, and well. Rejects where one could not be started. */
  async mend(): Promise<void> {
    await Promise.all(this.#begun)
    for (const berth of this.#berths) if (berth.state === 'frozen') this.#thaw(berth)
    await Promise.all(this.#berths.map((berth) => this.#board(berth)))
  }

  async #board(berth: Berth): Promise<void> {
    if (berth.state === 'leaving') await berth.program?.ended
    if (berth.state === 'well') return
    if (berth.state !== 'starting') {
      this.#note('start')
      berth.state = 'starting'
      berth.program = this.#start()
    }
    await berth.program?.said(/^ready/)
    if (berth.state === 'starting') this.#set(berth, 'well')
  }

  #thaw(berth: Berth): void {
    this.#signal(berth, 'SIGCONT', 'well')
  }

  async #leave(berth: Berth): Promise<void> {
    this.#signal(berth, 'SIGTERM', 'leaving')
    await berth.program?.ended
    if (berth.state === 'leaving') berth.state = 'gone'
  }

  #signal(berth: Berth, signal: NodeJS.Signals, state: Berth['state']): void {
    this.#note(signal)
    berth.program?.kill(signal)
    this.#set(berth, state)
  }

  /** It goes on by itself, and `mend` hears how it went. */
  #begin(action: Promise<void>): void {
    this.#begun.add(action)
    void action.then(() => this.#begun.delete(action))
  }

  #note(what: string): void {
    this.done[what] = (this.done[what] ?? 0) + 1
  }

  #set(berth: Berth, state: Berth['state']): void {
    berth.state = state
    this.#changed(this.#berths.filter((each) => each.state === 'well').length)
  }
}
