/** Several calls in one flight: each of what the one before returned, without a way there and back in between. */
import { invalid, limit } from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import type { PipeStep } from '../../dnode/asking.js'
import { callBy } from '../calls/calls.js'
import { callerIn } from '../calls/handle.js'
import type { Ask } from '../calls/tries.js'

/** The value that a chain stands for, while it is written down. */
declare const VALUE: unique symbol

/** What is known of a result that is not there yet: it can be called where it is a function, as can its functions, at any depth. */
export type Piped<T> = { readonly [VALUE]?: T } & Called<T> & {
    readonly [K in keyof T & string as T[K] extends AnyFunction | object ? K : never]: Piped<T[K]>
  }

type Called<T> = T extends (...args: infer A) => infer R ? (...args: A) => Piped<Awaited<R>> : unknown

type AnyFunction = (...args: never[]) => unknown

/** What was written down so far; the names of the next step come behind the last call. */
interface Chain {
  readonly steps: readonly PipeStep[]
  readonly names: readonly string[]
}

const chains = new WeakMap<object, Chain>()

/**
 * Calls a method, then a function of what it returned, and so on, in one flight: `pipeline(h, (r) => r.login(key).profile())`.
 * `build` is called once, with a stand-in for the handle; it must return the last call. The functions that are reached are those that
 * would have been sent: own functions of plain objects, and methods of what goes by reference. One deadline, and one `ran`, is for all.
 * Errors: DS_INVALID; those of a call; DS_NO_METHOD with `ran: 'yes'` where a result has no such function.
 */
export async function pipeline<H extends object, R>(
  handle: H,
  build: (remote: Piped<H>) => Piped<R>,
): Promise<R> {
  const caller = callerIn(handle, 'pipeline')
  const built = chains.get(build(standIn({ steps: [], names: [] }) as Piped<H>))
  const [first] = built?.steps ?? []
  if (!built || !first || built.names.length > 0) throw noCall()
  const ask: Ask = ({ session }, call) => session.pipe(built.steps, call)
  return (await callBy(caller, first, ask)) as R
}

/** Reading a name leads on, calling it is a step. */
function standIn(chain: Chain): object {
  const proxy = new Proxy(() => undefined, {
    get: (_target, name) =>
      typeof name === 'symbol' || name === 'then'
        ? undefined
        : standIn({ steps: chain.steps, names: [...chain.names, name] }),
    apply: (_target, _self, args: unknown[]) => {
      check(chain, args)
      return standIn({ steps: [...chain.steps, { path: chain.names.join('.'), args }], names: [] })
    },
  })
  chains.set(proxy, chain)
  return proxy
}

/** Before a peer has to say it, and say it in its words. */
function check({ steps, names }: Chain, args: readonly unknown[]): void {
  if (steps.length === LIMITS.steps) {
    throw limit({
      summary: `a chain of pipeline() has more than ${LIMITS.steps} calls`,
      hint: 'await what some of them return, and begin another one with it',
    })
  }
  const at = args.findIndex((arg) => typeof arg === 'function' && chains.has(arg))
  if (at < 0) return
  throw invalid({
    summary: `arguments[${at}] of ${names.join('.') || 'a function'} is a part of the chain itself, and has no value yet`,
    hint: 'await that call first, then give what it returned',
  })
}

function noCall(): Error {
  return invalid({
    summary: 'what was given to pipeline() did not return a call',
    hint: 'return the last call of a chain: pipeline(h, (r) => r.login(key).profile())',
  })
}
