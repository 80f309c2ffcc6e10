/** `snapshot()`: what a node knows right now, without asking anybody, changing anything or keeping anything. */
import { summaryOf } from '../../base/errors.js'
import type { Identity } from '../../base/identity.js'
import type { Session } from '../../dnode/session.js'
import { formatAddress } from '../../wire/connection.js'
import type { Lookup, Given } from '../calls/lookups.js'
import type { NodeContext } from '../calls/node.js'
import type { Peer } from '../peers/peer.js'
import type { Standing } from '../peers/standing.js'
import { buildGraph, type GraphInstance } from '../rely/graph.js'
import type { Relying } from '../rely/relying.js'
import type { Run } from '../serving/run.js'
import type { DService } from '../types.js'
import type * as face from '../views.js'
import { withoutSecrets } from './inspect.js'

/** Characters of an error that are shown: part of it may be a peer's. */
const LONGEST = 300

export interface Seen {
  readonly self: Omit<DService<object>, 'snapshot'>
  readonly node: NodeContext
  readonly relying: Relying
  /** The current start, or the last; null before the first. */
  readonly run: Run | null
}

/** The monotonic time of one look, and what to add to such a time to get one since 1970. */
interface Moment {
  readonly now: number
  readonly epoch: number
}

export function snapshot({ self, node, relying, run }: Seen): face.NodeView {
  const { pool, clock, lookups, waiting } = node
  const { name, state, mesh, address, missing } = self
  const version = name === null ? null : self.version
  const id = run?.id ?? null
  const at = clock.now()
  const moment = { now: clock.monotonic(), epoch: at - clock.monotonic() }
  const { edges } = relying
  const own: GraphInstance[] = run?.isUp ? [{ identity: run.identity, edges }] : []
  const peers = [
    ...pool.live().map((peer) => peerView(peer, null, moment)),
    ...pool.hidden().map(({ peer, hint }) => peerView(peer, hint, moment)),
  ]
  return {
    v: 1,
    at,
    ...{ name, version, id, state, mesh, address, missing, edges },
    started: run?.started ?? null,
    engine: withoutSecrets(pool.engine),
    peers,
    callers: (run?.sessions ?? []).map(callerView),
    lookups: lookups.all.map(([lookup, given]) => lookupView(lookup, given, moment.now)),
    waiting: [...waiting].flatMap(([of, count]) => (count > 0 ? [{ name: of, count }] : [])),
    graph: buildGraph([...own, ...peers.flatMap((peer) => instanceOf(peer, id))]),
  }
}

function peerView(peer: Peer, hint: Partial<Identity> | null, moment: Moment): face.PeerView {
  const { address, identity, standing, attempts, lastError, leaving, told, revision } = peer
  const live = peer.isLive()
  const isTold = told !== null && told.id === identity?.id && told.revision === revision
  return {
    address: formatAddress(address),
    live,
    identity: identityView(identity),
    announced: hint && { name: hint.name ?? null, version: hint.version ?? null },
    attempts,
    lastError: lastError && oneLine(lastError),
    session: live ? sessionView(peer.session) : null,
    leaving,
    standing: identity && standingView(standing, moment),
    edges: isTold ? told.edges.map((edge) => ({ ...edge })) : null,
  }
}

function identityView(identity: Identity | null | undefined): face.IdentityView | null {
  if (!identity) return null
  const { name, version, id, state, started } = identity
  return { name, version, id, state, started }
}

function sessionView(session: Session): face.SessionView {
  const { pending, running, references, streams } = session
  return { pending, running, ...references, streams }
}

function callerView(session: Session): face.CallerView {
  const { connection, hello } = session
  const identity = identityView(hello?.identity)
  return { address: connection.peer.address, identity, ...sessionView(session) }
}

function standingView({ load, health, idempotent }: Standing, { now, epoch }: Moment): face.StandingView {
  const { good, bad, inRow, ejected } = health.peek(now)
  return {
    latency: load.peek(now),
    good,
    bad,
    failuresInRow: inRow,
    ejected: ejected && { ...ejected, until: Math.round(ejected.until + epoch) },
    idempotent: [...idempotent],
  }
}

function lookupView(lookup: Lookup, given: Given, now: number): face.LookupView {
  const { target, budget, inFlight, broken } = lookup
  const { name, range } = target
  const refused = broken && oneLine(broken)
  return { name, range, ...given, inFlight, retriesLeft: budget.left(now), refused }
}

/** A service that looks for its own name meets itself. */
function instanceOf({ live, identity, edges }: face.PeerView, ownId: string | null): GraphInstance[] {
  return live && identity && identity.id !== ownId ? [{ identity, edges: edges ?? [] }] : []
}

function oneLine(error: Error): string {
  const line = summaryOf(error)
    .replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}
