/** Discovery from a list of addresses: `static:d1=127.0.0.1:4001,@acme/img=[::1]:4003,127.0.0.1:4009`. */
import net from 'node:net'
import { closed, invalid } from '../base/errors.js'
import { checkName } from '../base/names.js'
import type { Announcement, Discovery, Sighting } from '../mesh/discovery.js'
import { formatAddress, type Address } from '../wire/connection.js'

const SCHEME = 'static:'
/** A host name of DNS: labels of letters, digits and hyphens. */
const HOST = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/i
const HOST_PORT = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d{1,5})$/

/** One part of the list. */
export interface StaticEntry {
  /** Whose address this is; undefined: anybody's, so that every question gets it as a hint. */
  readonly name: string | undefined
  readonly address: { readonly host: string; readonly port: number }
}

/**
 * The addresses of a `static:` URL. Whether they are allowed (beyond loopback only with `insecure`) is the
 * caller's to check, before anybody dials them. Errors: DS_INVALID, naming the part.
 */
export function staticAddresses(url: string): readonly Address[] {
  return staticEntries(url).map(({ address }) => address)
}

/** Reads a `static:` URL. Errors: DS_INVALID, naming the part. */
export function staticEntries(url: string): readonly StaticEntry[] {
  const list = url.startsWith(SCHEME) ? url.slice(SCHEME.length) : url
  const entries = new Map<string, StaticEntry>()
  for (const part of list.split(',')) {
    const entry = entryOf(part.trim(), url)
    entries.set(`${entry.name ?? ''}=${formatAddress(entry.address)}`, entry)
  }
  return [...entries.values()]
}

function entryOf(part: string, url: string): StaticEntry {
  const equals = part.indexOf('=')
  const name = equals < 0 ? undefined : checkName(part.slice(0, equals))
  const match = HOST_PORT.exec(part.slice(equals + 1))
  const [, inBrackets, plain, digits] = match ?? []
  const host = inBrackets ?? plain ?? ''
  const isHost = inBrackets === undefined ? isHostName(host) : net.isIPv6(host)
  const port = Number(digits)
  if (isHost && port >= 1 && port <= 65_535) return { name, address: { host, port } }
  throw invalid({
    summary: `${JSON.stringify(part)} in the engine ${JSON.stringify(url)} is no address`,
    hint: 'give name=host:port or host:port, separated by commas, an IPv6 address in brackets: static:d1=127.0.0.1:4001,[::1]:4003',
    details: { part },
  })
}

/** Digits and dots alone are an IPv4 address, and a whole one. */
function isHostName(host: string): boolean {
  return /^[\d.]*$/.test(host) ? net.isIPv4(host) : HOST.test(host)
}

/** An engine that knows a list and nothing else: all of it is up, always, and announcing is in vain. Errors: DS_INVALID. */
export function createStatic(url: string): Discovery {
  return new StaticDiscovery(url)
}

class StaticDiscovery implements Discovery {
  readonly url: string
  readonly gather = 0
  readonly #entries: readonly StaticEntry[]
  #isClosed = false

  constructor(url: string) {
    this.url = url
    this.#entries = staticEntries(url)
  }

  /** The list is the announcement. */
  async announce(): Promise<Announcement> {
    this.#check()
    return { update: async () => undefined, [Symbol.asyncDispose]: async () => undefined }
  }

  async watch(name: string, see: (sighting: Sighting) => void): Promise<AsyncDisposable> {
    this.#check()
    let isWatching = true
    for (const entry of this.#entries) {
      if (name !== '*' && entry.name !== undefined && entry.name !== name) continue
      const hint = entry.name === undefined ? {} : { name: entry.name }
      queueMicrotask(() => {
        if (isWatching && !this.#isClosed) see({ type: 'up', address: entry.address, hint })
      })
    }
    return {
      [Symbol.asyncDispose]: async () => {
        isWatching = false
      },
    }
  }

  /** A list cannot be asked: what is on it stays on it, and is dialled again by its user's own pace. */
  recheck(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
  }

  #check(): void {
    if (this.#isClosed)
      throw closed({ summary: `the engine ${this.url} was stopped`, hint: 'make another one' })
  }
}
