/** What is read for a peer, whatever it is: the seam between a producer's stream and its source, and which sources may be sent. */
import { Readable } from 'node:stream'
import { unsendable } from '../../base/errors.js'
import type { Form } from './port.js'

/** Who is given the items of a source. */
export interface Taker {
  /** False: no more until the next `pull`. */
  item(value: unknown): boolean
  end(): void
  fail(thrown: unknown): void
}

/** Owned by one producer's stream, which pulls again only after `item` has answered false. */
export interface Source {
  /** Items are wanted: they may come before it returns. */
  pull(): void
  /** Nobody wants more: called at most once, and not after the source's own end. Errors: what its `finally` throws. */
  stop(reason: Error | null): unknown
}

/** What was sent once, for good. Iterables that make a new iterator each time are not in it. */
const sent = new WeakSet<object>()

/** The form in which a source travels. */
export function formOf(source: object): Form {
  if (source instanceof Readable) {
    return source.readableObjectMode || source.readableEncoding !== null ? 'node' : 'bytes'
  }
  return isWeb(source) ? 'web' : 'iterable'
}

/** Takes a source for one stream. Errors: DS_UNSENDABLE where somebody else reads it, or did. */
export function claim(source: object): void {
  const why = sent.has(source) ? 'was sent before' : whyNot(source)
  if (why) {
    throw unsendable({
      summary: `expected a stream that nobody has read, received one that ${why}`,
      hint: 'make a new one for each sending',
    })
  }
  if (isOnce(source)) sent.add(source)
}

/** It was not sent after all. */
export function unclaim(source: object): void {
  sent.delete(source)
}

function whyNot(source: object): string | null {
  if (source instanceof Readable) return whyNotNode(source)
  if (isWeb(source)) {
    if (source.locked) return 'is locked to a reader'
    return Readable.isDisturbed(source as unknown as NodeJS.ReadableStream) ? 'was read' : null
  }
  return isIterator(source) || Symbol.asyncIterator in source || Symbol.iterator in source
    ? null
    : 'gives no iterator'
}

function whyNotNode(source: Readable): string | null {
  if (source.destroyed) return 'was destroyed'
  if (source.readableFlowing === true) return 'flows to somebody else'
  return source.readableDidRead || source.readableEnded ? 'was read' : null
}

function isOnce(source: object): boolean {
  return source instanceof Readable || isWeb(source) || isIterator(source)
}

/** Looks at its name first: Node loads Web streams when their class is first named, for 6 ms. */
export function isWeb(source: object): source is ReadableStream {
  const { [Symbol.toStringTag]: name } = source as { [Symbol.toStringTag]?: unknown }
  return name === 'ReadableStream' && source instanceof ReadableStream
}

/** A generator's object, or another that can be asked for its items once. */
export function isIterator(source: object): boolean {
  return typeof (source as { next?: unknown }).next === 'function'
}
