/** Questions about single instances: what their pointers left open, and whether they are still there. */
import type { Question } from '../dnssd/records.js'
import { Schedule } from './schedule.js'

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
  /** How often was asked: about instances that lack records, and about those that somebody could not reach. */
  readonly #missing = new Map<string, number>()
  readonly #doubts = new Map<string, number>()
  readonly #missingDue = new Schedule<string>()
  readonly #doubtsDue = new Schedule<string>()

  get wakeAt(): number {
    return Math.min(this.#missingDue.next, this.#doubtsDue.next)
  }

  /** Records are missing: ask from `at` on. Changes nothing where that is done already. */
  miss(instance: string, at: number): void {
    if (this.#missing.has(instance)) return
    this.#missing.set(instance, 0)
    this.#missingDue.set(instance, at)
  }

  /** Nothing is missing any more. */
  complete(instance: string): void {
    this.#missing.delete(instance)
    this.#missingDue.delete(instance)
  }

  /** A pointer came again: if we had stopped asking, there is reason to ask anew. */
  encourage(instance: string): void {
    if (this.#missing.get(instance) === MISSING_TRIES) this.complete(instance)
  }

  /** Somebody could not connect: ask now, unless that is done already. */
  doubt(instance: string, now: number): void {
    if (this.#doubts.has(instance)) return
    this.#doubts.set(instance, 0)
    this.#doubtsDue.set(instance, now)
  }

  /** It answered. */
  trust(instance: string): void {
    this.#doubts.delete(instance)
    this.#doubtsDue.delete(instance)
  }

  forget(instance: string): void {
    this.complete(instance)
    this.trust(instance)
  }

  /** What is due: questions to ask, and instances that did not answer. `missing` says what one lacks. */
  tick(
    now: number,
    missing: (instance: string) => readonly Question[],
  ): { questions: Question[]; silent: string[] } {
    const questions: Question[] = []
    const silent: string[] = []
    for (const instance of this.#doubtsDue.take(now)) {
      const tries = this.#doubts.get(instance) ?? 0
      if (tries === DOUBT_TRIES) silent.push(instance)
      else questions.push({ name: instance, type: 'SRV' })
      this.#doubts.set(instance, tries + 1)
      this.#doubtsDue.set(instance, now + DOUBT_GAP)
    }
    if (this.#missingDue.next > now) return { questions, silent }
    for (const instance of this.#missingDue.take(now + BATCH)) {
      questions.push(...missing(instance))
      const tries = (this.#missing.get(instance) ?? 0) + 1
      this.#missing.set(instance, tries)
      this.#missingDue.set(instance, tries < MISSING_TRIES ? now + MISSING_GAP * 2 ** (tries - 1) : Infinity)
    }
    return { questions, silent }
  }
}
