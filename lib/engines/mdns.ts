/** `mdns:`, the engine that needs nothing: services of one machine find each other by multicast DNS on loopback. */
import type { Discovery } from '../mesh/discovery.js'
import { startMdns, type MdnsOptions } from './mdns/engine.js'
import { openLoopback } from './mdns/socket.js'

export type { MdnsOptions } from './mdns/engine.js'

/**
 * Joins the multicast group on loopback. The caller owns the engine and disposes of it, which says goodbye.
 * Its socket and timers do not keep the process alive. Errors: DS_ENGINE where multicast is not to be had.
 */
export function createMdns(options: MdnsOptions): Promise<Discovery> {
  return startMdns(options, openLoopback)
}
