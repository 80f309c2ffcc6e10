/** How far a dservice reaches: this machine alone, unless the user says otherwise. */
import net from 'node:net'
import { insecure } from './base/errors.js'
import { formatAddress, type Address } from './wire/connection.js'

let warned = false

/** Without a key everything lives on loopback, unless the user says otherwise in so many words. */
export function checkScope(addresses: readonly Address[], allowed: boolean): void {
  const wide = addresses.find((address) => 'host' in address && !isLoopback(address.host))
  if (!wide) return
  if (!allowed) {
    throw insecure({
      summary: `${formatAddress(wide)} is beyond this machine, and there is no key to protect it`,
      hint: 'stay on 127.0.0.1, or pass { insecure: true } where the network itself is trusted',
    })
  }
  if (warned) return
  warned = true
  process.emitWarning(`dservice listens or looks beyond this machine without a key (insecure: true)`, {
    code: 'DS_INSECURE',
  })
}

/** Whether only this machine reaches it. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return net.isIPv4(host) && host.startsWith('127.')
}
