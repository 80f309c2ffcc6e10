/** `$describe`: what an instance says of itself, asked for and checked before it is believed. */
import validRange from 'semver/ranges/valid.js'
import { isHash, type State } from '../../base/identity.js'
import { isName } from '../../base/names.js'
import type { MethodAbout } from '../method.js'
import type { Description, EdgeView } from '../types.js'
import type { LivePeer } from './peer.js'

/** The method that every service answers from `waiting` on. */
export const DESCRIBE = '$describe'

/** An instance that does not answer within this is taken as one without edges. */
const PATIENCE = 3_000

/** More than any service has; a peer that claims more is not believed. */
const MOST_EDGES = 200
const LONGEST_RANGE = 256

const STATES: readonly string[] = ['starting', 'waiting', 'ready', 'draining', 'stopped'] satisfies State[]

/** Asks an instance for its description. Null: it did not answer in time (milliseconds), or not with a description of itself. */
export async function describe(peer: LivePeer, timeout: number = PATIENCE): Promise<Description | null> {
  const { identity, session, revision } = peer
  const outcome = await session.call(DESCRIBE, [], { timeout })
  if (!outcome.ok || !isRecord(outcome.value)) return null
  const { edges, state, methods, about, contract } = outcome.value
  if (!Array.isArray(edges) || edges.length > MOST_EDGES || !Array.isArray(methods)) return null
  if (typeof state !== 'string' || !STATES.includes(state)) return null
  const { name, version, id, started } = identity
  const known = edges.map(toEdge).filter((edge) => edge !== null)
  peer.told = { id, revision, edges: known }
  return {
    name,
    version,
    id,
    started,
    state: state as State,
    edges: known,
    methods: methods.filter((method) => typeof method === 'string'),
    about: toAbout(about),
    contract: identity.contract ?? (isHash(contract) ? contract : null),
  }
}

/** What is said of methods; whatever is not understood was not said. */
function toAbout(value: unknown): Record<string, MethodAbout> {
  const about: Record<string, MethodAbout> = Object.create(null) as Record<string, MethodAbout>
  for (const [path, said] of isRecord(value) ? Object.entries(value) : []) {
    if (!isRecord(said)) continue
    const { idempotent, description } = said
    about[path] = {
      ...(idempotent === true ? { idempotent } : {}),
      ...(typeof description === 'string' ? { description } : {}),
    }
  }
  return about
}

function toEdge(value: unknown): EdgeView | null {
  if (!isRecord(value)) return null
  const { name, range, optional, lazy, met, declaredIn } = value
  if (!isName(name) || typeof range !== 'string' || range.length > LONGEST_RANGE) return null
  if (validRange(range) === null) return null
  return {
    name,
    range,
    optional: optional === true,
    lazy: lazy === true,
    met: met === true,
    declaredIn: declaredIn === 'package.json' ? 'package.json' : 'rely()',
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
