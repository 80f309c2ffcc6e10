/** What is announced of a service: on loopback scope only what listens on this machine's loopback. */
import { engine } from '../../base/errors.js'
import type { Identity } from '../../base/identity.js'
import { formatAddress, type Address } from '../../wire/connection.js'
import { isLoopback } from '../dnssd/records.js'

/** What is announced: an instance, and where it listens on this machine. */
export interface Offer {
  readonly self: Identity
  readonly port: number
  readonly addresses: readonly string[]
}

/** What can be announced of these addresses on loopback. A wildcard listens there too. Errors: DS_ENGINE. */
export function offerOf(self: Identity, at: readonly Address[]): Offer {
  const usable = at.flatMap((address) =>
    'path' in address ? [] : hostsOf(address.host).map((host) => ({ host, port: address.port })),
  )
  const port = usable[0]?.port
  if (port !== undefined) {
    const addresses = new Set(usable.filter((one) => one.port === port).map(({ host }) => host))
    return { self, port, addresses: [...addresses] }
  }
  throw engine({
    summary: `mDNS announces services of this machine's loopback, and ${at.map(formatAddress).join(', ') || 'no address'} is none`,
    hint: 'listen on 127.0.0.1 or ::1, or list the service by hand with static:',
  })
}

function hostsOf(host: string): string[] {
  if (host === '0.0.0.0' || host === 'localhost') return ['127.0.0.1']
  if (host === '::') return ['127.0.0.1', '::1']
  return isLoopback(host) ? [host] : []
}
