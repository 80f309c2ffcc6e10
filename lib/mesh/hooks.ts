/** The hooks around calls, in and out, as the user gives them. */
import { forbidden as make, invalid, type DServiceError } from '../base/errors.js'
import { checkKeys } from '../base/names.js'
import type { ServeHook } from '../dnode/serve-hook.js'
import type { CallHook } from './calls/call-hook.js'

/** What stands around calls: `call` around those of our handles, `serve` around those of our methods. */
export interface Hooks {
  readonly call?: CallHook | undefined
  readonly serve?: ServeHook | undefined
}

/** The hooks of each kind, the outermost first; null where there is none, so that a call pays for one look only. */
export interface HookLists {
  readonly call: readonly CallHook[] | null
  readonly serve: readonly ServeHook[] | null
}

/** Errors: DS_INVALID. */
export function listHooks(given: readonly Hooks[] = []): HookLists {
  if (!Array.isArray(given)) throw noHooks(given)
  for (const hooks of given as readonly unknown[]) {
    if (typeof hooks !== 'object' || hooks === null) throw noHooks(hooks)
    checkKeys(hooks, ['call', 'serve'], 'a hook')
    for (const hook of Object.values(hooks)) {
      if (hook !== undefined && typeof hook !== 'function') throw noHooks(hook)
    }
  }
  const call = given.flatMap((hooks) => hooks.call ?? [])
  const serve = given.flatMap((hooks) => hooks.serve ?? [])
  return { call: call.length > 0 ? call : null, serve: serve.length > 0 ? serve : null }
}

/** What an access rule throws: the caller gets DS_FORBIDDEN with this text. */
export function forbidden(summary: string, hint?: string): DServiceError {
  return make({ summary, hint })
}

function noHooks(given: unknown): DServiceError {
  return invalid({
    summary: `hooks has ${given === null ? 'null' : typeof given} where a hook is expected`,
    hint: 'give a list such as [{ serve: (call, next) => next() }]',
  })
}
