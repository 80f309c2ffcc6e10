/** What a node can say of itself and of its mesh, as plain data. */
import type { State } from '../base/identity.js'
import type { Spread } from './choosing/resolve.js'
import type { MethodAbout } from './method.js'

/** A dependency as it stands. */
export interface EdgeView {
  readonly name: string
  readonly range: string
  readonly optional: boolean
  readonly lazy: boolean
  /** Whether a ready instance is in range. */
  readonly met: boolean
  readonly declaredIn: 'rely()' | 'package.json'
}

/** A required dependency that is not met, and what is there instead. */
export interface Missing {
  readonly name: string
  readonly range: string
  /** Each live instance of the name, and why it does not do: `1.4.2 (out of range)`, `1.2.0 (waiting)`. */
  readonly live: readonly string[]
  /** What is announced and may be in range, and why it is not live: `127.0.0.1:4001: ECONNREFUSED`. */
  readonly unreachable: readonly string[]
}

/** What `$describe` answers. */
export interface Description {
  readonly name: string
  readonly version: string
  readonly id: string
  readonly state: State
  readonly started: number
  readonly edges: readonly EdgeView[]
  readonly methods: readonly string[]
  /** What `method()` said of them, by dotted path. */
  readonly about: Readonly<Record<string, MethodAbout>>
  /** The hash of its contract; null: it has none, or says none. */
  readonly contract: string | null
}

/** A live instance as this node proved it by a hello. */
export interface InstanceView extends Description {
  readonly address: string
  /** False where the peer did not answer `$describe` in time; edges are then unknown. */
  readonly described: boolean
}

export interface GraphNode {
  /** `d1@1.2.0`. */
  readonly node: string
  readonly name: string
  readonly version: string
  readonly state: State
  readonly instances: number
}

export interface GraphEdge extends EdgeView {
  /** `d2@1.0.0`. */
  readonly from: string
  /** The nodes that the edge resolves to now. */
  readonly to: readonly string[]
}

export interface GraphView {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** Each a path whose first and last node are the same. */
  readonly cycles: readonly (readonly string[])[]
}

/** All that a node can say of its mesh, as plain data. */
export interface MeshView {
  readonly v: 1
  readonly mesh: string
  readonly engine: string
  readonly instances: readonly InstanceView[]
  /** Announced, but not connectable. */
  readonly unreachable: readonly {
    readonly name: string | null
    readonly version: string | null
    readonly address: string
    readonly reason: string
  }[]
  readonly graph: GraphView
}

/** What the calls of this node have shown of an instance. */
export interface StandingView {
  /** Milliseconds, a moving average that follows peaks at once; null: no call was timed, as where a handle has no choice. */
  readonly latency: number | null
  /** Calls of the last 30 s: those that went well… */
  readonly good: number
  /** … and failures, of which each lost connection is one. */
  readonly bad: number
  readonly failuresInRow: number
  /** Null: it gets calls. */
  readonly ejected: EjectionView | null
  /** Its methods that may run twice, by dotted path. */
  readonly idempotent: readonly string[]
}

/** An instance is left alone for a while. */
export interface EjectionView {
  /** Too many failures one after the other, too few calls of late that went well, or the one that tried it failed. */
  readonly why: 'in-a-row' | 'share' | 'probe'
  /** Milliseconds since 1970: from then on one call may try it. */
  readonly until: number
  /** That call is out, and decides (half open). */
  readonly probing: boolean
  /** How often it was ejected without a good while between: each time for about twice as long. */
  readonly times: number
}

/** A connection as its two sides use it now. */
export interface SessionView {
  /** Calls of ours without an answer. */
  readonly pending: number
  /** Calls of the peer that run here. */
  readonly running: number
  /** Functions of ours that the peer holds, methods among them. */
  readonly exported: number
  /** Functions of the peer that we hold. */
  readonly imported: number
  /** Open ones, in both directions. */
  readonly streams: number
}

/** Who a peer is, as its hello says. */
export interface IdentityView {
  readonly name: string
  readonly version: string
  readonly id: string
  readonly state: State
  /** Milliseconds since 1970. */
  readonly started: number
}

/** An address that this node connects to. */
export interface PeerView {
  readonly address: string
  /** Whether a session to it is open, so that it may be called. */
  readonly live: boolean
  /** Of the last session, also where that is lost; null: none was proved yet. */
  readonly identity: IdentityView | null
  /** What discovery says of a peer that is not live; hearsay. Null of one that is. */
  readonly announced: { readonly name: string | null; readonly version: string | null } | null
  /** Attempts in vain and sessions that did not last, since the last one that did. */
  readonly attempts: number
  /** Of the last attempt, in one line; null after a success. */
  readonly lastError: string | null
  /** Null where it is not live. */
  readonly session: SessionView | null
  /** Sessions that get no more calls, and end as soon as nobody needs them. */
  readonly leaving: number
  /** Null before it was proved. */
  readonly standing: StandingView | null
  /** What it relies on, as it answered last; null: it was not asked since that changed. */
  readonly edges: readonly EdgeView[] | null
}

/** A connection that a peer has opened to this service. */
export interface CallerView extends SessionView {
  readonly address: string
  /** Null: a client, a program that speaks plain dnode, or one that has not said hello yet. */
  readonly identity: IdentityView | null
}

/** A `dnodeFor` or `rely` whose handles are in use, with the options that it was given. */
export interface LookupView {
  readonly name: string
  readonly range: string
  /** Milliseconds; null: for ever. */
  readonly timeout: number | null
  readonly spread: Spread
  /** By `key` too the key itself is not told. */
  readonly balance: 'ewma' | 'round-robin' | 'key'
  /** Null: of each method what its service says. */
  readonly idempotent: boolean | null
  /** Calls of all its handles without an outcome. */
  readonly inFlight: number
  /** Calls that may be made again now. */
  readonly retriesLeft: number
  /** Why every call fails, in one line: a dependency that was refused. */
  readonly refused: string | null
}

/** All that a node knows right now. Times are milliseconds since 1970, durations milliseconds. */
export interface NodeView {
  /** Of this shape: fields may be added to it. */
  readonly v: 1
  readonly at: number
  /** Null: a client. */
  readonly name: string | null
  /** Null: a client, which has none. */
  readonly version: string | null
  /** Of the current start, or the last; null before the first, and of a client. */
  readonly id: string | null
  readonly state: State
  /** Of the current start, or the last; null before the first. */
  readonly started: number | null
  readonly mesh: string
  /** Without what a URL may have of user and password. */
  readonly engine: string
  /** Where it listens; null while it does not. */
  readonly address: string | null
  readonly missing: readonly Missing[]
  readonly edges: readonly EdgeView[]
  readonly peers: readonly PeerView[]
  readonly callers: readonly CallerView[]
  /** As far as they were not collected as garbage yet. */
  readonly lookups: readonly LookupView[]
  /** Calls and look-ups that wait for an instance of a name. */
  readonly waiting: readonly { readonly name: string; readonly count: number }[]
  /** Of this service and the peers that are live; `inspect()` asks all for their edges, this knows those that were asked. */
  readonly graph: GraphView
}
