/** What stands between the socket and the machines: how much of whom is read, and for how long at a time. */
import type { Clock } from '../../base/clock.js'
import type { Source } from './machine.js'

interface Datagram {
  readonly bytes: Uint8Array
  readonly from: Source
}

/** Work on datagrams in one turn of the event loop, milliseconds; what is left waits for the next turn. */
const TURN = 5
/** Of that for strangers, and none in a turn that brought so many datagrams: while we read them the kernel drops what comes. */
const STRANGE_TURN = 1
const MANY = 8
/** What may wait of our mesh's and of strangers'; beyond it the oldest go: a long queue would only make answers late. Bytes. */
const MOST_OURS = 256 << 10
const MOST_STRANGE = 64 << 10
/** The least that a datagram counts for: its reading costs something however short it is. Bytes. */
const LEAST = 256

/** How much may be said at once, and how much a second later on. Bytes. */
interface Allowance {
  readonly of: string
  readonly burst: number
  readonly rate: number
}

/**
 * All members of the group on this machine send from one address and port, so this is what they may say
 * together: a hundred services that start at once say half of the burst.
 */
const OURS: Allowance = { of: 'ours', burst: 2 << 20, rate: 1 << 20 }
const STRANGE: Allowance = { of: 'strange', burst: 1 << 20, rate: 256 << 10 }
/** Simple resolvers have ports of their own, as many as they like: they share. */
const OTHERS: Allowance = { of: 'others', burst: 128 << 10, rate: 64 << 10 }
const MDNS_PORT = 5353
/** Whoever sends from more addresses than these gets no more than one. */
const MOST_SOURCES = 32

/** Where datagrams go, and which are of use: strangers' are read when there is time. */
export interface Reader {
  readonly handle: (bytes: Uint8Array, from: Source) => void
  /** Has to be cheap: it is asked of everything that comes. */
  readonly isOurs: (bytes: Uint8Array) => boolean
}

/** Passes datagrams on, ours first, each at once while there is time in this turn. Owns what waits until it is closed. */
export class Intake {
  readonly #clock: Clock
  readonly #reader: Reader
  readonly #buckets = new Map<string, Bucket>()
  readonly #ours = new Queue(MOST_OURS)
  readonly #strange = new Queue(MOST_STRANGE)
  #spent = 0
  /** Datagrams that came in this turn. */
  #came = 0
  #turn: NodeJS.Immediate | null = null

  constructor(clock: Clock, reader: Reader) {
    this.#clock = clock
    this.#reader = reader
  }

  take(bytes: Uint8Array, from: Source): void {
    this.#came++
    const isMember = from.port === MDNS_PORT
    // RFC 6762 section 6: a response from another port is ignored; here before it costs anything
    if (!isMember && isResponse(bytes)) return
    const isOurs = !isResponse(bytes) || this.#reader.isOurs(bytes)
    const allowance = !isMember ? OTHERS : isOurs ? OURS : STRANGE
    const size = Math.max(bytes.length, LEAST)
    if (!this.#bucketOf(from, allowance).take(size, this.#clock.monotonic())) return
    const queue = isOurs ? this.#ours : this.#strange
    queue.add({ bytes, from })
    this.#turn ??= setImmediate(() => this.#newTurn()).unref()
    if (isOurs) this.#work(this.#ours, TURN)
  }

  /** Forgets what waits. */
  close(): void {
    this.#ours.clear()
    this.#strange.clear()
    if (this.#turn) clearImmediate(this.#turn)
    this.#turn = null
  }

  #work(queue: Queue, budget: number): void {
    const start = this.#clock.monotonic() - this.#spent
    while (this.#spent < budget) {
      const datagram = queue.next()
      if (!datagram) return
      this.#reader.handle(datagram.bytes, datagram.from)
      this.#spent = this.#clock.monotonic() - start
    }
  }

  #newTurn(): void {
    this.#turn = null
    this.#spent = 0
    const came = this.#came
    this.#came = 0
    this.#work(this.#ours, TURN)
    if (came < MANY) this.#work(this.#strange, STRANGE_TURN)
    if (!this.#ours.isEmpty || !this.#strange.isEmpty)
      this.#turn = setImmediate(() => this.#newTurn()).unref()
  }

  #bucketOf({ address }: Source, allowance: Allowance): Bucket {
    const own = `${allowance.of} ${address}`
    const isKnown = allowance !== OTHERS && (this.#buckets.has(own) || this.#buckets.size < MOST_SOURCES)
    const key = isKnown ? own : allowance.of
    const bucket = this.#buckets.get(key) ?? new Bucket(allowance, this.#clock.monotonic())
    this.#buckets.set(key, bucket)
    return bucket
  }
}

/** Datagrams in order, bounded by their bytes: the oldest go. */
class Queue {
  readonly #most: number
  #all: Datagram[] = []
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  get isEmpty(): boolean {
    return this.#all.length === 0
  }

  add(datagram: Datagram): void {
    this.#all.push(datagram)
    this.#bytes += datagram.bytes.length
    while (this.#bytes > this.#most) this.next()
  }

  next(): Datagram | undefined {
    const datagram = this.#all.shift()
    this.#bytes -= datagram?.bytes.length ?? 0
    return datagram
  }

  clear(): void {
    this.#all = []
    this.#bytes = 0
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
