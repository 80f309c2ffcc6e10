/** The connection of a dnode that a program pipes: what is written to the dnode comes in here, what it emits goes out. */
import { limit, toError } from '../../base/errors.js'
import { LIMITS } from '../../base/options.js'
import { NO_ATTACHMENTS, type Connection, type Peer, type Rows, type Sink } from '../../wire/connection.js'
import { RowReader } from '../../wire/rows.js'

/** The dnode: a stream of the old kind, which emits a row at a time. */
export interface NearEnd {
  emit(event: 'data', row: unknown): boolean
  emit(event: 'drain'): boolean
  listenerCount(event: 'data'): number
}

/** Rows that are kept for a reader who comes late: the methods, and what little may follow at once. */
const UNHEARD = 16

/** Owned by one dnode. Nothing of it waits for anything: a row is handled, or emitted, when the call returns. */
export class PipeEnd implements Connection {
  readonly peer: Peer = { transport: 'stream', address: 'a pipe' }
  readonly closed: Promise<Error | null>
  /** What is emitted are rows, and a peer behind a pipe is a classic one: neither knows of bytes. */
  readonly attachmentLimit = 0
  readonly #near: NearEnd
  readonly #emitsObjects: boolean
  readonly #reader: RowReader
  #settle: (reason: Error | null) => void = () => undefined
  #sink: Sink | null = null
  #isOver = false
  /** Chunks that wait for `open`, or for the row that is being handled. */
  #incoming: unknown[] = []
  #incomingSize = 0
  #received = 0
  #isReading = false
  /** The first half of a character whose second half is in the next text. */
  #halfCharacter = ''
  #isHeld = false
  #held: string[] = []
  #heldSize = 0
  #saidFull = false
  /** The first rows that nobody was there to read. */
  #unheard: string[] = []

  /** `emitsObjects`: rows go out as objects instead of JSON texts. */
  constructor(near: NearEnd, emitsObjects: boolean) {
    this.#near = near
    this.#emitsObjects = emitsObjects
    this.#reader = new RowReader(LIMITS.helloRow, (row, none, size) => this.#deliver(row, size))
    this.closed = new Promise((resolve) => (this.#settle = resolve))
  }

  get rowLimit(): number {
    return this.#reader.limit
  }

  set rowLimit(bytes: number) {
    this.#reader.limit = bytes
  }

  get isClosed(): boolean {
    return this.#isOver
  }

  get queued(): number {
    return this.#heldSize
  }

  get received(): number {
    return this.#received
  }

  open(sink: Sink): void {
    this.#sink = sink
    this.#read()
  }

  /** Bytes, text, or a parsed row of the peer. False: it does not read our answers; wait for the dnode's `drain`. */
  feed(chunk: unknown): boolean {
    if (this.#isOver) return true
    this.#incoming.push(chunk)
    this.#incomingSize += sizeOf(chunk)
    this.#received += sizeOf(chunk)
    this.#read()
    if (this.#incomingSize > LIMITS.writeQueue) this.destroy(tooFast(this.#incomingSize))
    this.#saidFull = this.#heldSize > LIMITS.batch || this.#reader.isPaused
    return !this.#saidFull
  }

  send(rows: Rows): boolean {
    if (this.#isOver) return true
    if (typeof rows !== 'string') throw new Error('a dnode that is piped never sends attachments')
    for (const row of rows.split('\n')) {
      if (row === '') continue
      this.#held.push(row)
      this.#heldSize += row.length
    }
    if (!this.#isHeld) this.#release()
    else if (this.#heldSize > LIMITS.writeQueue) this.destroy(tooSlow(this.#heldSize))
    return this.#heldSize === 0
  }

  pause(): void {
    this.#reader.pause()
  }

  resume(): void {
    if (this.#isOver || !this.#reader.isPaused) return
    if (this.#isReading) return queueMicrotask(() => this.resume())
    this.#reading(() => this.#reader.resume())
    this.#read()
    this.#sayRoom()
  }

  /** Holds back what goes out: whoever reads it is slow. */
  hold(): void {
    this.#isHeld = true
  }

  /** Ends `hold`. */
  unhold(): void {
    this.#isHeld = false
    this.#release()
    if (this.#heldSize === 0) this.#sink?.drain()
    this.#sayRoom()
  }

  /** Somebody reads now: what nobody heard is said again. */
  catchUp(): void {
    const rows = this.#unheard
    this.#unheard = []
    for (const row of rows) this.#emit(row)
  }

  /** Whoever was asked to wait need not any more. */
  #sayRoom(): void {
    if (!this.#saidFull || this.#heldSize > 0 || this.#reader.isPaused) return
    this.#saidFull = false
    this.#near.emit('drain')
  }

  /** What is held goes out first: who asked us to wait has to keep it now. */
  async close(): Promise<void> {
    this.#isHeld = false
    this.#release(true)
    this.#over(null)
  }

  destroy(reason: Error): void {
    this.#over(reason)
  }

  #read(): void {
    if (!this.#sink || this.#isReading) return
    this.#reading(() => {
      while (this.#incoming.length > 0 && !this.#isOver && !this.#reader.isPaused) {
        const chunk = this.#incoming.shift()
        this.#incomingSize -= sizeOf(chunk)
        this.#take(chunk)
      }
    })
  }

  /** Rows that come while one is handled, since two dnodes are piped into each other, wait for their turn. */
  #reading(run: () => void): void {
    this.#isReading = true
    try {
      run()
    } catch (error) {
      this.#over(toError(error))
    } finally {
      this.#isReading = false
    }
  }

  #take(chunk: unknown): void {
    if (chunk instanceof Uint8Array) {
      this.#reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    } else if (typeof chunk === 'object' && chunk !== null) this.#deliver(chunk, 0)
    else this.#reader.push(this.#encode(String(chunk)))
  }

  #encode(chunk: string): Buffer {
    const text = this.#halfCharacter + chunk
    const last = text.charCodeAt(text.length - 1)
    const isHalf = last >= 0xd800 && last <= 0xdbff
    this.#halfCharacter = isHalf ? text.slice(-1) : ''
    return Buffer.from(isHalf ? text.slice(0, -1) : text)
  }

  #deliver(row: unknown, size: number): boolean {
    this.#sink?.row(row, NO_ATTACHMENTS, size)
    return !this.#isOver && !this.#reader.isPaused
  }

  /** Emits what waits, until somebody says that it is too much; `all`: whatever they say. */
  #release(all = false): void {
    while (this.#held.length > 0 && (all || !this.#isHeld)) {
      const row = this.#held.shift() as string
      this.#heldSize -= row.length
      this.#emit(row)
    }
  }

  /** A dnode may be piped later than it starts; one that is only ever written to does not gather what it says. */
  #emit(row: string): void {
    if (this.#near.listenerCount('data') > 0) {
      this.#near.emit('data', this.#emitsObjects ? (JSON.parse(row) as unknown) : `${row}\n`)
    } else if (this.#unheard.length < UNHEARD) this.#unheard.push(row)
  }

  #over(reason: Error | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#incoming = []
    this.#incomingSize = 0
    this.#held = []
    this.#heldSize = 0
    this.#settle(reason)
  }
}

/** Bytes, or about as much for a row. */
function sizeOf(chunk: unknown): number {
  return typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk.length : 100
}

function tooSlow(bytes: number): Error {
  return limit({
    summary: `${bytes} bytes wait for whoever reads this dnode; ${LIMITS.writeQueue} are allowed`,
    hint: 'send less at once, or make the peer read',
    ran: 'maybe',
  })
}

function tooFast(bytes: number): Error {
  return limit({
    summary: `${bytes} bytes were written to this dnode and wait; ${LIMITS.writeQueue} are allowed`,
    hint: "when write() answers false, wait for 'drain'",
    ran: 'maybe',
  })
}
