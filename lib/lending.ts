/** The engines in use: one per URL and mesh and process, loaded at its first use, ended by the last one to go. */
import type { Clock } from './base/clock.js'
import { invalid } from './base/errors.js'
import type { Logger } from './base/logger.js'
import type { Discovery } from './mesh/discovery.js'
import type { Loan } from './mesh/lazy-discovery.js'
import { checkScope } from './scope.js'

/** An engine in use, by URL and mesh, and how many dservices use it. */
interface Used {
  users: number
  readonly loading: Promise<Discovery>
}

const engines = new Map<string, Used>()

interface EngineContext {
  readonly mesh: string
  readonly clock: Clock
  readonly logger: Logger
  /** Addresses beyond this machine are wanted. */
  readonly isAllowed: boolean
}

/** The engines there are, each loaded at its first use. */
const LOADERS: Readonly<Record<string, (url: string, context: EngineContext) => Promise<Discovery>>> = {
  'mdns:': async (_url, context) => (await import('./engines/mdns.js')).createMdns(context),
  // one hub an engine is enough: the engine itself is shared by all dservices of the process and mesh
  'memory:': async (_url, { mesh }) => new (await import('./engines/memory.js')).MemoryHub().engine({ mesh }),
  'static:': async (url, context) => {
    const { createStatic, staticAddresses } = await import('./engines/static.js')
    checkScope(staticAddresses(url), context.isAllowed)
    return createStatic(url)
  },
}

/** The engine's loader. Errors: DS_INVALID for one that is not known. */
export function checkEngine(url: string): (url: string, context: EngineContext) => Promise<Discovery> {
  const loader = LOADERS[url.slice(0, url.indexOf(':') + 1)]
  if (loader) return loader
  throw invalid({
    summary: `${JSON.stringify(url)} is no engine`,
    hint: `give one of ${Object.keys(LOADERS).join(', ')}, for example static:d1=127.0.0.1:4001`,
  })
}

/** Shares the engine with every dservice of the same URL and mesh; the last one to go ends it. */
export async function borrow(url: string, context: EngineContext): Promise<Loan> {
  const key = JSON.stringify([url, context.mesh, context.isAllowed])
  const used = engines.get(key) ?? { users: 0, loading: checkEngine(url)(url, context) }
  engines.set(key, used)
  used.users++
  let returned = false
  const giveBack = async (): Promise<void> => {
    if (returned) return
    returned = true
    if (--used.users > 0) return
    engines.delete(key)
    await (await used.loading)[Symbol.asyncDispose]()
  }
  try {
    return { engine: await used.loading, [Symbol.asyncDispose]: giveBack }
  } catch (error) {
    if (--used.users === 0) engines.delete(key)
    throw error
  }
}
