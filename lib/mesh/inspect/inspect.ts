/** What a node can say of its mesh, as plain data: the one source of the CLI, the REPL and later pages. */
import type { Clock } from '../../base/clock.js'
import { summaryOf } from '../../base/errors.js'
import { formatAddress } from '../../wire/connection.js'
import { describe } from '../peers/describe.js'
import type { LivePeer } from '../peers/peer.js'
import type { Pool } from '../peers/pool.js'
import { buildGraph } from '../rely/graph.js'
import type { InstanceView, MeshView } from '../types.js'

export interface LookOptions {
  readonly pool: Pool
  readonly clock: Clock
  readonly mesh: string
  /** '*' for all. */
  readonly name: string
  /** Milliseconds without news after which the picture is complete. */
  readonly settle: number
}

/** However lively a mesh is, a look at it ends after so many times `settle`. */
const MOST_SETTLES = 10

/** Connects to all that is announced, asks it, and answers what was proved. Errors: DS_ENGINE. */
export async function look(options: LookOptions): Promise<MeshView> {
  const { pool, mesh, name } = options
  using interest = pool.want(name)
  // quiet counts from when the question is out: before, silence says nothing of the mesh
  await interest.gathered
  if (interest.failure) throw interest.failure
  await quiet(options)
  const of = name === '*' ? undefined : name
  const instances = await Promise.all(pool.live(of).map(view))
  instances.sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version) || compare(a.id, b.id))
  const unreachable = pool.hidden(of).map(({ peer, hint }) => ({
    name: hint.name ?? null,
    version: hint.version ?? null,
    address: formatAddress(peer.address),
    reason: peer.lastError ? summaryOf(peer.lastError) : 'no answer yet',
  }))
  const graph = buildGraph(instances.map((instance) => ({ identity: instance, edges: instance.edges })))
  return { v: 1, mesh, engine: withoutSecrets(pool.engine), instances, unreachable, graph }
}

/** Resolves when nothing has changed for `settle`. */
function quiet({ pool, clock, settle }: LookOptions): Promise<void> {
  return new Promise((resolve) => {
    const latest = clock.monotonic() + settle * MOST_SETTLES
    const end = (): void => {
      listener[Symbol.dispose]()
      resolve()
    }
    const listener = pool.onChange(() => {
      timer[Symbol.dispose]()
      timer = clock.after(Math.min(settle, Math.max(0, latest - clock.monotonic())), end)
    })
    let timer = clock.after(settle, end)
  })
}

async function view(peer: LivePeer): Promise<InstanceView> {
  const { identity, session, address } = peer
  const { name, version, id, started, state } = identity
  const description = await describe(peer)
  const known = { name, version, id, started, state, address: formatAddress(address) }
  if (!description) {
    return {
      ...known,
      edges: [],
      methods: session.methods,
      about: {},
      contract: identity.contract ?? null,
      described: false,
    }
  }
  const { edges, methods, about, contract } = description
  return { ...known, edges, methods, about, contract, described: true }
}

/** The URL of an engine without user, password and parameters: rather too little of it than too much. */
export function withoutSecrets(url: string): string {
  return url.replace(/\/\/.*@/, '//').replace(/\?.*/, '')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
