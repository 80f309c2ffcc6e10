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

/** What a service knows of itself beside its face. */
export interface Own {
  readonly started: number
  readonly edges: readonly EdgeView[]
  /** The hash of its contract; null: it has none. */
  readonly contract: string | null
}

/** What `$describe` answers. */
export function describeSelf(
  { api, id, state, name, version }: DService<object>,
  { started, edges, contract }: Own,
): Description {
  const own = { name: name ?? '', version, id, state, started }
  return { ...own, edges, methods: methodsOf(api), about: aboutOf(api), contract }
}

/** What is said of methods to people and callers. */
function aboutOf(api: object): Description['about'] {
  const about = Object.entries(saidOf(api)).map(([path, { idempotent, description }]) => [
    path,
    { ...(idempotent ? { idempotent } : {}), ...(description === undefined ? {} : { description }) },
  ])
  return Object.fromEntries(about) as Description['about']
}

/** The methods of an api that may be run twice, by dotted path. */
function idempotentOf(api: object): string[] {
  return Object.entries(saidOf(api)).flatMap(([path, { idempotent }]) => (idempotent ? [path] : []))
}
