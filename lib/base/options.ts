/** Every default and every limit of the library, on one screen. Durations are milliseconds, sizes bytes. */

/** How the mesh behaves unless it is told otherwise. */
export interface Defaults {
  /** The mesh that a dservice joins when nobody names one. */
  readonly mesh: string
  /** Where services listen and look: this machine alone. */
  readonly host: string
  /** A call of a handle ends after this. */
  readonly timeout: number
  /** A call or a `dnodeFor` without an instance waits at most this. */
  readonly instanceWait: number
  /** A connection must be there within this. */
  readonly connectTimeout: number
  /** The peer's hello must be there within this. */
  readonly helloTimeout: number
  /** A connection that is closed in order waits this long for its peer to read the last rows and to end too. */
  readonly closeTimeout: number
  /** Silence of a peer: when it is asked for a sign of life, and when it is given up. With calls that wait for it… */
  readonly askBusy: number
  readonly deadBusy: number
  /** … and without. */
  readonly askIdle: number
  readonly deadIdle: number
  /** `stop()` lets calls that run finish for at most this. */
  readonly drain: number
  /** A call that surely did not run is tried again at most so often. */
  readonly retries: number
  /** Where no other instance is there it waits before: a random part of min(retryMax, retryBase * 2^try). */
  readonly retryBase: number
  readonly retryMax: number
  /** Of the calls of the last `retryWindow` this share may be tried again, and in any case so many a second. */
  readonly retryShare: number
  readonly retryFloor: number
  readonly retryWindow: number
  /** How long a slow call counts in the choice of an instance: its weight falls to 1/e in this time. */
  readonly loadMemory: number
  /** An instance is left alone after so many failures in a row… */
  readonly ejectAfter: number
  /** … or when, of at least `ejectLeast` calls within `ejectWindow`, less than this share went well. */
  readonly ejectUnder: number
  readonly ejectLeast: number
  readonly ejectWindow: number
  /** Then one call tries it, after ejectBase to 2 * ejectBase, twice as long each time, ejectMax at most. */
  readonly ejectBase: number
  readonly ejectMax: number
  /** Reconnecting waits a random part of min(reconnectMax, reconnectBase * 2^attempt), for ever. */
  readonly reconnectBase: number
  readonly reconnectMax: number
}

/** How the mesh behaves unless it is told otherwise; frozen, to be read. */
export const DEFAULTS: Defaults = Object.freeze({
  mesh: 'default',
  host: '127.0.0.1',
  timeout: 30_000,
  instanceWait: 5_000,
  connectTimeout: 3_000,
  helloTimeout: 2_000,
  closeTimeout: 2_000,
  askBusy: 1_000,
  deadBusy: 2_500,
  askIdle: 5_000,
  deadIdle: 10_000,
  drain: 10_000,
  retries: 3,
  retryBase: 50,
  retryMax: 2_000,
  retryShare: 0.2,
  retryFloor: 10,
  retryWindow: 10_000,
  loadMemory: 10_000,
  ejectAfter: 5,
  ejectUnder: 0.8,
  ejectLeast: 5,
  ejectWindow: 30_000,
  ejectBase: 5_000,
  ejectMax: 300_000,
  reconnectBase: 50,
  reconnectMax: 2_000,
})

/** What a peer may do at most. The hello says the limits on rows, so that a sender refuses first. */
export interface Limits {
  /** A row before the peer's `methods` row was read. */
  readonly helloRow: number
  /** Any later row. */
  readonly row: number
  /** The attachments of a row, all together. */
  readonly attachedRow: number
  /** How many attachments a row may have. */
  readonly attachments: number
  /** Nesting of a row's values. */
  readonly depth: number
  /** Values in a message, counted on the expanded tree. */
  readonly nodes: number
  /** Elements of a callback's or link's path. */
  readonly path: number
  /** Steps of one pipelined call. */
  readonly steps: number
  /** Calls of a peer that run at once on a session, and calls that a session may have pending. */
  readonly pending: number
  /** Functions that a session may hold of its peer, and the peer of it. */
  readonly references: number
  /** Streams that a session may have open in one direction. */
  readonly streams: number
  /** Bytes of a stream's items that may be under way, or wait to be read: what its consumer grants at its first read. */
  readonly window: number
  /** Bytes that wait to be written to a peer that does not read; beyond it the peer is cut. */
  readonly writeQueue: number
  /** Bytes that wait to be written to a peer before its next call has to wait as well. */
  readonly unread: number
  /** A batch of messages is written when it grows past this. */
  readonly batch: number
  /** A message larger than this is a row of its own. */
  readonly ownRow: number
  /** Calls and look-ups that wait for an instance of one name. */
  readonly waiting: number
  /** Calls in flight on one handle. */
  readonly inFlight: number
  /** Connections that a service accepts. */
  readonly connections: number
  /** Instances of each version of a name that a node keeps sessions to… */
  readonly instances: number
  /** … and of a name where all of them are needed: for `all`, `instances`, `monitor`, a key, or one by its id. */
  readonly everyInstance: number
  /** Characters of a service's name. */
  readonly name: number
}

/** What a peer may do at most; frozen, to be read. */
export const LIMITS: Limits = Object.freeze({
  helloRow: 64 * 1024,
  row: 1024 * 1024,
  attachedRow: 16 * 1024 * 1024,
  attachments: 1_000,
  depth: 64,
  nodes: 100_000,
  path: 32,
  steps: 32,
  pending: 10_000,
  references: 1_000_000,
  streams: 100_000,
  window: 256 * 1024,
  writeQueue: 16 * 1024 * 1024,
  unread: 1024 * 1024,
  batch: 64 * 1024,
  ownRow: 16 * 1024,
  waiting: 1_000,
  inFlight: 10_000,
  connections: 10_000,
  instances: 32,
  everyInstance: 1_000,
  name: 64,
})
