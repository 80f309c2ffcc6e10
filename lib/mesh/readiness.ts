/** From `waiting` to `ready`: all required dependencies met, and no cycle that this service would have to break. */
import { cycle as cycleError } from '../base/errors.js'
import type { Identity } from '../base/identity.js'
import type { NodeContext } from './acquire.js'
import { Explorer } from './explorer.js'
import { buildGraph, cycleThrough, nodeOf, youngest, type GraphInstance } from './graph.js'
import type { Relying } from './relying.js'

export interface ReadinessOptions {
  readonly node: NodeContext
  readonly relying: Relying
  readonly self: () => Identity
  /** At start the youngest member of a cycle gives way; a late `rely` that closes one is refused in any case. */
  readonly late: boolean
}

/**
 * Resolves when nothing is missing and no cycle is left; rejects with DS_CYCLE where it is this service that must
 * give way. Ends undecided when `signal` aborts. Owns its explorer.
 */
export function untilReady(options: ReadinessOptions, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void): void => {
      explorer[Symbol.dispose]()
      listener[Symbol.dispose]()
      signal.removeEventListener('abort', onAbort)
      finish()
    }
    const onAbort = (): void => end(resolve)
    const look = (): void => {
      const error = ring(options, explorer)
      if (error) return end(() => reject(error))
      if (explorer.isSettled && (options.late || options.relying.missing.length === 0)) end(resolve)
    }
    let deciding = false
    // decisions come after the news has settled: one look for a burst of changes
    const later = (): void => {
      if (deciding || signal.aborted) return
      deciding = true
      queueMicrotask(() => {
        deciding = false
        if (!signal.aborted && !explorer.isDisposed) look()
      })
    }
    const explorer = new Explorer(options.node.pool, options.node.clock, later)
    const listener = options.node.pool.onChange(later)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) return onAbort()
    explorer.follow(options.relying.edges)
  })
}

/** The error of the cycle that this service must break; undefined where there is none, or another member must. */
function ring({ relying, self, late }: ReadinessOptions, explorer: Explorer): Error | undefined {
  const identity = self()
  const own: GraphInstance = { identity, edges: relying.edges }
  const others = explorer.instances.filter((instance) => instance.identity.id !== identity.id)
  const instances = [...others, own]
  const node = nodeOf(identity)
  const path = cycleThrough(buildGraph(instances), node)
  if (!path || (!late && youngest(path, instances) !== node)) return undefined
  return cycleError({
    summary: `required dependencies form a cycle: ${path.join(' -> ')}`,
    hint: 'make one of them { lazy: true } or { optional: true }',
    details: { path },
  })
}
