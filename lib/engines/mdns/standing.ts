/** The questions that stand: when each is asked again, what is seen through it, and who of its answers could go. */
import { fold } from '../dnssd/names.js'
import type { Question } from '../dnssd/records.js'
import { View } from './view.js'

/** A question that is asked until nobody watches through it: at once, then after ever longer waits (RFC 6762 section 5.2). */
export interface Standing {
  readonly view: View
  /** Instances that answered and are not seen, the first first: of another mesh, or incomplete. Their room goes to those that are. */
  readonly spare: Set<string>
  /** Until then it is asked every second at least while nothing is seen. */
  readonly eagerUntil: number
  readonly nextAt: number
  readonly interval: number
}

/** Somebody waits: as long as any service takes to start on a busy machine, and to be heard. */
const EAGER = 10_000

/** The wait after an answer got lost, or somebody did. */
const INTERVAL = 1_000
const LONGEST_INTERVAL = 3_600_000
/** Questions of one datagram. */
const MOST_QUESTIONS = 30

/** All questions of one querier, by their names. */
export class StandingQuestions {
  readonly #all = new Map<string, Standing>()

  get wakeAt(): number {
    let at = Infinity
    for (const { nextAt } of this.#all.values()) at = Math.min(at, nextAt)
    return at
  }

  get size(): number {
    return this.#all.size
  }

  get names(): string[] {
    return [...this.#all.keys()]
  }

  entries(): IterableIterator<[string, Standing]> {
    return this.#all.entries()
  }

  get(question: string): Standing | undefined {
    return this.#all.get(question)
  }

  /** Asks now, and again after `wait`. */
  add(question: string, now: number, wait: number): void {
    const times = { nextAt: now, interval: wait / 2, eagerUntil: now + EAGER }
    this.#all.set(question, { view: new View(), spare: new Set(), ...times })
  }

  delete(question: string): void {
    this.#all.delete(question)
  }

  /** Asks at this moment if not before, then after a second, two, … */
  askSoon(question: string, at: number): void {
    const standing = this.#all.get(question)
    if (standing && standing.nextAt > at)
      this.#all.set(question, { ...standing, nextAt: at, interval: INTERVAL / 2 })
  }

  /** Somebody behind this question is gone without a goodbye. Should it come back without an announcement, we find it by asking anew. */
  askLater(question: string, now: number): void {
    this.askSoon(question, now + INTERVAL)
  }

  /** The questions whose time has come. */
  due(now: number): Question[] {
    const questions: Question[] = []
    for (const [question, standing] of this.#all) {
      if (standing.nextAt > now) continue
      const isEager = now < standing.eagerUntil && standing.view.isEmpty
      const interval = Math.min(2 * standing.interval, isEager ? INTERVAL : LONGEST_INTERVAL)
      this.#all.set(question, { ...standing, interval, nextAt: now + interval })
      questions.push({ name: question, type: 'PTR' })
    }
    return questions
  }
}

/** Questions, each once, as datagrams take them. */
export function chunks(questions: readonly Question[]): Question[][] {
  const once = [
    ...new Map(questions.map((question) => [`${fold(question.name)} ${question.type}`, question])).values(),
  ]
  const parts: Question[][] = []
  for (let i = 0; i < once.length; i += MOST_QUESTIONS) parts.push(once.slice(i, i + MOST_QUESTIONS))
  return parts
}
