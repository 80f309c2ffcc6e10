/** Listeners with types: what subscribes returns the thing that ends it. */

type Listeners<E> = { [K in keyof E]?: Set<E[K]> }

/** A set of listeners per event; owned by the object whose events they are. */
export class Emitter<E extends { [K in keyof E]: (...args: never[]) => void }> {
  readonly #listeners: Listeners<E> = {}

  /** Calls `run` at each `event` until disposed. Adding the same function twice listens once. */
  on<K extends keyof E>(event: K, run: E[K]): Disposable {
    const listeners = (this.#listeners[event] ??= new Set())
    listeners.add(run)
    return { [Symbol.dispose]: () => void listeners.delete(run) }
  }

  /**
   * Calls the listeners in the order of their coming; answers how many there were. What one of them throws is an
   * uncaught exception, as with any callback, but neither the others nor the caller are disturbed by it.
   */
  emit<K extends keyof E>(event: K, ...args: Parameters<E[K]>): number {
    const listeners = this.#listeners[event]
    if (!listeners) return 0
    const called = [...listeners]
    for (const run of called) {
      try {
        run(...args)
      } catch (error) {
        process.nextTick(rethrow, error)
      }
    }
    return called.length
  }
}

function rethrow(error: unknown): never {
  throw error
}
