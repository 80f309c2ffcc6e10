/** What stands between the socket and the machines: how much of whom is read, and for how long at a time. */
import type { Clock } from '../../base/clock.js'
import type { Source } from './machine.js'

interface Datagram {
  readonly bytes: Uint8Array
  readonly from: Source
}

/** Work on datagrams in one turn of the event loop, milliseconds; what is left waits for the next turn. */
const TURN = 5
/** What may wait; beyond it the oldest go, as they do in the kernel's own queue. Bytes. */
const MOST_WAITING = 1 << 20
/** The least that a datagram counts for: its reading costs something however short it is. Bytes. */
const LEAST = 256

/** How much may be said at once, and how much a second later on. Bytes. */
interface Allowance {
  readonly burst: number
  readonly rate: number
}

/**
 * All members of the group on this machine send from one address and port, so this is what they may say
 * together: a hundred services that start at once say a quarter of the burst.
 */
const MEMBERS: Allowance = { burst: 2 << 20, rate: 1 << 20 }
/** Simple resolvers have ports of their own, as many as they like: they share. */
const OTHERS: Allowance = { burst: 128 << 10, rate: 64 << 10 }
const MDNS_PORT = 5353
/** Whoever sends from more addresses than these gets no more than one. */
const MOST_SOURCES = 32

/** Passes datagrams on in order, each at once while there is time in this turn. Owns what waits until it is closed. */
export class Intake {
  readonly #clock: Clock
  readonly #handle: (bytes: Uint8Array, from: Source) => void
  readonly #buckets = new Map<string, Bucket>()
  #waiting: Datagram[] = []
  #bytes = 0
  #spent = 0
  #turn: NodeJS.Immediate | null = null

  constructor(clock: Clock, handle: (bytes: Uint8Array, from: Source) => void) {
    this.#clock = clock
    this.#handle = handle
  }

  take(bytes: Uint8Array, from: Source): void {
    // RFC 6762 section 6: a response from another port is ignored; here before it costs anything
    if (from.port !== MDNS_PORT && isResponse(bytes)) return
    if (!this.#bucketOf(from).take(Math.max(bytes.length, LEAST), this.#clock.monotonic())) return
    this.#waiting.push({ bytes, from })
    this.#bytes += bytes.length
    while (this.#bytes > MOST_WAITING) this.#next()
    if (this.#spent < TURN) this.#work()
  }

  /** Forgets what waits. */
  close(): void {
    this.#waiting = []
    this.#bytes = 0
    if (this.#turn) clearImmediate(this.#turn)
    this.#turn = null
  }

  #work(): void {
    this.#turn ??= setImmediate(() => this.#newTurn()).unref()
    const start = this.#clock.monotonic() - this.#spent
    while (this.#spent < TURN) {
      const datagram = this.#next()
      if (!datagram) return
      this.#handle(datagram.bytes, datagram.from)
      this.#spent = this.#clock.monotonic() - start
    }
  }

  #newTurn(): void {
    this.#turn = null
    this.#spent = 0
    if (this.#waiting.length > 0) this.#work()
  }

  #next(): Datagram | undefined {
    const datagram = this.#waiting.shift()
    this.#bytes -= datagram?.bytes.length ?? 0
    return datagram
  }

  #bucketOf({ address, port }: Source): Bucket {
    const isMember = port === MDNS_PORT
    const known = isMember && (this.#buckets.has(address) || this.#buckets.size < MOST_SOURCES)
    const key = known ? address : isMember ? 'members' : 'others'
    const bucket = this.#buckets.get(key) ?? new Bucket(isMember ? MEMBERS : OTHERS, this.#clock.monotonic())
    this.#buckets.set(key, bucket)
    return bucket
  }
}

/** A token bucket. */
class Bucket {
  readonly #allowance: Allowance
  #left: number
  #at: number

  constructor(allowance: Allowance, now: number) {
    this.#allowance = allowance
    this.#left = allowance.burst
    this.#at = now
  }

  take(bytes: number, now: number): boolean {
    const { burst, rate } = this.#allowance
    this.#left = Math.min(burst, this.#left + ((now - this.#at) / 1_000) * rate)
    this.#at = now
    if (this.#left < bytes) return false
    this.#left -= bytes
    return true
  }
}

/** The QR bit (RFC 6762 section 18.2). */
function isResponse(bytes: Uint8Array): boolean {
  return ((bytes[2] ?? 0) & 0x80) !== 0
}
