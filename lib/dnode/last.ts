/** The function in last place of a call, where classic programs put the one that they are answered through. */
import type { Scrubbed } from './messages.js'
import type { Carried } from './values/carried.js'
import type { Imported, Imports } from './refs/imports.js'
import { refOf, type Ref } from './refs/stub.js'

/** Of a classic peer, or of a dialect one. */
export type Last = Imported | Ref

/** The last of the arguments, where it is a function of the peer: it is told what cannot be sent to it. */
export function lastFunction(
  args: readonly unknown[],
  values: Scrubbed | Carried,
  imports: Imports,
): Last | null {
  const last = 'values' in values ? lastRef(args) : lastImported(values, imports)
  if (last) last.isLast = true
  return last
}

/** What a function of a dialect peer is, it knows itself. */
function lastRef(args: readonly unknown[]): Ref | null {
  const last = args.at(-1)
  return typeof last === 'function' ? (refOf(last) ?? null) : null
}

function lastImported({ callbacks, arguments: args }: Scrubbed, imports: Imports): Imported | null {
  for (const id in callbacks) {
    const path = callbacks[id]
    if (path?.length === 1 && Number(path[0]) === args.length - 1) return imports.get(Number(id)) ?? null
  }
  return null
}
