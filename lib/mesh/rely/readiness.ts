/** Whether a service may become ready, or take another dependency: what it relies on is there, and closes no ring. */
import { cycle as cycleError, type Ran } from '../../base/errors.js'
import type { Identity } from '../../base/identity.js'
import type { NodeContext } from '../calls/node.js'
import { want } from '../choosing/target.js'
import type { EdgeView, GraphEdge } from '../types.js'
import { Explorer } from './explorer.js'
import {
  cycleAsYoungest,
  cycleThrough,
  edgesOf,
  nodeOf,
  youngerThan,
  type GraphInstance,
  type Passes,
} from './graph.js'
import type { Edge, Relying } from './relying.js'

/** Milliseconds that each younger member of a ring has to give way first, when several declare at once what closes it. */
const COURTESY = 1_000

/** However long the ring. */
const MOST_COURTESIES = 10

/** A service that is up, as this file looks at it. */
export interface Candidate {
  readonly node: NodeContext
  readonly relying: Relying
  readonly self: () => Identity
  /** Aborts when the service is not up any more. */
  readonly ended: AbortSignal
}

/** Our place in the graph as it is known now. */
interface Place {
  readonly instances: readonly GraphInstance[]
  readonly edges: readonly GraphEdge[]
  /** Our own. */
  readonly node: string
}

/** Null: go on. A path: a ring, and it is we who must break it. Undefined: not before something changes, or so many milliseconds passed. */
type Verdict = readonly string[] | null | undefined | number

/**
 * Resolves when nothing is missing and no ring is left that this service must break; rejects with DS_CYCLE where it is the youngest
 * member of one. Ends undecided when the service is not up any more.
 */
export function untilReady(service: Candidate): Promise<void> {
  const { relying } = service
  return verdict(service, {
    edges: () => relying.edges,
    judge: (place) =>
      cycleAsYoungest(place, place.node, place.instances) ?? (relying.areMet ? null : undefined),
  })
}

/**
 * Adds a dependency to a service that is up, and resolves when it is met; rejects with DS_CYCLE, and the edge is not there, where it
 * would close a ring.
 *
 * Others see the edge only after a first look, so that a service that starts meanwhile does not give way to what is about to be
 * refused. The second look finds those who did the same at the same time: neither had seen the other's edge. Then each waits
 * until those that are younger had their COURTESY to give way, so that one does, and the ring is gone for the others.
 */
export async function relyLate(service: Candidate, edge: Edge): Promise<void> {
  const { relying, node } = service
  if (!edge.lazy) want(node, edge.target)
  if (edge.optional || edge.lazy) return relying.add(edge)
  try {
    await join(service, edge)
  } catch (error) {
    relying.remove(edge)
    // what the package declares of the name counts again
    if (!service.ended.aborted) relying.look()
    edge.target.interest?.[Symbol.dispose]()
    throw error
  }
}

/** Both looks, and the edge between them. */
async function join(service: Candidate, edge: Edge): Promise<void> {
  const { relying, node, self } = service
  const { name, range } = edge.target
  const by: Passes = (from, _to, of) => from !== nodeOf(self()) || (of.name === name && of.range === range)
  await verdict(service, {
    edges: () => [...relying.edges, relying.view(edge)],
    judge: (place) => cycleThrough(place, place.node, by),
    ran: 'no',
  })
  relying.add(edge)
  let since: number | null = null
  const judge = (place: Place): Verdict => {
    const ring = cycleThrough(place, place.node, by)
    if (!ring) since = null
    if (!ring) return relying.view(edge).met ? null : undefined
    const now = node.clock.monotonic()
    since ??= now
    const left = since + courtesy(ring, place) - now
    return left > 0 ? left : ring
  }
  await verdict(service, { edges: () => relying.edges, judge, ran: 'no' })
}

/** Milliseconds; 0 for the youngest. */
function courtesy(ring: readonly string[], { node, instances }: Place): number {
  const younger = youngerThan(node, instances)
  return COURTESY * Math.min(MOST_COURTESIES, ring.filter((member) => younger.has(member)).length)
}

interface Question {
  /** Ours, as they are or would be. */
  readonly edges: () => EdgeView[]
  readonly judge: (place: Place) => Verdict
  /** Of the error: `no` where calls of the edge fail with it. Default: no call is involved. */
  readonly ran?: Ran
}

/** Looks at the graph until it can be judged. Owns its explorer. */
function verdict({ node, relying, self, ended }: Candidate, { edges, judge, ran }: Question): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void): void => {
      explorer[Symbol.dispose]()
      for (const listener of listeners) listener[Symbol.dispose]()
      timer?.[Symbol.dispose]()
      ended.removeEventListener('abort', onAbort)
      finish()
    }
    const onAbort = (): void => end(resolve)
    const look = (): void => {
      // half a graph shows rings that are none: a member, or the version that takes the edge, may not be known yet
      if (!explorer.isSettled) return
      const found = judge(placeOf(self(), edges(), explorer))
      timer?.[Symbol.dispose]()
      if (typeof found === 'number') timer = node.clock.after(found, later)
      else if (found) end(() => reject(ringError(found, ran)))
      else if (found === null) end(resolve)
    }
    let deciding = false
    let timer: Disposable | null = null
    // decisions come after the news has settled: one look for a burst of changes
    const later = (): void => {
      if (deciding || ended.aborted) return
      deciding = true
      queueMicrotask(() => {
        deciding = false
        if (!ended.aborted && !explorer.isDisposed) look()
      })
    }
    const explorer = new Explorer(node.pool, node.clock, later)
    const listeners = [node.pool.onChange(later), relying.onChange(() => explorer.follow(edges()))]
    ended.addEventListener('abort', onAbort, { once: true })
    if (ended.aborted) return onAbort()
    explorer.follow(edges())
  })
}

function placeOf(identity: Identity, edges: readonly EdgeView[], explorer: Explorer): Place {
  const others = explorer.instances.filter((instance) => instance.identity.id !== identity.id)
  const instances = [...others, { identity, edges }]
  return { instances, edges: edgesOf(instances), node: nodeOf(identity) }
}

function ringError(path: readonly string[], ran: Ran | undefined): Error {
  return cycleError({
    summary: `required dependencies form a cycle: ${path.join(' -> ')}`,
    hint: 'make one of them { lazy: true } or { optional: true }',
    ran,
    details: { path },
  })
}
