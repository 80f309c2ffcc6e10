/** The streams of two sessions over a link in memory that writes what travels as JSON, and raw ends. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import { disconnected, protocol, unsendable } from '../../../lib/base/errors.js'
import type { Logger } from '../../../lib/base/logger.js'
import { VirtualClock } from '../../../lib/base/virtual-clock.js'
import { readStream, writeStream } from '../../../lib/dnode/streams/messages.js'
import type { Form, StreamMessage, StreamPort } from '../../../lib/dnode/streams/port.js'
import { sizeOf } from '../../../lib/dnode/streams/size.js'
import { Streams } from '../../../lib/dnode/streams/table.js'
import {
  Attached,
  NO_TAGS,
  numbered,
  type BytesTag,
  type Payload,
} from '../../../lib/dnode/values/carried.js'
import { writeWireError } from '../../../lib/dnode/wire-error.js'
import { NO_ATTACHMENTS } from '../../../lib/wire/connection.js'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Collects, and lets finalizers run. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    gc()
    await turns()
  }
}

/** Lets everything that is due happen: promises, ticks, rows on the link. */
export async function turns(count = 40): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** One side, and what can be seen of it. */
export class End {
  readonly clock: VirtualClock
  readonly streams: Streams
  /** Arrays as they were sent, the oldest first. */
  readonly sent: unknown[][] = []
  readonly bad: Error[] = []
  readonly logged: unknown[] = []
  holds = 0
  /** The connection takes no more until `drain`. */
  isFull = false
  deliver: (text: string, attachments: readonly Uint8Array[]) => void = () => undefined

  constructor(clock: VirtualClock) {
    this.clock = clock
    this.streams = new Streams(this.#port())
  }

  kinds(): string[] {
    return this.sent.map(([kind]) => kind as string)
  }

  of(kind: string): unknown[][] {
    return this.sent.filter((message) => message[0] === kind)
  }

  drain(): void {
    this.isFull = false
    this.streams.drained()
  }

  /** A row of the peer's with this message; what is bad in it is in `bad`. */
  receive(message: unknown[], attachments: readonly Uint8Array[] = NO_ATTACHMENTS): void {
    try {
      const read = readStream(message, 0, new Attached(attachments))
      if (read) this.streams.handle(read)
    } catch (error) {
      this.bad.push(error as Error)
    }
  }

  #port(): StreamPort {
    const log = (fields: unknown): void => void this.logged.push(fields)
    const logger: Logger = { debug: () => undefined, info: log, warn: log, error: log }
    return {
      clock: this.clock,
      logger,
      write,
      read,
      send: (message) => this.#send(message),
      hold: () => {
        this.holds++
        return { [Symbol.dispose]: () => void this.holds-- }
      },
      bad: (error) => void this.bad.push(error),
    }
  }

  #send(message: StreamMessage): boolean {
    const wire = writeStream(message, (error) => writeWireError(error, 'yes'))
    this.sent.push(wire)
    const chunk = message.type === 'chunk' ? (message.items as Payload) : null
    const attachments = chunk ? numbered([chunk]) : NO_ATTACHMENTS
    this.deliver(JSON.stringify(wire), attachments)
    return !this.isFull
  }
}

/** A codec of values for tests: JSON, bytes as attachments, undefined by a tag. */
function write(item: unknown): ReturnType<StreamPort['write']> {
  if (item instanceof Uint8Array) {
    const tag: BytesTag = ['bytes', 0, item.constructor.name]
    return { values: [{ $: tag }], attachments: [Uint8Array.from(item)], tags: [tag], size: 30 }
  }
  if (typeof item === 'symbol' || typeof item === 'bigint') {
    throw unsendable({ summary: `a ${typeof item} cannot travel` })
  }
  const value: unknown = item === undefined ? { $: ['undefined'] } : structuredClone(item)
  return { values: [value], attachments: NO_ATTACHMENTS, tags: NO_TAGS, size: sizeOf(value) }
}

function read(item: unknown, attached: Attached | undefined): unknown {
  const tag = (item as { $?: unknown[] } | null)?.$
  if (tag === undefined) return item
  if (tag[0] === 'undefined') return undefined
  if (tag[0] !== 'bytes') throw protocol({ summary: 'unknown tag' })
  const bytes = attached?.take(tag[1])
  if (!bytes) throw protocol({ summary: 'no such attachment' })
  return tag[2] === 'Buffer' ? Buffer.from(bytes) : bytes
}

/** Two sides whose messages arrive in the next turn. */
export interface Two {
  readonly clock: VirtualClock
  readonly a: End
  readonly b: End
  /** A source of a's in b's hand. */
  pass<T = unknown>(source: object, form: Form, as?: Form): T
}

export function twoEnds(): Two {
  const clock = new VirtualClock()
  const [a, b] = [new End(clock), new End(clock)]
  join(a, b)
  join(b, a)
  return {
    clock,
    a,
    b,
    pass: <T>(source: object, form: Form, as = form) =>
      b.streams.take(a.streams.offer(source, form), as) as T,
  }
}

/** The text is read when it arrives; as much as came by then in one turn. */
function join(from: End, to: End): void {
  let under: [string, readonly Uint8Array[]][] = []
  from.deliver = (text, attachments) => {
    if (under.push([text, attachments]) > 1) return
    setImmediate(() => {
      const came = under
      under = []
      for (const [row, bytes] of came) to.receive(JSON.parse(row) as unknown[], bytes)
    })
  }
}

/** Nothing is left of any stream. */
export function expectEmpty(...ends: readonly End[]): void {
  for (const { streams, holds } of ends) {
    expect({ outgoing: streams.outgoing, incoming: streams.incoming, holds }).toEqual({
      outgoing: 0,
      incoming: 0,
      holds: 0,
    })
  }
}

export const GONE: Error = disconnected({ summary: 'the connection ended' })

/** All items, by whatever a stream is read with. */
export async function all(stream: object): Promise<unknown[]> {
  const items: unknown[] = []
  for await (const item of stream as AsyncIterable<unknown>) items.push(item)
  return items
}

/** What came before the error, and its message. */
export async function untilError(stream: object): Promise<{ items: unknown[]; error: string }> {
  const items: unknown[] = []
  try {
    for await (const item of stream as AsyncIterable<unknown>) items.push(item)
  } catch (error) {
    return { items, error: (error as Error).message }
  }
  return { items, error: 'none' }
}
