/** `dnodeFor`, in both styles: a handle for a promise, a classic remote for a callback. */
import { firstOf, ofSignal } from '../../base/cancellation.js'
import { invalid, type DServiceError } from '../../base/errors.js'
import { checkKeys, checkName, checkRange, duration, shown } from '../../base/names.js'
import { DEFAULTS } from '../../base/options.js'
import { runningCall } from '../../dnode/context.js'
import type { Remote } from '../../dnode/remote.js'
import type { Choosing } from '../choosing/choices.js'
import { targetOf, type Target } from '../choosing/target.js'
import type { DnodeForCallback, HandleOptions, RelyOptions } from '../types.js'
import type { RemoteDeclaration } from '../declared.js'
import { acquire, noTimeLeft, type Acquired, type Patience } from './acquire.js'
import { Budget } from './budget.js'
import { chosenBy, choicesOf } from './choosing.js'
import { dnodeForClassic } from './classic.js'
import { createHandle, createLateHandle, lookIn } from './handle.js'
import type { Given } from './lookups.js'
import type { NodeContext } from './node.js'
import { wishOf, type Caller, type Shared } from './tries.js'

/** What is looked for, as the user gave it; what is left out is as it was declared. */
export interface Wanted {
  readonly name: string
  readonly range: unknown
  readonly options?: HandleOptions | undefined
}

const HANDLE_OPTIONS: readonly string[] = Object.keys({
  timeout: 0,
  signal: 0,
  spread: 0,
  balance: 0,
  key: 0,
  idempotent: 0,
  instance: 0,
} satisfies Record<keyof HandleOptions, 0>)
const RELY_OPTIONS: readonly string[] = [
  ...HANDLE_OPTIONS.filter((name) => name !== 'instance'),
  ...Object.keys({ optional: 0, lazy: 0 } satisfies Record<
    Exclude<keyof RelyOptions, keyof HandleOptions>,
    0
  >),
]

/** What the handle of a dependency calls with. Errors: DS_INVALID. */
export function callerOn(node: NodeContext, wanted: Wanted): Caller {
  return callerFor(node, wanted, RELY_OPTIONS)
}

/** What a handle of that name and range calls with. Errors: DS_INVALID. */
export function callerFor(
  node: NodeContext,
  { name, range, options }: Wanted,
  known: readonly string[] = HANDLE_OPTIONS,
): Caller {
  const declared = declaredOf(node, checkName(name))
  const target = targetOf(name, range === undefined && declared ? declared.range : checkRange(range))
  const shared: Shared = { node, target, choices: new Map(), budget: new Budget(), inFlight: 0, broken: null }
  const spread = 'highest'
  const choices = choicesOf(shared, spread)
  const choosing: Choosing = { choices, spread, balance: 'ewma', key: 0, pin: null, asked: target }
  const caller = withKnown(
    {
      shared,
      choosing,
      timeout: declared?.timeout ?? DEFAULTS.timeout,
      cancellation: undefined,
      idempotent: undefined,
    },
    options,
    known,
  )
  node.lookups.add(shared, givenTo(caller))
  return caller
}

/** What the package says of a name. */
export function declaredOf({ declared }: NodeContext, name: string): RemoteDeclaration | undefined {
  return declared?.remotes.find((remote) => remote.name === name)
}

function givenTo({ choosing, timeout, idempotent }: Caller): Given {
  const { balance, spread } = choosing
  const most = timeout === Infinity ? null : timeout
  return { timeout: most, spread, balance, idempotent: idempotent ?? null }
}

/**
 * Another handle of the same name and range, whose calls have these options; the first one keeps its own.
 * Options that are not given are as they were; two signals both count. Errors: DS_INVALID.
 */
export function withOptions<H extends object>(handle: H, options: HandleOptions): H {
  const look = lookIn(handle, 'withOptions')
  let of = look()
  let changed = withKnown(of, options, HANDLE_OPTIONS)
  return createLateHandle<unknown>(() => {
    const now = look()
    if (now !== of) [of, changed] = [now, withKnown(now, options, HANDLE_OPTIONS)]
    return changed
  }) as H
}

function withKnown(caller: Caller, options: HandleOptions | undefined, known: readonly string[]): Caller {
  if (options === undefined) return caller
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid({
      summary: `${shown(options)} is no options of a handle`,
      hint: `give an object: { ${known.join(', ')} }`,
    })
  }
  checkKeys(options, known, 'a handle')
  const { timeout, signal, idempotent } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid({ summary: 'signal is no AbortSignal', hint: 'give the signal of an AbortController' })
  }
  if (idempotent !== undefined && typeof idempotent !== 'boolean') {
    throw invalid({ summary: `idempotent is ${typeof idempotent}`, hint: 'give true or false' })
  }
  return {
    shared: caller.shared,
    choosing: chosenBy(caller, options),
    timeout: timeout === undefined ? caller.timeout : duration(timeout, 'timeout'),
    cancellation: signal ? firstOf(caller.cancellation, ofSignal(signal)) : caller.cancellation,
    idempotent: idempotent ?? caller.idempotent,
  }
}

/** Resolves when an instance is there. Errors: DS_INVALID, DS_NO_INSTANCE, DS_UNREACHABLE, DS_LIMIT, DS_CLOSED. */
export async function handleFor<T>(node: NodeContext, wanted: Wanted): Promise<Remote<T>> {
  const caller = callerFor(node, wanted)
  const found = await node.keepAlive.during(find(caller))
  if (found.ok) return createHandle<T>(caller)
  // the error came about elsewhere; what helps is the line that asked
  Error.captureStackTrace(found.error, handleFor)
  throw found.error
}

/** What one has to wait with for an instance: within a method at most as long as its own caller waits. The handle outlives both. */
export function patienceFor({ shared, timeout, cancellation }: Caller): Patience | null {
  const outer = runningCall()
  const ms = outer ? Math.min(timeout, outer.remaining) : timeout
  if (outer && ms <= 0) return null
  const deadline = shared.node.clock.monotonic() + ms
  return { deadline, cancellation: outer ? firstOf(cancellation, outer) : cancellation }
}

async function find(caller: Caller): Promise<Acquired> {
  const patience = patienceFor(caller)
  if (patience) return acquire(wishOf(caller), patience)
  return { ok: false, error: noTimeLeft(lookUp(caller.shared.target)) }
}

function lookUp({ name, range }: Target): string {
  return `the look-up of ${name}@${range}`
}

/** dnode's way; a bad name too is told through the callback. */
export async function viewFor<T>(
  node: NodeContext,
  wanted: Wanted,
  callback: DnodeForCallback<T>,
): Promise<void> {
  let caller: Caller
  try {
    caller = callerFor(node, wanted)
  } catch (error) {
    return tellError(callback, error as DServiceError)
  }
  const { target } = caller.shared
  const patience = patienceFor(caller)
  if (!patience) return tellError(callback, noTimeLeft(lookUp(target)))
  await dnodeForClassic(wishOf(caller), { ...patience, callback })
}

/** Outside of our promises: what the callback throws is the program's own error. */
function tellError<T>(callback: DnodeForCallback<T>, error: DServiceError): void {
  const none = undefined as never
  process.nextTick(callback, error, none, none)
}
