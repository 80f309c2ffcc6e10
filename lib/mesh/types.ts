/** What a user holds: the shapes of a dservice, its options and its data. */
import type { Clock } from '../base/clock.js'
import type { DServiceError } from '../base/errors.js'
import type { State } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import type { Redact } from '../dnode/redact.js'
import type { ClassicRemote, Remote } from '../dnode/remote.js'
import type { CustomType } from '../dnode/values/port.js'
import type { Spread } from './choosing/resolve.js'
import type { Hooks } from './hooks.js'
import type { ApiOf } from './remote-services.js'
import type { MeshView, Missing, NodeView } from './views.js'

export type * from './views.js'

/** Milliseconds, or text such as `250ms`, `2s`, `1m`. */
export type Duration = number | string

export interface DServiceOptions {
  /** Meshes do not see each other. Default: DSERVICE_MESH, package.json, `default`. */
  readonly mesh?: string
  /** How services find each other: `mdns:`, `static:d1=127.0.0.1:4001,…`, `memory:`. Default: DSERVICE_ENGINE, package.json, `mdns:`. */
  readonly engine?: string
  /** Overrides the version found in package.json. */
  readonly version?: string
  /** Where to listen. Default: 127.0.0.1; wider needs `insecure`. */
  readonly host?: string
  /** Default: with `static:` the one that the list has of the service on this machine; else a free one, another at each start. */
  readonly port?: number
  /** The address that others are told, `host` or `host:port`, where it differs (containers). */
  readonly advertise?: string
  /** Allows addresses beyond this machine without a key. Warns once. */
  readonly insecure?: boolean
  /** Calls `stop()` on SIGINT and SIGTERM, then ends the process. Default: DSERVICE_SIGNALS is 1, as `dservice run` sets it. */
  readonly signals?: boolean
  /** How long a call or a `dnodeFor` waits for an instance, within its deadline. Default: 5 s. */
  readonly instanceWait?: Duration
  /** Around calls, the first one outermost: `call` around those of our handles, `serve` around those of our methods. */
  readonly hooks?: readonly Hooks[]
  /** Has a say in what of an error leaves this process. Default: everything but its stack. */
  readonly redact?: Redact
  /** Classes that travel by value: both sides need the type, by the same name. Others travel as their own data. */
  readonly types?: readonly CustomType[]
  /** Told what goes on, in pino's calling order, so that a pino logger fits. Default: nobody is told. */
  readonly logger?: Logger
  /** For tests. */
  readonly clock?: Clock
}

export interface HandleOptions {
  /** Deadline of each call, which travels with it. Default: 30 s; within a method at most what its own caller has left. */
  readonly timeout?: Duration
  /** Ends every call of the handle, and its look-up, with DS_CANCELLED; the methods that run are told. */
  readonly signal?: AbortSignal
  /** Which ready instances in range are called: those of the highest version, or of every one. Default: `highest`. */
  readonly spread?: Spread
  /** Which of them gets a call. Default: `ewma`, with a key `key`. */
  readonly balance?: Balance
  /** Calls with one key go to one instance, as long as it is there. Any text; '' is a key as any other. */
  readonly key?: string
  /**
   * The methods may run twice: a call whose connection is lost is made again. Default: of each method what its service says.
   */
  readonly idempotent?: boolean
  /**
   * Calls go to the instance with this id and to no other: where it is gone they fail with DS_NO_INSTANCE. Null: to any again, chosen
   * as the other options say.
   */
  readonly instance?: string | null
}

/**
 * `ewma`: of two chosen at random the less loaded one, by the calls that wait for it and the time that they take (peak EWMA).
 * `round-robin`: one after the other. `key`: by the handle's key (rendezvous hashing).
 */
export type Balance = 'ewma' | 'round-robin' | 'key'

export interface RelyOptions extends Omit<HandleOptions, 'instance'> {
  /** The service is ready without it. */
  readonly optional?: boolean
  /** Looked for at the first call; the service is ready without it, and it closes no cycle. */
  readonly lazy?: boolean
}

export interface InspectOptions {
  /** Only services of this name. */
  readonly name?: string
  /** Looks until nothing new came for this long. Default: 300 ms. */
  readonly settle?: Duration
}

/** dnode's `d`, as far as a service's client needs it: a light view of a pooled session. */
export interface DnodeView {
  /** Lets go of the session, and forgets the callbacks that were sent through this view. Twice is fine. */
  end(): void
  /** `end`: once, when the session is lost or after `end()`. */
  on(event: 'end', run: () => void): this
  once(event: 'end', run: () => void): this
  off(event: 'end', run: () => void): this
}

/**
 * Called once, when an instance was found or could not be: `err` is null, or the others are undefined. `remote` has the methods in
 * dnode's way, which answer through callbacks; `d.end()` lets go of it.
 */
export type DnodeForCallback<T = unknown> = (
  err: DServiceError | null,
  remote: ClassicRemote<T>,
  d: DnodeView,
) => void

/** What `on` tells of. */
export interface DServiceEvents {
  /** The service went on to this state. */
  state: (state: State) => void
  /** What the mesh around this service looks like may have changed. */
  graph: () => void
  /** Something failed that no promise could tell of: a function that was passed as an argument threw, for one. */
  error: (error: Error) => void
}

/** The object in the user's hand: a service, or a client where `name` is null. */
export interface DService<A = unknown> extends AsyncDisposable {
  /** What was given, as it was given. */
  readonly api: A
  /** Null: a client. */
  readonly name: string | null
  /** Of the name, the option or the package.json, else 0.0.0. */
  readonly version: string
  /** Of the current start; '' before the first. */
  readonly id: string
  /** The name of the mesh that it sees and is seen in. */
  readonly mesh: string
  /** Of the service's life; a client is ready until it is stopped. */
  readonly state: State
  /** What `waiting` waits for. */
  readonly missing: readonly Missing[]
  /** Where it listens, `127.0.0.1:51423`; null while it does not. */
  readonly address: string | null
  /**
   * Listens, announces, and waits for what the service relies on; resolves when it is ready. Where the signal aborts before, the service
   * is stopped, calls that run finish, and then this rejects with the signal's reason.
   * Errors: DS_LISTEN, DS_ENGINE, DS_INSECURE, DS_CYCLE, DS_INVALID (nothing to serve), DS_CLOSED.
   */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** As above; the callback is told of the end. */
  start(callback: (err?: Error) => void): void
  /** Drains (10 s at most), says goodbye, closes. Twice is fine; a stopped service may be started again. */
  stop(): Promise<void>
  /** A handle: balanced over the instances in range, survives restarts. Resolves when one is there. Errors: DS_NO_INSTANCE, DS_UNREACHABLE, DS_INVALID. */
  dnodeFor<T = unknown, N extends string = string>(
    name: N,
    range?: string,
    options?: HandleOptions,
  ): Promise<Remote<ApiOf<T, N>>>
  /** dnode's way: one session, a classic remote. */
  dnodeFor<T = unknown, N extends string = string>(name: N, callback: DnodeForCallback<ApiOf<T, N>>): void
  /** dnode's way, of a range. */
  dnodeFor<T = unknown, N extends string = string>(
    name: N,
    range: string | undefined,
    callback: DnodeForCallback<ApiOf<T, N>>,
  ): void
  /** dnode's way, of a range, with the options of the look-up. */
  dnodeFor<T = unknown, N extends string = string>(
    name: N,
    range: string | undefined,
    options: HandleOptions | undefined,
    callback: DnodeForCallback<ApiOf<T, N>>,
  ): void
  /**
   * Declares a dependency and returns its handle at once. A client declares nothing by it: it gets a handle without the wait of
   * `dnodeFor`, whose calls wait for an instance. Errors: DS_INVALID.
   */
  rely<T = unknown, N extends string = string>(
    name: N,
    range?: string,
    options?: RelyOptions,
  ): Remote<ApiOf<T, N>>
  /** What is there now: connects to what is announced, and asks it. */
  inspect(options?: InspectOptions): Promise<MeshView>
  /**
   * What this node itself knows right now, as a copy: its state, its peers and how well their calls go, its look-ups. Looks at nothing
   * else, changes nothing; works in any state, also after `stop()`.
   */
  snapshot(): NodeView
  /** Calls `run` at each event until what it answers is disposed of. */
  on<E extends keyof DServiceEvents>(event: E, run: DServiceEvents[E]): Disposable
}
