/** A peer's stream as an async iterator. */
import { toError } from '../../base/errors.js'
import { NOTHING, type Incoming, type Reader } from './incoming.js'
import { Queue } from './queue.js'

type Result = IteratorResult<unknown, undefined>

interface Waiter {
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
}

/** One for each stream: who asks for its iterator twice goes on with the same. After a failure every read rejects with it. */
export class IncomingIterator implements AsyncIterableIterator<unknown, undefined>, AsyncDisposable, Reader {
  readonly #incoming: Incoming
  /** Reads without an item, the oldest first. */
  #waiters: Queue<Waiter> | null = null

  constructor(incoming: Incoming) {
    this.#incoming = incoming
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Result> {
    // where others wait nothing is there: it would have been theirs
    const item = this.#incoming.take()
    if (item !== NOTHING) return Promise.resolve({ value: item, done: false })
    if (this.#incoming.isOver) return this.#last()
    return new Promise((resolve, reject) => {
      this.#waiters ??= new Queue()
      this.#waiters.push({ resolve, reject })
      this.#incoming.wait(this)
    })
  }

  /** What still comes is dropped, and reads that wait are over. */
  return(): Promise<Result> {
    this.#stop(null)
    return Promise.resolve({ value: undefined, done: true })
  }

  throw(thrown?: unknown): Promise<Result> {
    const error = toError(thrown)
    this.#stop(error)
    return Promise.reject(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  more(): void {
    const [incoming, waiters] = [this.#incoming, this.#waiters]
    while (waiters !== null && waiters.size > 0) {
      const item = incoming.take()
      if (item !== NOTHING) waiters.shift()?.resolve({ value: item, done: false })
      else if (incoming.isOver) this.#settle(waiters.shift())
      else return incoming.wait(this)
    }
  }

  #stop(error: Error | null): void {
    this.#incoming.stop(error)
    this.more()
  }

  #settle(waiter: Waiter | undefined): void {
    const { error } = this.#incoming
    if (error) waiter?.reject(error)
    else waiter?.resolve({ value: undefined, done: true })
  }

  #last(): Promise<Result> {
    const { error } = this.#incoming
    return error ? Promise.reject(error) : Promise.resolve({ value: undefined, done: true })
  }
}
