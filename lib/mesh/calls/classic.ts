/** `dnodeFor` with a callback, dnode's way: one session, a classic remote, and `d` to let go of it. */
import { EventEmitter } from 'node:events'
import type { DServiceError } from '../../base/errors.js'
import type { ClassicRemote } from '../../dnode/remote.js'
import type { LivePeer } from '../peers/peer.js'
import type { DnodeForCallback, DnodeView } from '../types.js'
import { acquire, type Patience, type Wish } from './acquire.js'
import type { NodeContext } from './node.js'

/** Finds an instance and gives it to the callback, once. What the callback throws is the program's own error. */
export async function dnodeForClassic<T>(
  wish: Wish,
  { callback, ...patience }: Patience & { readonly callback: DnodeForCallback<T> },
): Promise<void> {
  const found = await wish.node.keepAlive.during(acquire(wish, patience))
  if (!found.ok) {
    const none = undefined as never
    return leavePromise(() => callback(found.error as DServiceError, none, none))
  }
  const view = new SessionView(wish.node, found.peer)
  leavePromise(() => callback(null, view.remote as ClassicRemote<T>, view))
}

/** Runs user code outside of our promises, so that what it throws is an uncaught exception, as with any callback. */
function leavePromise(run: () => void): void {
  process.nextTick(run)
}

/** dnode's `d`: pending, and keeping the process alive, until it ends or its session is lost. */
class SessionView extends EventEmitter implements DnodeView {
  readonly remote: Record<string, unknown>
  readonly #node: NodeContext
  readonly #release: () => void
  readonly #hold: Disposable | null
  #ended = false

  constructor(node: NodeContext, peer: LivePeer) {
    super()
    const view = peer.session.view()
    this.remote = view.remote
    this.#release = () => view.release()
    this.#hold = peer.hold()
    this.#node = node
    node.keepAlive.hold()
    void peer.session.closed.then(() => this.end())
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#release()
    this.#hold?.[Symbol.dispose]()
    this.#node.keepAlive.release()
    leavePromise(() => void this.emit('end'))
  }
}
