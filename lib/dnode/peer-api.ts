/** What the peer serves: the remote object that a program holds, and the number of each method by its name. */
import { isObject } from './check.js'
import type { Scrubbed } from './messages.js'
import type { Imports } from './refs/imports.js'
import type { View } from './types.js'
import { unscrub } from './unscrub.js'
import { makeView, methodIds, NONE, type ViewHost } from './view.js'

/** Owned by one session; empty until the peer's `methods` row was read. */
export class PeerApi {
  /** dnode's remote, filled in place. */
  readonly remote: Record<string, unknown> = {}
  #ids = NONE

  /** Takes over a `methods` row, the first or a later one. Errors: DS_PROTOCOL, DS_LIMIT. */
  replace(api: Scrubbed, imports: Imports): void {
    const [root = {}] = unscrub(api, imports.methods)
    this.#ids = methodIds(api)
    for (const key of Object.keys(this.remote)) delete this.remote[key]
    if (isObject(root)) Object.assign(this.remote, root)
  }

  /** The methods by dotted path: `transform`, `users.find`. */
  get names(): readonly string[] {
    return [...this.#ids.keys()]
  }

  /** What a call of a method is addressed to: its number, or a builtin's `$name`; null when there is no such method. */
  target(method: string): number | string | null {
    return this.#ids.get(method) ?? (method.startsWith('$') ? method : null)
  }

  /** A remote object of its own, of the methods that are known now. */
  view(host: ViewHost): View {
    return makeView(this.remote, this.#ids, host)
  }
}
