/** A connection on top of any duplex stream: a socket, an in-memory pipe, a pipe of the user's. */
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/clock.js'
import { disconnected, limit, reasonOf, toError } from '../base/errors.js'
import { DEFAULTS, LIMITS } from '../base/options.js'
import type { Connection, Peer, Rows, Sink } from './connection.js'
import { RowReader, type TakeRow } from './rows.js'
import { giveBytesBack, isBorrowed } from './spare.js'

/** What a stream cannot say of itself. */
export interface StreamOptions {
  readonly peer: Peer
  readonly clock: Clock
  /** Bytes that may wait for a peer that does not read, besides one write with attachments. Default: LIMITS.writeQueue. */
  readonly writeQueue?: number | undefined
  /** How long `close` waits for the peer to read what was sent and to end its own side. Default: DEFAULTS.closeTimeout. */
  readonly closeTimeout?: number | undefined
  /** The stream says when it has done with the bytes of a write, and hands them to nobody: their memory is used again. Default: false. */
  readonly writesOut?: boolean | undefined
  /** Ends the stream so that the peer takes it for a failure, not for an end in order. Default: destroys the stream. */
  readonly reset?: (() => void) | undefined
}

/** Wraps a duplex that nobody else reads or writes; from here on the connection owns it. */
export function connectionOf(stream: Duplex, options: StreamOptions): Connection {
  return new StreamConnection(stream, options)
}

/**
 * The end of a connection, whoever begins it:
 *
 *   we:    close()  -> our end is written -> the peer's end comes -> closed: null
 *   peer:  its end  -> what was read is handled, answers go out -> our end is written -> closed: null
 *   either: destroy, a reset, a broken rule -> closed: the error
 */
class StreamConnection implements Connection {
  readonly peer: Peer
  readonly closed: Promise<Error | null>
  readonly #stream: Duplex
  readonly #options: StreamOptions
  readonly #reader: RowReader
  #received = 0
  #settle: (reason: Error | null) => void = () => undefined
  #sink: Sink | undefined
  #isOver = false
  #isEnding = false
  #peerEnded = false
  /** Bytes of the largest write with attachments that may still wait: it alone is no sign of a slow peer. */
  #spare = 0
  #closeTimer: Disposable | undefined

  constructor(stream: Duplex, options: StreamOptions) {
    // first of all: an error that nobody listens to ends the process
    stream.on('error', (error: Error) => this.#broke(error))
    this.#stream = stream
    this.#options = options
    this.peer = options.peer
    this.closed = new Promise((resolve) => (this.#settle = resolve))
    const take: TakeRow = (row, attachments, size) => this.#deliver(row, attachments, size)
    this.#reader = new RowReader(LIMITS.helloRow, take)
    stream.on('end', () => this.#onPeerEnd())
    stream.on('finish', () => this.#maybeOver())
    stream.on('drain', () => this.#onDrain())
    stream.on('close', () => this.#onClose())
  }

  get rowLimit(): number {
    return this.#reader.limit
  }

  set rowLimit(bytes: number) {
    this.#reader.limit = bytes
  }

  get attachmentLimit(): number {
    return this.#reader.attachmentLimit
  }

  set attachmentLimit(bytes: number) {
    this.#reader.attachmentLimit = bytes
  }

  get isClosed(): boolean {
    return this.#isOver
  }

  get queued(): number {
    return this.#isOver ? 0 : this.#stream.writableLength
  }

  get received(): number {
    return this.#received
  }

  open(sink: Sink): void {
    if (this.#sink) throw new Error('a connection has one reader: open() was called twice')
    this.#sink = sink
    this.#stream.on('data', (chunk: Buffer | string) => this.#read(chunk))
  }

  send(rows: Rows): boolean {
    if (this.#isOver || this.#isEnding) return true
    let isQuick = true
    this.#guard(() => (isQuick = typeof rows === 'string' ? this.#stream.write(rows) : this.#writeAll(rows)))
    const most = (this.#options.writeQueue ?? LIMITS.writeQueue) + this.#spare
    if (this.queued > most) this.destroy(this.#tooSlow(most))
    return isQuick
  }

  pause(): void {
    if (this.#isOver) return
    this.#reader.pause()
    this.#stream.pause()
  }

  resume(): void {
    if (this.#isOver || !this.#reader.isPaused) return
    this.#guard(() => this.#reader.resume())
    if (this.#isOver || this.#reader.isPaused) return
    if (this.#sink) this.#stream.resume()
    if (this.#peerEnded) this.#onPeerEnd()
  }

  async close(): Promise<void> {
    this.#end()
    // what nobody reads would keep the peer's end from being seen
    if (!this.#sink) this.#stream.resume()
    await this.closed
  }

  destroy(reason: Error): void {
    this.#over(reason)
  }

  /** Several pieces as one write: the system takes them from where they are. */
  #writeAll(pieces: Exclude<Rows, string>): boolean {
    let size = 0
    let isQuick = true
    this.#stream.cork()
    for (const piece of pieces) {
      if (piece.length > 0) isQuick = this.#stream.write(piece, this.#whenWritten(piece))
      size += piece.length
    }
    this.#spare = Math.max(this.#spare, Math.min(size, LIMITS.attachedRow))
    this.#stream.uncork()
    return isQuick
  }

  /** The memory of a copy is used again; where the write fails, it may still be in the system's hand. */
  #whenWritten(piece: string | Uint8Array): ((error?: Error | null) => void) | undefined {
    if (typeof piece === 'string' || !this.#options.writesOut || !isBorrowed(piece)) return undefined
    return (error) => {
      if (!error) giveBytesBack(piece)
    }
  }

  #onDrain(): void {
    this.#spare = 0
    this.#guard(() => this.#sink?.drain())
  }

  #read(chunk: Buffer | string): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    this.#received += bytes.length
    this.#guard(() => this.#reader.push(bytes))
  }

  /** Whatever is not ours runs in here, the reader and the stream: what they throw ends this connection and nothing else. */
  #guard(run: () => unknown): void {
    if (this.#isOver) return
    try {
      run()
    } catch (error) {
      this.#over(toError(error))
    }
  }

  #deliver(row: unknown, attachments: readonly Uint8Array[], size: number): boolean {
    this.#sink?.row(row, attachments, size)
    return !this.#isOver && !this.#reader.isPaused
  }

  #onPeerEnd(): void {
    if (this.#isOver) return
    this.#peerEnded = true
    // resume() comes back here
    if (this.#reader.isPaused) return
    if (this.#reader.place !== null) return this.#over(this.#hungUp(this.#cutShort('hung up')))
    // a turn later, so that the answers to its last rows go out first
    setImmediate(() => this.#end())
  }

  /** Writes our end, once. */
  #end(): void {
    if (this.#isOver || this.#isEnding) return
    this.#isEnding = true
    const wait = this.#options.closeTimeout ?? DEFAULTS.closeTimeout
    this.#closeTimer = this.#options.clock.after(wait, () => this.#onCloseTimeout())
    this.#guard(() => this.#stream.end())
    this.#maybeOver()
  }

  #onCloseTimeout(): void {
    this.#over(this.#stream.writableFinished ? null : this.#hungUp('did not read what was sent last'))
  }

  #maybeOver(): void {
    if (this.#isEnding && this.#peerEnded && this.#stream.writableFinished) this.#over(null)
  }

  #onClose(): void {
    this.#over(this.#endedInOrder ? null : this.#hungUp(this.#cutShort('is gone without a word')))
  }

  #broke(error: Error): void {
    const what = this.#cutShort(`broke the connection, ${reasonOf(error)}`)
    this.#over(this.#endedInOrder ? null : this.#hungUp(what, error))
  }

  /** A reset after either side's end loses nothing that was promised. */
  get #endedInOrder(): boolean {
    return this.#peerEnded || (this.#isEnding && this.#stream.writableFinished)
  }

  /** The one way out: settles `closed` and lets go of the stream. The first reason stands. */
  #over(reason: Error | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#closeTimer?.[Symbol.dispose]()
    this.#settle(reason)
    this.#reader.drop()
    if (reason) this.#options.reset?.()
    this.#stream.destroy()
  }

  /** What happened, and which row will never be whole for it. */
  #cutShort(what: string): string {
    const { place } = this.#reader
    return place === null ? what : `${what} in the middle of ${place}`
  }

  #hungUp(what: string, cause?: Error): Error {
    return disconnected({
      summary: `the peer at ${this.peer.address} ${what}`,
      hint: 'calls without an answer may have run',
      cause,
    })
  }

  #tooSlow(most: number): Error {
    return limit({
      summary: `${this.queued} bytes wait for the peer at ${this.peer.address}, which reads too slowly; ${most} are allowed`,
      hint: 'send less at once, or make the peer read',
      ran: 'maybe',
    })
  }
}
