/**
 * The seam between bytes and messages.
 *
 *   row          one line of JSON text, ended by "\n"
 *   connection   an ordered, reliable pipe of rows between two peers
 *   transport    what makes connections: TCP, Unix sockets, memory
 */

/** Where a peer can be reached: TCP (`host` and `port`) or a Unix socket (`path`). */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string }

/** Who is at the other end, as far as the transport can tell. */
export interface Peer {
  readonly transport: 'tcp' | 'unix' | 'memory' | 'stream'
  /** The address in text, for people: `127.0.0.1:51423`, a path, `memory:3`. */
  readonly address: string
}

/** What a connection gives to its one reader. It must not throw: the connection is destroyed if it does. */
export interface Sink {
  /** One row, parsed. Rows come in order, and none comes after `closed` has settled. */
  row(row: unknown): void
  /** The write queue is empty again after `send` had answered false. */
  drain(): void
}

export interface Connection {
  readonly peer: Peer
  /**
   * Settles once, never rejects: null when either side ended it in order, else what broke it.
   * Everything that waits on a connection hangs on this one promise.
   */
  readonly closed: Promise<Error | null>
  /** True from the very moment of the end on: no row comes, nothing is sent. `closed` has been settled, its listeners are told later. */
  readonly isClosed: boolean
  /** Bytes of text that a row may have; a longer one ends the connection with DS_LIMIT. Starts at LIMITS.helloRow. */
  rowLimit: number
  /** Bytes that wait to be written. */
  readonly queued: number
  /** Starts delivery. Called exactly once; rows that came before are kept, within the limits. */
  open(sink: Sink): void
  /**
   * Writes one or more whole rows, each ended by "\n". Never throws; after the end it does nothing.
   * Answers false when the peer is slow: wait for `drain` before sending bulk.
   */
  send(rows: string): boolean
  /**
   * Holds back what the peer sends: no row comes until `resume`, not even one that was read already, and the peer's end
   * waits behind them. What waits here is bounded, the rest stays with the peer. Twice is fine.
   */
  pause(): void
  /** Goes on where `pause` stopped; rows may come before it returns. */
  resume(): void
  /** Ends in order: what was sent is delivered first. Resolves when closed. May be called twice. */
  close(): Promise<void>
  /** Ends now; `closed` settles with `reason`. May be called twice: the first reason stands. */
  destroy(reason: Error): void
}

export interface Listening extends AsyncDisposable {
  /** The address in use, with the port that the system chose. */
  readonly address: Address
  /** Stops accepting; connections that are open live on. May be called twice. */
  close(): Promise<void>
}

export interface Transport {
  /** Errors: DS_LISTEN (taken, forbidden, no such address). */
  listen(at: Address, accept: (connection: Connection) => void): Promise<Listening>
  /** Errors: DS_UNREACHABLE with the system's reason; the signal's reason when that aborts first. */
  dial(to: Address, signal?: AbortSignal): Promise<Connection>
}

/** `127.0.0.1:51423`, `[::1]:51423`, or the path. */
export function formatAddress(address: Address): string {
  if ('path' in address) return address.path
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
