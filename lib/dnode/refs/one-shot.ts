/** Functions of ours that are called once at most, and that nobody has to release. */

type AnyFunction = (...args: never[]) => unknown

const marked = new WeakSet<AnyFunction>()

/** Marks a callback whose first call is its last: that of a promisified call. It is forgotten with that call. */
export function oneShot<F extends AnyFunction>(run: F): F {
  marked.add(run)
  return run
}

/** Whether it was marked. */
export function isOneShot(run: AnyFunction): boolean {
  return marked.has(run)
}
