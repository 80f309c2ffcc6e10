/** Sources that are asked for one item after the other: iterators, and Web streams by their readers. */
import { isIterator, isWeb, type Source, type Taker } from './source.js'

/** One step of an iterator or reader. */
interface Step {
  readonly done?: boolean
  readonly value?: unknown
}

interface AnyIterator {
  next(): unknown
  return?(): unknown
}

/** What is asked: `next` answers a step or a promise of one. */
interface Asked {
  next(): unknown
  stop(reason: Error | null): unknown
}

/** An async iterator, or a reader: a promise an item. */
class AsyncSource implements Source {
  readonly #asked: Asked
  readonly #to: Taker
  readonly #onStep: (step: unknown) => void
  readonly #onError: (error: unknown) => void

  constructor(asked: Asked, to: Taker) {
    this.#asked = asked
    this.#to = to
    this.#onStep = (step) => this.#step(step)
    this.#onError = (error) => to.fail(error)
  }

  pull(): void {
    try {
      Promise.resolve(this.#asked.next()).then(this.#onStep, this.#onError)
    } catch (error) {
      this.#to.fail(error)
    }
  }

  stop(reason: Error | null): unknown {
    return this.#asked.stop(reason)
  }

  #step(step: unknown): void {
    if (take(step, this.#to)) this.pull()
  }
}

/** An iterator whose items are there: no promise at all. */
class SyncSource implements Source {
  readonly #asked: Asked
  readonly #to: Taker

  constructor(asked: Asked, to: Taker) {
    this.#asked = asked
    this.#to = to
  }

  pull(): void {
    let isWanted = true
    while (isWanted) {
      let step: unknown
      try {
        step = this.#asked.next()
      } catch (error) {
        return this.#to.fail(error)
      }
      isWanted = take(step, this.#to)
    }
  }

  stop(reason: Error | null): unknown {
    return this.#asked.stop(reason)
  }
}

/** Hands a step on; true: the next one is wanted. */
function take(step: unknown, to: Taker): boolean {
  let value: unknown
  try {
    if (typeof step !== 'object' || step === null)
      throw new TypeError(`${String(step)} is no iterator's result`)
    if ((step as Step).done) {
      to.end()
      return false
    }
    value = (step as Step).value
  } catch (error) {
    to.fail(error)
    return false
  }
  return to.item(value)
}

/** Begins to iterate. Errors: what the iterable's own method throws. */
export function iterate(source: object, to: Taker): Source {
  const { [Symbol.asyncIterator]: ofAsync, [Symbol.iterator]: ofSync } = source as {
    [Symbol.asyncIterator]?: () => AnyIterator
    [Symbol.iterator]?: () => AnyIterator
  }
  if (ofAsync) return new AsyncSource(iteratorOf(ofAsync.call(source)), to)
  if (ofSync) return new SyncSource(iteratorOf(ofSync.call(source)), to)
  return new AsyncSource(iteratorOf(source as AnyIterator), to)
}

function iteratorOf(iterator: AnyIterator): Asked {
  return { next: () => iterator.next(), stop: () => iterator.return?.() }
}

/** Begins to read a Web stream. Errors: it is locked by now. */
export function readWeb(source: ReadableStream, to: Taker): Source {
  const reader = source.getReader()
  return new AsyncSource({ next: () => reader.read(), stop: (reason) => reader.cancel(reason) }, to)
}

/** Ends what was never begun: only what is an iterator itself knows of it. */
export function stopUnread(source: object, reason: Error | null): unknown {
  if (isWeb(source)) return source.cancel(reason)
  return isIterator(source) ? (source as AnyIterator).return?.() : undefined
}
