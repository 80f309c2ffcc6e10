/** Which methods of an instance may be made twice: asked of it once, before it matters. */
import { describe } from './describe.js'
import type { LivePeer } from './peer.js'

const NONE: ReadonlySet<string> = new Set()

/** Asks in the background, once for each instance that answers. */
export function learn(peer: LivePeer): void {
  const { standing } = peer
  if (standing.idempotent) return
  standing.idempotent = NONE
  void describe(peer).then((description) => {
    const says = Object.entries(description?.about ?? {})
    const names = says.filter(([, { idempotent }]) => idempotent).map(([name]) => name)
    // where its connection went first, the next look asks again
    standing.idempotent = description ? new Set(names) : null
  })
}
