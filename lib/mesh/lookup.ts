/** `dnodeFor`, in both styles: a handle for a promise, a classic remote for a callback. */
import type { DServiceError } from '../base/errors.js'
import { checkKeys, checkName, checkRange, duration } from '../base/names.js'
import { DEFAULTS } from '../base/options.js'
import type { Remote } from '../dnode/remote.js'
import { acquire, type NodeContext } from './acquire.js'
import type { Caller } from './calls.js'
import { dnodeForClassic } from './classic.js'
import { createHandle } from './handle.js'
import type { DnodeForCallback, HandleOptions, RelyOptions } from './types.js'

/** What is looked for, as the user gave it. */
export interface Wanted {
  readonly name: string
  readonly range: unknown
  readonly options?: HandleOptions | undefined
}

const HANDLE_OPTIONS: readonly string[] = Object.keys({ timeout: 0 } satisfies Record<keyof HandleOptions, 0>)
const RELY_OPTIONS: readonly string[] = Object.keys({
  timeout: 0,
  optional: 0,
  lazy: 0,
} satisfies Record<keyof RelyOptions, 0>)

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
  if (options) checkKeys(options, known, 'a handle')
  const { timeout = DEFAULTS.timeout } = options ?? {}
  return {
    node,
    target: {
      name: checkName(name),
      range: checkRange(range),
      interest: null,
      gathered: false,
      resolved: null,
    },
    timeout: duration(timeout, 'timeout'),
    inFlight: 0,
    broken: null,
  }
}

/** Resolves when an instance is there. Errors: DS_INVALID, DS_NO_INSTANCE, DS_UNREACHABLE, DS_LIMIT, DS_CLOSED. */
export async function handleFor<T>(node: NodeContext, wanted: Wanted): Promise<Remote<T>> {
  const caller = callerFor(node, wanted)
  const deadline = node.clock.monotonic() + caller.timeout
  const found = await node.keepAlive.during(acquire(node, caller.target, { deadline }))
  if (found.ok) return createHandle<T>(caller)
  // the error came about elsewhere; what helps is the line that asked
  Error.captureStackTrace(found.error, handleFor)
  throw found.error
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
    const none = undefined as never
    process.nextTick(callback, error as DServiceError, none, none)
    return
  }
  const deadline = node.clock.monotonic() + caller.timeout
  await dnodeForClassic(node, caller.target, { deadline, callback })
}
