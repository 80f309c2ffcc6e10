/** What a dservice peer adds to its methods row, and what is believed of it. */
import { protocol, reasonOf } from '../base/errors.js'
import { isHash, type Identity, type State } from '../base/identity.js'
import { checkName, checkVersion } from '../base/names.js'
import { DEFAULTS, LIMITS } from '../base/options.js'
import { isObject, unexpected, type Fields } from './check.js'
import type { Hello } from './messages.js'

/** The highest version of the dialect that this package speaks. */
export const PROTOCOL = 1

/** A peer that takes less than this could be told nothing, not even what was wrong. */
const LEAST_DEPTH = 16
const LEAST_NODES = 1_000

/** Characters of a peer's name, version or mesh that are looked at. */
const LONGEST = 256

/** The states of a service, as a set that anything may be looked up in. */
export const STATES: ReadonlySet<unknown> = new Set<State>([
  'starting',
  'waiting',
  'ready',
  'draining',
  'stopped',
])
const IDENTITY_KEYS = ['id', 'name', 'version', 'mesh', 'state', 'started'] as const

const NONE: readonly string[] = Object.freeze([])

/** What this package takes. */
const OURS: Hello['limits'] = Object.freeze({
  row: LIMITS.row,
  attached: LIMITS.attachedRow,
  pending: LIMITS.pending,
  depth: LIMITS.depth,
  nodes: LIMITS.nodes,
})

/** Custom types that a peer may have. */
const TYPES = 1_000

/** Methods that a peer may say to be idempotent. */
export const IDEMPOTENT = 1_000

/** The hello of this package: `identity` null for a client; `types`: names of the custom ones. */
export function helloOf(
  identity: Identity | null,
  { types = NONE, idempotent = NONE }: Partial<Pick<Hello, 'types' | 'idempotent'>> = {},
): Hello {
  return { protocol: PROTOCOL, identity, timeout: DEFAULTS.timeout, types, idempotent, limits: OURS }
}

/** As it travels: the identity's fields stand beside the others. */
export function writeHello(hello: Hello): Fields {
  const { protocol: version, identity, timeout, types, idempotent, limits } = hello
  const lists = {
    ...(types.length === 0 ? {} : { types }),
    ...(idempotent.length === 0 ? {} : { idempotent }),
  }
  const rest = { timeout, ...lists, limits }
  if (!identity) return { protocol: version, ...rest }
  const { id, name, version: release, mesh, state, started, contract } = identity
  const own = { id, name, version: release, mesh, state, started, ...(contract ? { contract } : {}) }
  return { protocol: version, ...own, ...rest }
}

/** Reads the `dservice` field of a methods row; undefined is a classic peer. Errors: DS_PROTOCOL. */
export function readHello(value: unknown): Hello | null {
  if (value === undefined) return null
  if (!isObject(value)) throw unexpected('"dservice" to be an object', value)
  const version = value['protocol']
  if (!Number.isInteger(version) || (version as number) < 1) {
    throw unexpected('"protocol" to be an integer from 1', version)
  }
  return {
    protocol: version as number,
    identity: readIdentity(value),
    timeout: readTimeout(value['timeout']) ?? null,
    types: readTypes(value['types']),
    idempotent: readIdempotent(value['idempotent']),
    limits: readLimits(value['limits']),
  }
}

/** Milliseconds; null: for ever; undefined: not said. Errors: DS_PROTOCOL. */
export function readTimeout(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return value
  if (typeof value === 'number' && value >= 0) return value
  throw unexpected('"timeout" to be milliseconds from 0', value)
}

function readIdentity(fields: Fields): Identity | null {
  if (IDENTITY_KEYS.every((key) => fields[key] === undefined)) return null
  const { id, name, version, mesh, state, started } = fields
  if (typeof id !== 'string' || !/^[a-z0-9]{1,64}$/.test(id)) {
    throw unexpected('"id" to be 1 to 64 characters of a-z and 0-9', id)
  }
  if (!STATES.has(state)) throw unexpected('"state" to be one of a service', state)
  if (!Number.isFinite(started)) throw unexpected('"started" to be milliseconds since 1970', started)
  for (const text of [name, version, mesh]) {
    if (typeof text !== 'string' || text.length > LONGEST) {
      throw unexpected(`"name", "version" and "mesh" to be texts of at most ${LONGEST} characters`, text)
    }
  }
  try {
    const names = {
      name: checkName(name),
      version: checkVersion(version),
      mesh: checkName(mesh, 'mesh name'),
    }
    const own = { id, ...names, state: state as State, started: started as number }
    // a hash of another kind says nothing to us, and takes nothing away
    return isHash(fields['contract']) ? { ...own, contract: fields['contract'] } : own
  } catch (error) {
    throw protocol({ summary: `the peer's hello is not valid: ${reasonOf(error)}` })
  }
}

function readTypes(value: unknown): readonly string[] {
  if (value === undefined) return NONE
  const isList = Array.isArray(value) && value.length <= TYPES
  if (isList && value.every((name) => typeof name === 'string' && name.length <= LONGEST))
    return value as string[]
  throw unexpected(`"types" to be a list of at most ${TYPES} names`, value)
}

/** How long a name is does not matter: the row bounds them together, and what is no method of the peer is never looked up. */
function readIdempotent(value: unknown): readonly string[] {
  if (value === undefined) return NONE
  const isList = Array.isArray(value) && value.length <= IDEMPOTENT
  if (isList && value.every((name) => typeof name === 'string')) return value as string[]
  throw unexpected(`"idempotent" to be a list of at most ${IDEMPOTENT} names`, value)
}

function readLimits(value: unknown): Hello['limits'] {
  if (!isObject(value)) throw unexpected('"limits" to be an object', value)
  return {
    row: readLimit(value, 'row', LIMITS.helloRow),
    attached: value['attached'] === undefined ? 0 : readLimit(value, 'attached', 0),
    pending: readLimit(value, 'pending', 1),
    depth: readLimit(value, 'depth', LEAST_DEPTH),
    nodes: readLimit(value, 'nodes', LEAST_NODES),
  }
}

/** A peer that takes more than we do is sent no more than we would take: what it says must not make us build giants. */
function readLimit(fields: Fields, key: keyof Hello['limits'], least: number): number {
  const value = fields[key]
  if (Number.isInteger(value) && (value as number) >= least) return Math.min(value as number, OURS[key])
  throw unexpected(`the limit "${key}" to be an integer from ${least}`, value)
}
