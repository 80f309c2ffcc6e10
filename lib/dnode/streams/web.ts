/** A peer's stream as a Web stream. */
import { toError } from '../../base/errors.js'
import { NOTHING, type Incoming, type Reader } from './incoming.js'

type Controller = ReadableStreamDefaultController<unknown>

/** What the ReadableStream asks. Held by it, and by the incoming stream while a read waits. */
class WebReader implements Reader {
  readonly #incoming: Incoming
  #controller: Controller | null = null

  constructor(incoming: Incoming) {
    this.#incoming = incoming
  }

  pull(controller: Controller): void {
    this.#controller = controller
    this.more()
  }

  /** One item for each time it is asked; what it does next it asks for itself. */
  more(): void {
    const [incoming, controller] = [this.#incoming, this.#controller]
    const item = incoming.take()
    if (item !== NOTHING) controller?.enqueue(item)
    else if (!incoming.isOver) incoming.wait(this)
    else if (incoming.error) controller?.error(incoming.error)
    else controller?.close()
  }

  cancel(reason: unknown): void {
    this.#incoming.stop(reason === undefined ? null : toError(reason))
  }
}

/** Reads nothing ahead of its reader. */
export function incomingWeb(incoming: Incoming): ReadableStream {
  return new ReadableStream(new WebReader(incoming), { highWaterMark: 0 })
}
