/** Questions about single instances: what their pointers left open, and whether they are still there. */
import type { Question } from '../dnssd/records.js'

interface Inquiry {
  readonly tries: number
  readonly nextAt: number
}

/** Asked three times, after 1 s and 2 s; then only when something new is heard. */
const MISSING_TRIES = 3
const MISSING_GAP = 1_000
/** What is due within this is asked together. */
const BATCH = 20
/** RFC 6762 section 10.4 gives a doubted record two questions and ten seconds; on loopback a second each is plenty. */
const DOUBT_TRIES = 2
const DOUBT_GAP = 1_000

/** What is asked about instances, by their folded names. */
export class Inquiries {
  readonly #missing = new Map<string, Inquiry>()
  readonly #doubts = new Map<string, Inquiry>()

  get wakeAt(): number {
    let at = Infinity
    for (const table of [this.#missing, this.#doubts]) {
      for (const { nextAt } of table.values()) at = Math.min(at, nextAt)
    }
    return at
  }

  /** Records are missing: ask from `at` on. Changes nothing where that is done already. */
  miss(instance: string, at: number): void {
    if (!this.#missing.has(instance)) this.#missing.set(instance, { tries: 0, nextAt: at })
  }

  /** Nothing is missing any more. */
  complete(instance: string): void {
    this.#missing.delete(instance)
  }

  /** A pointer came again: if we had stopped asking, there is reason to ask anew. */
  encourage(instance: string): void {
    if (this.#missing.get(instance)?.nextAt === Infinity) this.#missing.delete(instance)
  }

  /** Somebody could not connect: ask now, unless that is done already. */
  doubt(instance: string, now: number): void {
    if (!this.#doubts.has(instance)) this.#doubts.set(instance, { tries: 0, nextAt: now })
  }

  /** It answered. */
  trust(instance: string): void {
    this.#doubts.delete(instance)
  }

  forget(instance: string): void {
    this.#missing.delete(instance)
    this.#doubts.delete(instance)
  }

  /** What is due: questions to ask, and instances that did not answer. `missing` says what one lacks. */
  tick(
    now: number,
    missing: (instance: string) => readonly Question[],
  ): { questions: Question[]; silent: string[] } {
    const questions: Question[] = []
    const silent: string[] = []
    for (const [instance, { tries, nextAt }] of this.#doubts) {
      if (nextAt > now) continue
      if (tries === DOUBT_TRIES) silent.push(instance)
      else questions.push({ name: instance, type: 'SRV' })
      this.#doubts.set(instance, { tries: tries + 1, nextAt: now + DOUBT_GAP })
    }
    if (this.wakeAt > now) return { questions, silent }
    for (const [instance, { tries, nextAt }] of this.#missing) {
      if (nextAt > now + BATCH) continue
      questions.push(...missing(instance))
      const again = tries + 1 < MISSING_TRIES ? now + MISSING_GAP * 2 ** tries : Infinity
      this.#missing.set(instance, { tries: tries + 1, nextAt: again })
    }
    return { questions, silent }
  }
}
