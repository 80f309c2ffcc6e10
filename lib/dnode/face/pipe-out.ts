/** How a dnode is piped into another stream: what it emits is written there, and the other's troubles stay its own. */
import { Writable } from 'node:stream'

/** The dnode, as far as a pipe needs it. */
export interface Source {
  on(event: 'data', run: (row: unknown) => void): unknown
  on(event: 'end', run: () => void): unknown
  off(event: 'data', run: (row: unknown) => void): unknown
  off(event: 'end', run: () => void): unknown
  pause(): void
  resume(): void
  /** The other stream is gone; `error`: its peer hung up. */
  lost(dest: NodeJS.WritableStream, error: Error | null): void
}

/**
 * Unlike Node's own pipe it survives a peer that hangs up in the middle: a reset is not an error that ends the process where
 * nobody listens. Any other error of the stream is the program's, as ever.
 */
export function pipeOut(from: Source, dest: NodeJS.WritableStream, endsToo: boolean): void {
  const gather = gatherer(dest)
  const onData = (row: unknown): void => {
    if (!dest.writable) return
    gather()
    if (dest.write(row as string) === false) from.pause()
  }
  const onDrain = (): void => from.resume()
  const onEnd = (): void => {
    stop()
    if (endsToo) dest.end()
  }
  const stop = (): void => {
    from.off('data', onData)
    from.off('end', onEnd)
    dest.off('drain', onDrain)
  }
  const onError = (error: NodeJS.ErrnoException): void => {
    stop()
    if (HANG_UPS.has(error.code)) return from.lost(dest, error)
    if (dest.listenerCount('error') > 1) return
    dest.off('error', onError)
    dest.emit('error', error)
  }
  from.on('data', onData)
  from.on('end', onEnd)
  dest.on('drain', onDrain)
  // it stays after our end: a reset may come as long as the stream is open
  dest.on('error', onError)
  dest.once('close', () => {
    stop()
    dest.off('error', onError)
    from.lost(dest, null)
  })
  dest.emit('pipe', from)
}

/** Lets a stream that can, a socket for example, write all rows of a turn at once. */
function gatherer(dest: NodeJS.WritableStream): () => void {
  if (!(dest instanceof Writable)) return () => undefined
  let isGathering = false
  const flush = (): void => {
    isGathering = false
    dest.uncork()
  }
  return () => {
    if (isGathering) return
    isGathering = true
    dest.cork()
    process.nextTick(flush)
  }
}

/** What a socket says when its peer went away without an end. */
const HANG_UPS: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])
