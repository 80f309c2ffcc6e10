/** The far end of a dnode that a program pipes: what is written to the dnode is read here, and the other way round. */
import { Duplex } from 'node:stream'

/** The near end: a stream of the old kind, which emits text. */
export interface NearEnd {
  emit(event: 'data', text: string): boolean
  emit(event: 'drain'): boolean
}

/** Owned by one dnode; the session's connection is made of it. */
export class PipeEnd extends Duplex {
  readonly #near: NearEnd
  #isFull = false
  #isPaused = false
  /** A write that waits for `unpause`. */
  #held: (() => void) | null = null

  constructor(near: NearEnd) {
    super({ decodeStrings: false, allowHalfOpen: true })
    this.#near = near
  }

  /** Bytes for the session; false: wait for the near end's `drain`. */
  feed(chunk: Buffer | string): boolean {
    if (this.destroyed || this.readableEnded) return true
    this.#isFull = !this.push(chunk)
    return !this.#isFull
  }

  /** Nothing more will be written to the dnode. */
  feedEnd(): void {
    if (!this.destroyed) this.push(null)
  }

  /** Holds back what the session writes. */
  hold(): void {
    this.#isPaused = true
  }

  /** Ends `hold`. */
  unhold(): void {
    this.#isPaused = false
    const held = this.#held
    this.#held = null
    held?.()
  }

  override _read(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#near.emit('drain')
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    const write = (): void => {
      this.#near.emit('data', chunk)
      done()
    }
    if (this.#isPaused) this.#held = write
    else write()
  }
}
