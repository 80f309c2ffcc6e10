/**
 * The composition root: from what the user gives, the environment and the package.json to a dservice.
 * Process-wide state is in it and the files beside it, and nowhere else: the engines in use, the package.json, and the warnings given.
 */
import { checkClock, systemClock } from './base/clock.js'
import { invalid, type DServiceError } from './base/errors.js'
import { KeepAlive } from './base/keepalive.js'
import { silentLogger } from './base/logger.js'
import { checkKeys, checkName, checkVersion, duration, splitAt } from './base/names.js'
import { DEFAULTS } from './base/options.js'
import type { PackageInfo } from './base/package.js'
import { declaredIn, ownManifest, ownPackage } from './declaring.js'
import { borrow, checkEngine } from './lending.js'
import { checkApi } from './mesh/api.js'
import { Service } from './mesh/dservice.js'
import { LazyDiscovery } from './mesh/lazy-discovery.js'
import type { DService, DServiceOptions } from './mesh/types.js'
import { stopOnSignals } from './mesh/signals.js'
import { ownTypes } from './typing.js'
import { isAny, placeFor } from './place.js'
import { checkScope } from './scope.js'
import type { Address } from './wire/connection.js'
import { tcpTransport } from './wire/tcp.js'

/** A client: it announces nothing. An api, where it has one, is for servers that call back. */
export function dservice(options?: DServiceOptions): DService
export function dservice<A extends object = object>(
  name: null,
  api?: A,
  options?: DServiceOptions,
): DService<A>
/**
 * A service under `name` or `name@version`, made of an object of functions (nested allowed) or dnode's constructor
 * form. The version comes from `options.version`, the package.json of that name, or is 0.0.0.
 * Errors: DS_INVALID, DS_INSECURE.
 */
export function dservice<A extends object>(name: string, api: A, options?: DServiceOptions): DService<A>
export function dservice(
  first?: string | null | DServiceOptions,
  api?: object,
  given?: DServiceOptions,
): DService<object> {
  const isOptions = typeof first === 'object' && first !== null
  const options = (isOptions ? first : given) ?? {}
  const name = typeof first === 'string' ? first : null
  if (first !== undefined && first !== null && !isOptions && typeof first !== 'string') throw noName(first)
  const service = compose({ name, api, options })
  const onSignals = options.signals ?? process.env['DSERVICE_SIGNALS'] === '1'
  return onSignals ? stopOnSignals(service) : service
}

function noName(given: unknown): DServiceError {
  return invalid({
    summary: `a name is text such as "d1" or "d1@1.2.0", not ${typeof given}`,
    hint: 'give null for a client',
  })
}

/** What a dservice is composed from. */
export interface Given {
  /** Null: a client. */
  readonly name: string | null
  readonly api?: object | undefined
  readonly options: DServiceOptions
  /** It stands for another process: nothing of the package is about it, and it does not keep this process alive. */
  readonly isStandIn?: boolean
}

/** For the files beside this one. Errors: DS_INVALID, DS_INSECURE. */
export function compose({ name: nameAt, api, options, isStandIn = false }: Given): Service<object> {
  checkKeys(options, OPTIONS, 'dservice()')
  const packageInfo = ownPackage()
  const { name, after } = nameAt === null ? { name: null, after: undefined } : splitAt(nameAt)
  if (name !== null) checkName(name)
  if (name !== null || api !== undefined) checkApi(api)
  const { logger = silentLogger } = options
  const clock = options.clock === undefined ? systemClock : checkClock(options.clock)
  const mesh = checkName(
    options.mesh ?? process.env['DSERVICE_MESH'] ?? packageInfo.mesh ?? DEFAULTS.mesh,
    'mesh name',
  )
  const url = options.engine ?? process.env['DSERVICE_ENGINE'] ?? packageInfo.engine ?? 'mdns:'
  const listenAt = { host: options.host ?? DEFAULTS.host, port: portOf(options.port) }
  const advertised = options.advertise === undefined ? null : addressOf(options.advertise)
  const isAllowed = options.insecure === true
  checkEngine(url)
  checkScope(advertised ? [listenAt, advertised] : [listenAt], isAllowed)
  const discovery = new LazyDiscovery(url, () => borrow(url, { mesh, clock, logger, isAllowed }))
  const declared = isStandIn ? null : declaredIn(mesh, logger)
  const service = new Service<object>({
    name,
    version: versionOf(name, after ?? options.version, packageInfo),
    api: api ?? {},
    mesh,
    discovery,
    transport: tcpTransport({ clock, logger }),
    clock,
    logger,
    listenAt: () => placeFor({ name, port: options.port, url, listenAt, advertised, logger }),
    advertise: (listening) => advertise(listening, advertised),
    instanceWait: duration(options.instanceWait ?? DEFAULTS.instanceWait, 'instanceWait'),
    hooks: options.hooks,
    redact: checkRedact(options.redact),
    types: checkTypes(options.types),
    apiTypes: name === null || isStandIn ? undefined : ownTypes(name, ownManifest(logger), logger),
    declared,
    keepAlive: new KeepAlive(!isStandIn),
  })
  if (name !== null) declared?.serve(name)
  return service
}

// --- what the user gave

/** All that `dservice()` takes: a misspelt option would be a service in the wrong mesh. */
const OPTIONS: readonly string[] = Object.keys({
  mesh: 0,
  engine: 0,
  version: 0,
  host: 0,
  port: 0,
  advertise: 0,
  insecure: 0,
  signals: 0,
  instanceWait: 0,
  hooks: 0,
  redact: 0,
  types: 0,
  logger: 0,
  clock: 0,
} satisfies Record<keyof DServiceOptions, 0>)

/** Options beat the package.json, which counts only for the service that has its name. */
function versionOf(name: string | null, given: string | undefined, info: PackageInfo): string {
  if (given !== undefined) return checkVersion(given)
  return name !== null && info.name === name && info.version !== undefined
    ? checkVersion(info.version)
    : '0.0.0'
}

function portOf(port: unknown): number {
  if (port === undefined) return 0
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw invalid({
    summary: `${JSON.stringify(port) ?? String(port)} is no port`,
    hint: 'give a number from 0 (any free port) to 65535',
  })
}

function checkTypes(types: DServiceOptions['types']): DServiceOptions['types'] {
  if (types === undefined || Array.isArray(types)) return types
  throw invalid({ summary: 'types is no list', hint: 'give [{ name, is, write, read }], or leave it out' })
}

function checkRedact(redact: DServiceOptions['redact']): DServiceOptions['redact'] {
  if (redact === undefined || typeof redact === 'function') return redact
  throw invalid({ summary: 'redact is no function', hint: 'give (sent) => sent, or leave it out' })
}

/** `host`, `host:port` or `[::1]:port`; port 0: the one that the service listens on. */
function addressOf(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  if (host) return { host, port: portOf(Number(match?.[3] ?? 0)) }
  throw invalid({
    summary: `${JSON.stringify(text)} is no address`,
    hint: 'give host, host:port or [::1]:port',
  })
}

function advertise(listening: Address, advertised: { host: string; port: number } | null): Address {
  if (!('port' in listening)) return listening
  if (advertised) return { host: advertised.host, port: advertised.port || listening.port }
  // "any address" is nowhere to connect to; on this machine it is the loopback
  return isAny(listening.host) ? { host: DEFAULTS.host, port: listening.port } : listening
}
