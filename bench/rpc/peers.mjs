/** Who takes part: the name of each peer, the file of its driver, and what it can do. */
import { spawnSync } from 'node:child_process'

/**
 * The seam of a driver, `peers/<file>.mjs`:
 *
 *   serve(name)                        -> address, plain data; `pids` in it: other processes that serve
 *   prepare(name)                      -> loads code before anything is measured (may be left out)
 *   connect(address, name, prepared)   -> { call(value), close() }, and of these what the peer can do:
 *       binary(bytes)         -> the same bytes, from the server
 *       callback(count, take) -> has the server call `take(i)` so many times, which waits for none of it
 *       awaited(count, take)  -> the same, but it waits for each
 *       stream(count)         -> async iterable of `{ n }`, from the server
 *       source()              -> async iterable of buffers, from the server
 *   idle                               whether connections can be made that do nothing: true, or the names that can
 *   multicasts                         it finds its peers by multicast
 *   needs                              a program that must be there
 */
const FILES = {
  raw: 'raw',
  'raw:single': 'raw',
  'raw:rows': 'raw',
  'raw:bytes': 'bytes',
  dservice: 'dservice',
  session: 'dservice',
  dnode: 'dnode',
  classic: 'dnode',
  'classic:limit': 'dnode',
  capnweb: 'capnweb',
  'capnweb:ws': 'capnweb',
  moleculer: 'moleculer',
  cote: 'cote',
  grpc: 'grpc',
  zeromq: 'zeromq',
  http: 'http',
  nats: 'nats',
}

export const PEERS = Object.keys(FILES)

/** Packages that others wrote: the bars speak of the best of these. */
export const OTHERS = PEERS.filter((name) => !/^(raw|dservice|session|classic)/.test(name))

/** Who takes part in what not everybody can do. */
const TAKERS = {
  binary: 'raw:bytes dservice session capnweb capnweb:ws grpc zeromq http nats',
  callback: 'dservice session dnode classic capnweb capnweb:ws',
  awaited: 'dservice session capnweb capnweb:ws',
  stream: 'dservice session capnweb capnweb:ws moleculer grpc',
  slow: 'dservice moleculer',
  leak: 'dservice',
}

export function takesPart(name, measure) {
  if (measure in TAKERS) return TAKERS[measure].split(' ').includes(name)
  // the one has no calls, and the answers of the other are no values
  return name !== 'raw:bytes' && !(measure === 'big' && name === 'classic:limit')
}

/** The driver's module. */
export function driverOf(name) {
  return import(new URL(`peers/${FILES[name]}.mjs`, import.meta.url).href)
}

/** Why a peer cannot take part here; null: it can. */
export async function reasonToSkip(name, isPrivateNetwork) {
  try {
    const { multicasts, needs } = await driverOf(name)
    if (multicasts && !isPrivateNetwork)
      return 'it multicasts, and there is no private network: run as root on Linux'
    if (needs && spawnSync(needs, ['--version']).error) return `${needs} is not on the PATH`
    return null
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'MODULE_NOT_FOUND') throw error
    return 'not installed: npm ci --prefix bench/rpc'
  }
}
