/**
 * Where a walk over the values of a message is, and what it has counted: the same on both sides, so that both find the same
 * container under a number, and the same message too large.
 *
 *   container   what can be sent again by its number: arrays, objects, maps, sets, errors, dates, bytes, ...
 *   level       how deep a container stands: 1 for one in the list of values itself
 */
import { DServiceError, isError, limit, reasonOf, type Failure } from '../../base/errors.js'
import { formatSteps, type Root, type Step } from './path.js'
import type { ValueLimits } from './port.js'

/** Numbers of containers that are kept room for between two messages. */
const ROOM = 1024

/** What a walk says of a value that is not to be had. */
export interface Failed {
  readonly refuse: (failure: Failure) => DServiceError
  readonly verb: string
  /** What to do about something that cannot even be looked at. */
  readonly hint?: string
}

/** One walk over one message; made again for the next by `restart`. */
export class Walk {
  limits: ValueLimits = { depth: 0, nodes: 0 }
  root: Root = 'arguments'
  /** The way to the current value is the first `at` of these. */
  readonly steps: Step[] = []
  at = 0
  /** Values so far, repeats counted as what they stand for. */
  nodes = 0
  /** Containers so far, which is the number of the next. */
  begun = 0
  /** The deepest level since the container began that is open at last. */
  #deepest = 0
  /** Values inside of each container; of one that is open the complement of what was counted before it: below 0. */
  #counts: number[] = []
  /** Levels of each container, itself one, and 0 of one that holds nothing; of one that is open what was deepest before it. */
  #heights: number[] = []
  /** What was thrown here. */
  #refusal: DServiceError | null = null
  readonly #failed: Failed

  constructor(failed: Failed) {
    this.#failed = failed
  }

  restart(limits: ValueLimits, root: Root): void {
    this.limits = limits
    this.root = root
    this.at = this.nodes = this.begun = this.#deepest = 0
    if (this.#counts.length > ROOM) {
      this.#counts = []
      this.#heights = []
    }
  }

  /** Holds nothing of the message any more, but for the keys on the way to its last value. */
  rest(): void {
    this.#refusal = null
  }

  /** The walk is at this step from a container of that level. */
  place(step: Step, level: number): void {
    this.steps[level] = step
    this.at = level + 1
  }

  /** A container begins; answers its number. */
  begin(level: number): number {
    if (level > this.limits.depth) throw this.tooDeep()
    const number = this.begun++
    this.#counts[number] = ~this.nodes
    this.#heights[number] = this.#deepest
    this.#deepest = level
    return number
  }

  end(number: number, level: number): void {
    const before = this.#heights[number] as number
    this.#counts[number] = this.nodes - ~(this.#counts[number] as number)
    this.#heights[number] = this.#deepest - level + 1
    if (before > this.#deepest) this.#deepest = before
  }

  /** A container that holds no values: it begins and ends at once. */
  leaf(): number {
    const number = this.begun++
    this.#counts[number] = this.#heights[number] = 0
    return number
  }

  isOpen(number: number): boolean {
    return (this.#counts[number] as number) < 0
  }

  /** More values were found in the container at the current place. */
  count(values: number): void {
    this.nodes += values
    if (this.nodes > this.limits.nodes) throw this.tooMany()
  }

  /** A container comes again, in one of level `level`. What is inside is counted again, but not of one that is open: a cycle ends there. */
  again(number: number, level: number): void {
    if (this.isOpen(number)) return
    const deepest = level + (this.#heights[number] as number)
    if (deepest > this.limits.depth) throw this.tooDeep()
    if (deepest > this.#deepest) this.#deepest = deepest
    this.count(this.#counts[number] as number)
  }

  /** An error of ours that tells where and what: `arguments[0].user cannot travel: it is a symbol`. */
  refuse(what: string, hint?: string, cause?: unknown): DServiceError {
    return this.#failure(this.#failed.refuse, { what, hint, cause })
  }

  /** As `refuse`, for what is too much: DS_LIMIT. */
  exceed(what: string, hint: string): DServiceError {
    return this.#failure(limit, { what, hint })
  }

  tooDeep(): DServiceError {
    return this.exceed(`is nested deeper than ${this.limits.depth}`, 'send flatter values')
  }

  tooMany(): DServiceError {
    return this.exceed(`has more than the ${this.limits.nodes} values of a message`, 'send less at a time')
  }

  /** What was thrown during the walk, as an error of ours with the path. `isOurs`: it came from us, and tells what is wrong. */
  explain(thrown: unknown, isOurs: boolean): DServiceError {
    if (thrown === this.#refusal && this.#refusal) return this.#refusal
    if (!isOurs || !isError(thrown) || !(thrown instanceof DServiceError)) {
      return this.refuse(`cannot be read: ${reasonOf(thrown)}`, this.#failed.hint, thrown)
    }
    const { code, summary, hint, ran, details } = thrown
    const path = formatSteps(this.steps, this.at, this.root)
    const more = {
      hint: hint ?? undefined,
      ran: ran ?? undefined,
      cause: thrown,
      details: { ...details, path },
    }
    return new DServiceError(code, { summary: `${path} ${this.#failed.verb}: ${summary}`, ...more })
  }

  #failure(
    make: (failure: Failure) => DServiceError,
    { what, hint, cause }: { what: string; hint?: string | undefined; cause?: unknown },
  ): DServiceError {
    const path = formatSteps(this.steps, this.at, this.root)
    const summary = `${path} ${this.#failed.verb}: it ${what}`
    return (this.#refusal = make({ summary, hint, cause, details: { path } }))
  }
}
