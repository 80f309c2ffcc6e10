/** Checks the api that a service is made of, before anyone can call it. */
import { invalid } from '../base/errors.js'
import { apiTree } from '../dnode/api.js'

/** Names that a proxy, a promise or the protocol needs for itself, at an api's root. */
export const RESERVED: ReadonlySet<string> = new Set([
  'then',
  '__proto__',
  'constructor',
  'prototype',
  'methods',
  'cull',
])

/** How deep a nested api is searched; deeper ones have no callable names. */
const DEPTH = 32

/**
 * An object with at least one function at any depth, or dnode's constructor form. Errors: DS_INVALID, also for
 * names that are reserved: `$…`, `then`, `methods`, `cull` and those that reach into objects.
 */
export function checkApi(api: unknown): asserts api is object {
  if (typeof api === 'function') return
  if (typeof api !== 'object' || api === null || Array.isArray(api)) {
    throw invalid({
      summary: `an api is an object of functions, not ${Array.isArray(api) ? 'an array' : api === null ? 'null' : typeof api}`,
      hint: "for example: dservice('d1', { transform: (s) => s.toUpperCase() })",
    })
  }
  const bad = Object.keys(api).find((name) => name.startsWith('$') || RESERVED.has(name))
  if (bad !== undefined) {
    throw invalid({
      summary: `${JSON.stringify(bad)} cannot be the name of a method`,
      hint: 'the protocol needs it: choose another',
    })
  }
  if (methodsOf(api).length === 0) {
    throw invalid({
      summary: 'the api has no function that could be called',
      hint: 'give it at least one method',
    })
  }
}

/** The dotted paths of all methods that peers see: `transform`, `users.find`. None of a constructor: it has none yet. */
export function methodsOf(api: object): string[] {
  return walkApi(api).map(([path]) => path)
}

/** As `methodsOf`, each with its function. */
export function walkApi(api: object): [path: string, fn: object][] {
  if (typeof api === 'function') return []
  const found: [string, object][] = []
  const walk = (value: object, path: string, above: readonly object[]): void => {
    if (above.length > DEPTH || above.includes(value)) return
    for (const [name, member] of Object.entries(value) as [string, unknown][]) {
      const at = path === '' ? name : `${path}.${name}`
      if (typeof member === 'function') found.push([at, member])
      else if (typeof member === 'object' && member !== null) walk(member, at, [...above, value])
    }
  }
  walk(apiTree(api).tree, '', [])
  return found
}
