/** Two connections joined in memory: rows travel as bytes, later, in order, within a window, as over TCP. */
import { Duplex } from 'node:stream'
import type { Clock } from '../base/clock.js'
import type { Connection } from './connection.js'
import { connectionOf } from './stream.js'

/** Bytes under way before the sender has to wait, as a kernel's buffers have room for some. */
const WINDOW = 64 * 1024

/** What the way between two ends is like; read at each step, so that it may change. */
export interface Line {
  readonly clock: Clock
  /** Milliseconds from one end to the other. 0: the next turn of the event loop. */
  readonly delay: number
  /** Nothing arrives, and nobody notices: what is under way waits. */
  readonly isSilent: boolean
}

export interface PairOptions {
  readonly clock: Clock
  /** From the first end to the second. Default: a line without delay. */
  readonly line?: Line
  /** From the second end to the first. Default: as the other direction. */
  readonly back?: Line
  /** What each end calls the other. Default: `memory:b` and `memory:a`. */
  readonly addresses?: readonly [string, string]
  /** Default: LIMITS.writeQueue. */
  readonly writeQueue?: number | undefined
}

/** A pair and its strings, for those who want to break it. */
export interface Pair {
  readonly ends: readonly [Connection, Connection]
  /** The line works again after a silence. */
  resume(): void
  /**
   * Breaks one end as a dead cable or process would; the other hears of it over the line, or nothing: what was under way arrives, and
   * no more.
   */
  breakEnd(which: 0 | 1, how?: 'reset' | 'silent'): void
}

/** Two connections, each the peer of the other. */
export function memoryPair(options: PairOptions): readonly [Connection, Connection] {
  return joinPair(options).ends
}

/** As `memoryPair`, with the means to break it. */
export function joinPair(options: PairOptions): Pair {
  const { clock, writeQueue, addresses = ['memory:b', 'memory:a'] } = options
  const line = options.line ?? { clock, delay: 0, isSilent: false }
  const wires = [new Wire(line), new Wire(options.back ?? line)] as const
  const pipes = [new Pipe(wires[0]), new Pipe(wires[1])] as const
  wires[0].leadTo(pipes[1])
  wires[1].leadTo(pipes[0])
  const end = (which: 0 | 1): Connection =>
    connectionOf(pipes[which], {
      clock,
      writeQueue,
      peer: { transport: 'memory', address: addresses[which] },
    })
  return {
    ends: [end(0), end(1)],
    resume: () => wires.forEach((wire) => wire.pump()),
    breakEnd: (which, how = 'reset') => {
      if (how === 'silent') wires[which].shut()
      pipes[which].destroy(resetError())
    },
  }
}

function resetError(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}

/** Bytes, an end, or the news that the other side is gone. */
type Load = Buffer | 'end' | 'reset'

/** One direction. What the reader does not take stays here, and keeps the window shut. */
class Wire {
  readonly #line: Line
  readonly #parcels: { readonly at: number; readonly load: Load }[] = []
  #to: Pipe | undefined
  #bytes = 0
  #isScheduled = false
  /** Nothing is taken any more. */
  #isShut = false
  #onRoom: (() => void) | undefined

  constructor(line: Line) {
    this.#line = line
  }

  leadTo(pipe: Pipe): void {
    this.#to = pipe
    pipe.wanted = () => this.#schedule()
  }

  /** Calls `onRoom` when the next load may come. */
  carry(load: Load, onRoom: () => void): void {
    if (this.#isShut) return
    if (load === 'reset') this.#drop()
    const at = this.#line.clock.monotonic() + this.#line.delay
    for (const parcel of parcelsOf(load)) this.#parcels.push({ at, load: parcel })
    this.#bytes += sizeOf(load)
    if (this.#bytes < WINDOW) onRoom()
    else this.#onRoom = onRoom
    this.#schedule()
  }

  /** Its writer is gone, and says nothing more. */
  shut(): void {
    this.#isShut = true
  }

  /** A reset overtakes what is under way. */
  #drop(): void {
    this.#parcels.length = 0
    this.#bytes = 0
  }

  /** Delivers what is due. */
  pump(): void {
    this.#isScheduled = false
    for (let head = this.#parcels[0]; head && this.#isDue(head.at); head = this.#parcels[0]) {
      this.#parcels.shift()
      this.#bytes -= sizeOf(head.load)
      this.#to?.receive(head.load)
    }
    if (this.#bytes < WINDOW) this.#makeRoom()
    this.#schedule()
  }

  /** The writer may at once fill the room again, and be kept waiting again. */
  #makeRoom(): void {
    const onRoom = this.#onRoom
    this.#onRoom = undefined
    onRoom?.()
  }

  #isDue(at: number): boolean {
    return this.#isPassable && at <= this.#line.clock.monotonic()
  }

  get #isPassable(): boolean {
    const isReset = this.#parcels[0]?.load === 'reset'
    return !this.#line.isSilent && (isReset || this.#to?.isReading === true)
  }

  #schedule(): void {
    const head = this.#parcels[0]
    if (this.#isScheduled || !head || !this.#isPassable) return
    this.#isScheduled = true
    const wait = head.at - this.#line.clock.monotonic()
    if (wait > 0) this.#line.clock.after(wait, () => this.pump())
    else setImmediate(() => this.pump())
  }
}

/**
 * What is large arrives in pieces, between which a reader may pause and the line may break. Bytes are copied, as a kernel
 * does: once they are taken, their sender may change them.
 */
function parcelsOf(load: Load): readonly Load[] {
  if (typeof load === 'string') return [load]
  const count = Math.ceil(load.length / WINDOW)
  return Array.from({ length: count }, (_, i) => Buffer.from(load.subarray(i * WINDOW, (i + 1) * WINDOW)))
}

function sizeOf(load: Load): number {
  return typeof load === 'string' ? 0 : load.length
}

/** One end as a stream, so that the same connection runs on it as on a socket. */
class Pipe extends Duplex {
  readonly #out: Wire
  isReading = true
  /** Set by the wire that leads here: the reader has room again. */
  wanted: () => void = () => undefined

  constructor(out: Wire) {
    super({ highWaterMark: WINDOW })
    this.#out = out
  }

  receive(load: Load): void {
    if (this.destroyed) return
    if (load === 'reset') this.destroy(resetError())
    else this.isReading = this.push(load === 'end' ? null : load)
  }

  override _read(): void {
    this.isReading = true
    this.wanted()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#out.carry(chunk, done)
  }

  override _final(done: () => void): void {
    this.#out.carry('end', done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // what arrives from now on is dropped, so that the writer is not held up
    this.isReading = true
    const isInOrder = error === null && this.writableFinished && this.readableEnded
    if (!isInOrder) this.#out.carry('reset', () => undefined)
    done(error)
  }
}
