/** How the streams of a session get their items written and read. */
import type { Clock } from '../base/clock.js'
import { silentLogger, type Logger } from '../base/logger.js'
import { LIMITS } from '../base/options.js'
import type { Connection } from '../wire/connection.js'
import type { Cargo } from './cargo.js'
import type { Life } from './life.js'
import type { StreamMessage, StreamPort } from './streams/port.js'
import type { SessionOptions } from './types.js'
import type { Attached, Payload } from './values/carried.js'
import type { Writer } from './writer.js'

interface StreamCarriageParts {
  readonly options: Pick<SessionOptions, 'clock' | 'logger' | 'keepAlive' | 'onFail'>
  readonly connection: Connection
  readonly life: Life
  readonly writer: Writer
  readonly cargo: Cargo
}

/** Owned by the streams of one session. */
export class StreamCarriage implements StreamPort {
  readonly #parts: StreamCarriageParts

  constructor(parts: StreamCarriageParts) {
    this.#parts = parts
  }

  get clock(): Clock {
    return this.#parts.options.clock
  }

  get logger(): Logger {
    return this.#parts.options.logger ?? silentLogger
  }

  write(item: unknown): Payload {
    return this.#parts.cargo.item(item)
  }

  read(item: unknown, attached: Attached | undefined): unknown {
    return this.#parts.cargo.items([item], attached)[0]
  }

  send(message: StreamMessage): boolean {
    const { writer, connection } = this.#parts
    writer.stream(message)
    return connection.queued <= LIMITS.unread
  }

  hold(): Disposable {
    const { keepAlive } = this.#parts.options
    keepAlive?.hold()
    return { [Symbol.dispose]: () => keepAlive?.release() }
  }

  bad(error: Error): void {
    const { life, options } = this.#parts
    life.tell(() => options.onFail?.(error))
  }
}
