/** The mesh as objects at a prompt: every service is there under its name, also one that starts later. */
import { inspect, promisify } from 'node:util'
import { isDServiceError } from '../../base/errors.js'
import { splitAt } from '../../base/names.js'
import { callBackPath, callPath } from '../cli/handle.js'
import { oneLine } from '../cli/text.js'
import type {
  DService,
  DServiceError,
  HandleOptions,
  InstanceContract,
  MeshView,
  Remote,
} from '../../index.js'

/** Calls a method of a service by its path, in one way or the other. */
type Invoke = (path: readonly string[], args: readonly unknown[], call?: typeof callPath) => Promise<unknown>

/** What is known of a service; `methods` are dotted paths. */
interface Known {
  readonly versions: readonly string[]
  readonly methods: readonly string[]
}

/** The services of a mesh as live objects. Owned by one REPL. */
export class LiveServices {
  readonly #mesh: DService
  readonly #options: HandleOptions
  readonly #known = new Map<string, Known>()
  readonly #objects = new Map<string, object>()
  readonly #handles = new Map<string, Promise<Remote>>()
  #running = 0
  #whenIdle: (() => void)[] = []

  constructor(mesh: DService, options: HandleOptions = {}) {
    this.#mesh = mesh
    this.#options = options
  }

  /** The names that were seen last. */
  get names(): string[] {
    return [...this.#known.keys()].sort()
  }

  /** Looks at the mesh again, and answers what it saw. */
  async refresh(): Promise<MeshView> {
    const view = await this.#mesh.inspect()
    this.#known.clear()
    for (const { name, version, methods } of view.instances) {
      const before = this.#known.get(name)
      this.#known.set(name, {
        versions: [...new Set([...(before?.versions ?? []), version])],
        methods: [...new Set([...(before?.methods ?? []), ...methods])],
      })
    }
    return view
  }

  /** Waits for a service as a call of it would, and keeps its connection. Answers what kept it, null where it is there. */
  async reach(name: string): Promise<DServiceError | null> {
    try {
      await this.#handle(name)
      return null
    } catch (error) {
      if (isDServiceError(error) && (error.code === 'DS_NO_INSTANCE' || error.code === 'DS_UNREACHABLE'))
        return error
      throw error
    }
  }

  /** What the instances of `d1` or `d1@^1` promise. Errors: those of a look-up. */
  async contracts(spec: string): Promise<readonly InstanceContract[]> {
    const [handle, { contracts }] = await Promise.all([this.#handle(spec), import('../../index.js')])
    return contracts(handle)
  }

  /** What is known of a service; empty where it was not seen. */
  known(name: string): Known {
    return this.#known.get(name) ?? { versions: [], methods: [] }
  }

  /** The object of `d1` or `d1@^1`; the same one every time. */
  object(spec: string): object {
    const found = this.#objects.get(spec)
    if (found) return found
    const { name } = splitAt(spec)
    const made = liveObject(
      () => ({ spec, ...this.known(name) }),
      (path, args, call = callPath) => this.#invoke(async () => call(await this.#handle(spec), path, args)),
    )
    this.#objects.set(spec, made)
    return made
  }

  /** `svc`: `svc.d1`, `svc['my-svc']`, `svc['d1@^1']`. */
  all(): object {
    const target = Object.defineProperty({}, inspect.custom, {
      configurable: true,
      value: () => Object.fromEntries(this.names.map((name) => [name, this.object(name)])),
    })
    return new Proxy(target, {
      get: (at, key) => (typeof key === 'symbol' ? Reflect.get(at, key) : lookUp(this, key)),
      has: (at, key) => typeof key === 'string' && this.#known.has(key),
      ownKeys: () => this.names,
      getOwnPropertyDescriptor: (at, key) =>
        typeof key === 'string' && this.#known.has(key) ? ownProperty(this.object(key)) : undefined,
    })
  }

  /** Resolves when no call runs any more; those that nobody awaited are then known to have failed. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
    await new Promise((resolve) => setImmediate(resolve))
  }

  async #invoke(call: () => Promise<unknown>): Promise<unknown> {
    this.#running++
    try {
      return await call()
    } finally {
      if (--this.#running === 0) for (const run of this.#whenIdle.splice(0)) run()
    }
  }

  /** A handle survives everything; only one that never came about is asked for again. */
  #handle(spec: string): Promise<Remote> {
    const found = this.#handles.get(spec)
    if (found) return found
    const { name, after } = splitAt(spec)
    const made = this.#mesh.dnodeFor(name, after, this.#options)
    this.#handles.set(spec, made)
    made.catch(() => this.#handles.delete(spec))
    return made
  }
}

/** `then` must be missing: an awaited object would be taken for a promise. */
function lookUp(live: LiveServices, key: string): object | undefined {
  return key === 'then' || key === 'toJSON' ? undefined : live.object(key)
}

function ownProperty(value: unknown): PropertyDescriptor {
  return { configurable: true, enumerable: true, writable: true, value }
}

/** One service: its keys are the methods that it was seen to have, but any name can be called. */
function liveObject(known: () => Known & { spec: string }, invoke: Invoke): object {
  const target = Object.create(null) as object
  Object.defineProperty(target, inspect.custom, { configurable: true, value: () => describe(known()) })
  const keys = (): string[] => [...new Set(known().methods.map((path) => path.split('.')[0] ?? path))]
  return new Proxy(target, {
    get(at, key) {
      if (typeof key === 'symbol') return Reflect.get(at, key) as unknown
      return key === 'then' ? undefined : liveMethod([key], known, invoke)
    },
    has: (at, key) => typeof key === 'string' && keys().includes(key),
    ownKeys: () => keys(),
    getOwnPropertyDescriptor: (at, key) =>
      typeof key === 'string' && keys().includes(key)
        ? ownProperty(liveMethod([key], known, invoke))
        : undefined,
  })
}

/** A method, and below it the methods that are nested in it. */
function liveMethod(path: readonly string[], known: () => Known, invoke: Invoke): object {
  const call = (...args: unknown[]): Promise<unknown> => invoke(path, args)
  Object.defineProperty(call, 'name', { value: path.join('.') })
  return new Proxy(call, {
    get(at, key) {
      if (key === promisify.custom) return (...args: unknown[]) => invoke(path, args, callBackPath)
      if (typeof key === 'symbol' || key === 'then') return key === 'then' ? undefined : Reflect.get(at, key)
      const below = [...path, key]
      const nested = known().methods.some((name) => `${name}.`.startsWith(`${below.join('.')}.`))
      return nested || !(key in at) ? liveMethod(below, known, invoke) : (Reflect.get(at, key) as unknown)
    },
  })
}

/** `RemoteService d1@1.4.2 { transform, ping }`. */
function describe({ spec, versions, methods }: Known & { spec: string }): string {
  if (versions.length === 0) return `RemoteService ${spec} (not seen; .ls looks again)`
  const name = versions.length === 1 && !spec.includes('@', 1) ? `${spec}@${versions.join()}` : spec
  const others = versions.length > 1 ? ` (${versions.join(', ')})` : ''
  return oneLine(`RemoteService ${name}${others} { ${methods.join(', ')} }`)
}
