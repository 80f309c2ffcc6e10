/** What a dservice says of itself: in its hello, unasked, and more when it is asked. */
import type { Identity } from '../../base/identity.js'
import { helloOf } from '../../dnode/hello.js'
import type { Hello } from '../../dnode/messages.js'
import { methodsOf } from '../api.js'
import { saidOf } from '../method.js'
import type { Description, DService, EdgeView } from '../types.js'

/** The hello of a service with this api, or of a client, where `identity` is null. `types`: names of the custom ones. */
export function sayHello(api: object, identity: Identity | null, types?: readonly string[]): Hello {
  const idempotent = identity ? idempotentOf(api) : []
  return helloOf(identity, types ? { types, idempotent } : { idempotent })
}

/** What `$describe` answers. */
export function describeSelf(
  { api, id, state, name, version }: DService<object>,
  started: number,
  edges: readonly EdgeView[],
): Description {
  const own = { name: name ?? '', version, id, state, started }
  return { ...own, edges, methods: methodsOf(api), about: saidOf(api) }
}

/** The methods of an api that may be run twice, by dotted path. */
function idempotentOf(api: object): string[] {
  return Object.entries(saidOf(api)).flatMap(([path, { idempotent }]) => (idempotent ? [path] : []))
}
