/** `mockRemote`: what stands for a remote in the tests of those who call it. */
import minVersion from 'semver/ranges/min-version.js'
import { KeepAlive } from '../base/keepalive.js'
import { checkKeys, checkName, checkVersion } from '../base/names.js'
import { DEFAULTS } from '../base/options.js'
import { findPackage } from '../base/package.js'
import { standInFor } from '../calling.js'
import { manifestOf, ownPackage } from '../declaring.js'
import { compose } from '../defaults.js'
import type { ServeHook } from '../dnode/serve-hook.js'
import { withOptions } from '../mesh/calls/lookup.js'
import { callerIn } from '../mesh/calls/handle.js'
import type { Caller } from '../mesh/calls/tries.js'
import type { Service } from '../mesh/dservice.js'
import type { ApiOf } from '../mesh/remote-services.js'

type AnyFunction = (...args: never[]) => unknown

/** A method as the api has it, or one that answers at once or later with the same. */
type MockedMethod<F extends AnyFunction> = F extends (...args: infer Args) => infer Result
  ? (...args: Args) => Awaited<Result> | Promise<Awaited<Result>>
  : never

type MockedMember<M> = M extends AnyFunction ? M | MockedMethod<M> : M extends object ? Mocked<M> : M

/** A part of an api: the methods that the test is about. A call of one that it leaves out is DS_NO_METHOD, by name. */
export type Mocked<T> = unknown extends T ? object : { readonly [K in keyof T]?: MockedMember<T[K]> }

/** What a mock is besides its methods. */
export interface MockOptions {
  /** Default: the lowest of the declared range, else 0.0.0. */
  readonly version?: string
  /** Default: as for `dservice()`. */
  readonly mesh?: string
}

/** A call that came to a mock. */
export interface MockCall {
  /** The method's dotted path. */
  readonly method: string
  /** As they arrived. */
  readonly args: readonly unknown[]
}

/** A remote that is mocked until this is disposed of; twice is fine. */
export interface RemoteMock extends AsyncDisposable {
  readonly name: string
  /** Calls of its methods so far, in their order. */
  readonly calls: readonly MockCall[]
}

/**
 * Mocks a remote in this process: calls through `#remote/d1` go to `impl`, whether the module was imported before or is later, and so
 * do those of every `dservice({ engine: 'memory:' })` of the same mesh. It is a real service on this machine's loopback, so that
 * what could not travel to the real one fails in the test as well.
 * Errors: DS_INVALID, also where the name is mocked already.
 *
 *   await using d1 = mockRemote('d1', { transform: (s) => s.toUpperCase() })
 */
export function mockRemote<T = unknown, N extends string = string>(
  name: N,
  impl: Mocked<ApiOf<T, N>>,
  options: MockOptions = {},
): RemoteMock {
  checkKeys(options, ['version', 'mesh'], 'mockRemote()')
  const version = options.version === undefined ? versionFor(checkName(name)) : checkVersion(options.version)
  return new Mock({ name, impl, version, mesh: options.mesh })
}

interface Mocking {
  readonly name: string
  readonly impl: object
  readonly version: string
  readonly mesh: string | undefined
}

/** Owned by the test that asked for it. */
class Mock implements RemoteMock {
  readonly name: string
  readonly calls: MockCall[] = []
  readonly #service: Service<object>
  /** Makes the calls that would go to the real one. */
  readonly #client: Service<object>
  readonly #standIn: Disposable
  readonly #callers = new Map<number, Caller>()

  constructor({ name, impl, version, mesh }: Mocking) {
    this.name = name
    const serve: ServeHook = ({ method, args }, next) => {
      this.calls.push({ method, args })
      return next()
    }
    const options = { engine: 'memory:', ...(mesh === undefined ? {} : { mesh }) }
    const own = { ...options, version, hooks: [{ serve }] }
    this.#service = compose({ name: checkName(name), api: impl, options: own, isStandIn: true })
    this.#client = compose({ name: null, options })
    this.#standIn = standInFor(name, ({ timeout }) => this.#caller(timeout ?? DEFAULTS.timeout))
    // where it cannot listen, no test may go on: nobody catches this
    void this.#service.start()
  }

  /** Somebody waits for this end, so that it holds the process, as nothing else of a mock does. */
  async [Symbol.asyncDispose](): Promise<void> {
    using keepAlive = new KeepAlive()
    await keepAlive.during(this.#end())
  }

  async #end(): Promise<void> {
    this.#standIn[Symbol.dispose]()
    // first: calls that still run must not be waited for
    await this.#client.stop()
    await this.#service.stop()
  }

  /** This one and no other of the name, whatever the declared range. */
  #caller(timeout: number): Caller {
    const known = this.#callers.get(timeout)
    if (known) return known
    const { version, id } = this.#service
    const handle = withOptions(this.#client.rely(this.name, version, { timeout }), { instance: id })
    const caller = callerIn(handle, 'mockRemote')
    this.#callers.set(timeout, caller)
    return caller
  }
}

/** One that fits the declaration: of this process's package, or, since test runners are packages of their own, of the folder's. */
function versionFor(name: string): string {
  for (const info of [ownPackage(), findPackage(process.cwd())]) {
    const declared = manifestOf(info)?.remotes.find((remote) => remote.name === name)
    if (declared) return minVersion(declared.range)?.version ?? '0.0.0'
  }
  return '0.0.0'
}
