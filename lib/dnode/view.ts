/** A remote object of its own on a shared session, for programs in dnode's style. */

import type { Scrubbed } from './messages.js'
import type { View } from './types.js'

/** Most clients have no methods: they share it. */
export const NONE: ReadonlyMap<string, number> = new Map()

/** The methods of a peer's api by dotted path, and their reference numbers. Of two equal paths the first counts. */
export function methodIds({ callbacks }: Scrubbed): ReadonlyMap<string, number> {
  let ids: Map<string, number> | null = null
  for (const id in callbacks) {
    ids ??= new Map()
    const name = (callbacks[id] ?? []).slice(1).join('.')
    if (name !== '' && !ids.has(name)) ids.set(name, Number(id))
  }
  return ids ?? NONE
}

/** What a view needs of its session. `sent`: the callbacks that were sent through the view. */
export interface ViewHost {
  oneWay(method: number, args: readonly unknown[], sent: Set<number>): unknown
  release(sent: Set<number>): void
}

/** A remote object of its own: a copy whose callbacks are forgotten together. After `release` its methods do nothing. */
export function makeView(
  remote: Record<string, unknown>,
  ids: ReadonlyMap<string, number>,
  host: ViewHost,
): View {
  const sent = new Set<number>()
  let isReleased = false
  const copy = copyRemote(remote, ids, (method, args) => {
    if (!isReleased) host.oneWay(method, args, sent)
  })
  const release = (): void => {
    isReleased = true
    host.release(sent)
  }
  return { remote: copy, release }
}

/** Sends a one-way call of the peer's method with this number. */
type Send = (method: number, args: readonly unknown[]) => void

/** `ids`: the number of each method by dotted path. */
function copyRemote(
  remote: Record<string, unknown>,
  ids: ReadonlyMap<string, number>,
  send: Send,
): Record<string, unknown> {
  const seen = new Map<object, object>()
  const copy = (value: unknown, path: string): unknown => {
    if (typeof value === 'function') return copyMethod(ids.get(path), send)
    if (typeof value !== 'object' || value === null) return value
    const known = seen.get(value)
    if (known) return known
    const to: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {}
    seen.set(value, to)
    for (const [key, item] of Object.entries(value)) {
      ;(to as Record<string, unknown>)[key] = copy(item, path === '' ? key : `${path}.${key}`)
    }
    return to
  }
  return copy(remote, '') as Record<string, unknown>
}

function copyMethod(id: number | undefined, send: Send): (...args: unknown[]) => void {
  return (...args) => {
    if (id !== undefined) send(id, args)
  }
}
