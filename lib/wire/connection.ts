/**
 * The seam between bytes and messages.
 *
 *   row          one line of JSON text, ended by "\n"
 *   attachment   bytes behind a row, told of at the beginning of its line: `prefixOf` in attachments.ts
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

/**
 * What is written at once: whole rows as text, or text and attachments in turn, as they follow each other on the wire:
 * `['1\n+3,2 {"method":0}\n', bytes, more, '2\n']`.
 */
export type Rows = string | readonly (string | Uint8Array)[]

/** What a row without attachments comes with. */
export const NO_ATTACHMENTS: readonly Uint8Array[] = Object.freeze([])

/** What a connection gives to its one reader. It must not throw: the connection is destroyed if it does. */
export interface Sink {
  /**
   * One row, parsed, and the bytes that came behind it: NO_ATTACHMENTS mostly. Rows come in order, and none comes after
   * `closed` has settled. Each attachment is the taker's own: an ArrayBuffer of just its size that nobody else holds.
   * `size`: characters of the row's text, which took time to parse.
   */
  row(row: unknown, attachments: readonly Uint8Array[], size: number): void
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
  /**
   * Bytes of text that a row may have, the lengths of its attachments included; a longer one ends the connection with
   * DS_LIMIT. Starts at LIMITS.helloRow.
   */
  rowLimit: number
  /**
   * Bytes that the attachments of a row may have together; more, or more than LIMITS.attachments of them, end the connection
   * with DS_LIMIT before any is kept. Starts at 0: no row has any, and one that says so ends the connection with DS_PROTOCOL.
   */
  attachmentLimit: number
  /** Bytes that wait to be written. */
  readonly queued: number
  /** Bytes that came from the peer since `open`, those of rows that are not whole yet included. Only grows. */
  readonly received: number
  /** Starts delivery. Called exactly once; rows that came before are kept, within the limits. */
  open(sink: Sink): void
  /**
   * Writes one or more whole rows, each ended by "\n" and followed by its attachments, at once. Never throws; after the end
   * it does nothing. Answers false when the peer is slow: wait for `drain` before sending bulk.
   *
   * Bytes are not copied: they are the connection's until they are written, which is so at the latest when nothing is
   * `queued`. Who may change, move or shrink them meanwhile passes a copy. Only a peer that allowed attachments is sent any.
   */
  send(rows: Rows): boolean
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
