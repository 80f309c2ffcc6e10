/** One end of a connection, as a stream whose other end is a test: it feeds bytes in pieces and sees what is written. */
import { Duplex } from 'node:stream'

/** What the far end is told. */
export interface Far {
  wrote(bytes: Buffer): void
  ended(): void
}

/** Bytes as they come, with an end in order or a reset; the far end may refuse to read. */
export class Line extends Duplex {
  /** False: nothing that is written is taken, as by a peer that does not read. */
  isRead = true
  /** True: who feeds should wait. */
  isFull = false
  readonly #far: Far

  constructor(far: Far) {
    super()
    this.#far = far
  }

  /** What the peer sends. */
  feed(bytes: Buffer): void {
    if (this.destroyed || this.readableEnded) return
    this.isFull = !this.push(bytes)
  }

  /** The peer is done, in order. */
  feedEnd(): void {
    if (!this.destroyed) this.push(null)
  }

  /** The peer is gone. */
  reset(): void {
    this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
  }

  override _read(): void {
    this.isFull = false
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.isRead) return
    this.#far.wrote(bytes)
    done()
  }

  override _final(done: () => void): void {
    if (!this.isRead) return
    this.#far.ended()
    done()
  }
}

/** Two lines joined: what is written on one is fed to the other in the next turn of the event loop, and shown to `see`. */
export function joined(see: (from: 'client' | 'server', bytes: Buffer) => void): {
  client: Line
  server: Line
} {
  const far = (from: 'client' | 'server', to: () => Line): Far => ({
    wrote: (bytes) => {
      see(from, bytes)
      setImmediate(() => to().feed(bytes))
    },
    ended: () => setImmediate(() => to().feedEnd()),
  })
  const client: Line = new Line(far('client', () => server))
  const server: Line = new Line(far('server', () => client))
  return { client, server }
}
