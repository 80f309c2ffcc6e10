/** Where a service listens, where that is on a list: part of the composition, beside defaults.ts. */
import { silentLogger, type Logger } from './base/logger.js'
import { isLoopback } from './scope.js'
import { formatAddress, type Address } from './wire/connection.js'

interface HostPort {
  readonly host: string
  readonly port: number
}

export interface Place {
  /** Null: a client. */
  readonly name: string | null
  /** As the user gave it; undefined: wherever others look for it. */
  readonly port: number | undefined
  /** The engine's. */
  readonly url: string
  /** With port 0 where none was given. */
  readonly listenAt: HostPort
  readonly advertised: HostPort | null
  readonly logger: Logger
}

/** Where to listen. On a list that has one address of the service on this machine, there: nobody looks elsewhere. Errors: DS_INVALID. */
export async function placeFor(place: Place): Promise<Address> {
  const { name, port, url, listenAt, advertised } = place
  if (name === null || !url.startsWith('static:')) return listenAt
  const { staticEntries } = await import('./engines/static.js')
  const listed = staticEntries(url)
    .filter((entry) => (entry.name ?? name) === name)
    .map(({ name: of, address }) => ({ isOwn: of === name, address }))
  const here = new Set(listed.filter((one) => one.isOwn && isHere(one.address, place)).map(portOf))
  const [only] = here
  const at =
    port === undefined && only !== undefined && here.size === 1 ? { ...listenAt, port: only } : listenAt
  // by the port: a host has many names
  const told = advertised?.port || at.port
  const own = listed.filter(({ isOwn }) => isOwn)
  if (own.length > 0 && !listed.some(({ address }) => address.port === told)) {
    warn({ ...place, port: told }, own.map(({ address }) => formatAddress(address)).join(', '))
  }
  return at
}

function portOf({ address }: { readonly address: HostPort }): number {
  return address.port
}

/** Whether we listen there if we listen at all. */
function isHere({ host }: HostPort, { listenAt, advertised }: Place): boolean {
  if (host === listenAt.host || host === advertised?.host) return true
  return isLoopback(host) && (isLoopback(listenAt.host) || isAny(listenAt.host))
}

/** Every address of the machine: nowhere to connect to. */
export function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** Without a logger the user hears of it all the same. */
function warn({ name, port, logger }: Place, listed: string): void {
  const where = port ? `port ${port}` : 'a free port'
  const message = `nobody finds ${name} on ${where}: the list of the engine has it at ${listed}. Give it the port of one of them`
  logger.warn({ name, port: port ?? null, listed }, message)
  if (logger === silentLogger) process.emitWarning(message, { type: 'DServiceWarning' })
}
