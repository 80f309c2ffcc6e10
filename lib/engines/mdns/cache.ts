/** What others announced, for as long as they said: records with their time to live, bounded in number. */
import { fold } from '../dnssd/names.js'
import { recordKey, type RecordType, type Resource } from '../dnssd/records.js'
import { Schedule } from './schedule.js'

/** Records in all, pointers under one name, and records of one other type under one name. */
const MOST_RECORDS = 10_000
const MOST_POINTERS = 1_024
const MOST_OTHERS = 64

/** Whoever lets records run out faster would make us ask for them all the time. Seconds. */
const LEAST_TTL = 10

/** RFC 6762 section 5.2: asked again at 80, 85, 90 and 95 % of the TTL, each plus a random 0-2 %. */
const REFRESHES = [0.8, 0.85, 0.9, 0.95] as const
const REFRESH_SPREAD = 0.02
/** Sections 10.1 and 10.2: what is withdrawn or flushed lives on for a second. */
const GRACE = 1_000
/** What is due within this is asked together. */
const BATCH = 1_000

/** A record in the cache. */
interface Entry {
  readonly key: string
  readonly record: Resource
  readonly receivedAt: number
  readonly expiresAt: number
  /** Refreshes asked so far. */
  readonly stage: number
}

/** What became due. */
export interface Due {
  readonly expired: readonly Resource[]
  readonly refresh: readonly Resource[]
}

/** The cache of one engine and interface. */
export class Cache {
  readonly #random: () => number
  /** By folded name, then by record key. */
  readonly #names = new Map<string, Map<string, Entry>>()
  #size = 0
  /** Each entry is in one of the two: when it is to be asked again, or when its time is over. */
  readonly #refreshes = new Schedule<Entry>()
  readonly #ends = new Schedule<Entry>()

  constructor(random: () => number) {
    this.#random = random
  }

  get size(): number {
    return this.#size
  }

  /** How many more records there is room for. */
  get left(): number {
    return MOST_RECORDS - this.#size
  }

  get wakeAt(): number {
    return Math.min(this.#refreshes.next, this.#ends.next)
  }

  /** Takes a record that was received. Answers false where there is no room, or nothing to say goodbye to. */
  take(record: Resource, now: number): boolean {
    const entries = this.#names.get(fold(record.name)) ?? new Map<string, Entry>()
    const key = recordKey(record)
    const before = entries.get(key)
    if (record.ttl === 0) return before !== undefined && this.#end(before, now)
    if (!before && !this.hasRoom(record)) return false
    if (record.flush) this.#flushOthers(record, entries, now)
    this.#names.set(fold(record.name), entries)
    this.#put(entries, entryOf(key, record, now))
    return true
  }

  /** The records of a name and type, newest last. */
  records<T extends RecordType>(name: string, type: T): Extract<Resource, { type: T }>[] {
    const found: Extract<Resource, { type: T }>[] = []
    for (const { record } of this.#names.get(fold(name))?.values() ?? []) {
      if (isOfType(record, type)) found.push(record)
    }
    return found
  }

  /** Whether this very record is there, whatever its time. */
  has(record: Resource): boolean {
    return this.#names.get(fold(record.name))?.has(recordKey(record)) === true
  }

  /** Whether one more record of this name can be taken. */
  hasRoom(record: Resource): boolean {
    const most = record.type === 'PTR' ? MOST_POINTERS : MOST_OTHERS
    return this.#size < MOST_RECORDS && (this.#names.get(fold(record.name))?.size ?? 0) < most
  }

  /** Answers for a question that need not be repeated: less than half of their time is over (section 7.1). */
  known(name: string, now: number): Resource[] {
    const found: Resource[] = []
    for (const { record, expiresAt } of this.#names.get(fold(name))?.values() ?? []) {
      const left = Math.floor((expiresAt - now) / 1_000)
      if (2 * left > record.ttl) found.push({ ...record, ttl: left, flush: false })
    }
    return found
  }

  /** Forgets all records of a name, or one. */
  drop(name: string, only?: Resource): void {
    const entries = this.#names.get(fold(name))
    if (!entries) return
    for (const key of only ? [recordKey(only)] : [...entries.keys()]) {
      const entry = entries.get(key)
      if (!entry) continue
      entries.delete(key)
      this.#unschedule(entry)
      this.#size--
    }
    if (entries.size === 0) this.#names.delete(fold(name))
  }

  /** Takes out what has expired, and answers it with what should be asked again. */
  tick(now: number): Due {
    const expired = this.#ends.take(now).map(({ record }) => record)
    for (const record of expired) this.drop(record.name, record)
    const due = this.#refreshes.next <= now ? this.#refreshes.take(now + BATCH) : []
    for (const entry of due) this.#replace(entry, { ...entry, stage: entry.stage + 1 })
    return { expired, refresh: due.map(({ record }) => record) }
  }

  /** Puts an entry last, in place of an equal one. */
  #put(entries: Map<string, Entry>, entry: Entry): void {
    const before = entries.get(entry.key)
    if (before) this.#unschedule(before)
    else this.#size++
    entries.delete(entry.key)
    entries.set(entry.key, entry)
    this.#schedule(entry)
  }

  /** Changes an entry's times in its own place: only what was received anew is the newest. */
  #replace(before: Entry, entry: Entry): void {
    this.#unschedule(before)
    this.#names.get(fold(entry.record.name))?.set(entry.key, entry)
    this.#schedule(entry)
  }

  #schedule(entry: Entry): void {
    const { record, receivedAt, stage } = entry
    const part = REFRESHES[stage]
    if (part === undefined) return this.#ends.set(entry, entry.expiresAt)
    const at = receivedAt + record.ttl * 1_000 * (part + REFRESH_SPREAD * this.#random())
    this.#refreshes.set(entry, at)
  }

  #unschedule(entry: Entry): void {
    this.#refreshes.delete(entry)
    this.#ends.delete(entry)
  }

  /** Section 10.2: others of the name and type go, unless they came with the same burst. */
  #flushOthers(record: Resource, entries: ReadonlyMap<string, Entry>, now: number): void {
    const key = recordKey(record)
    for (const [other, entry] of entries) {
      const isOlder = entry.receivedAt <= now - GRACE
      if (other !== key && entry.record.type === record.type && isOlder) this.#end(entry, now)
    }
  }

  #end(entry: Entry, now: number): boolean {
    this.#replace(entry, {
      ...entry,
      expiresAt: Math.min(entry.expiresAt, now + GRACE),
      stage: REFRESHES.length,
    })
    return true
  }
}

function entryOf(key: string, received: Resource, now: number): Entry {
  const record = { ...received, ttl: Math.max(received.ttl, LEAST_TTL) }
  return { key, record, receivedAt: now, expiresAt: now + record.ttl * 1_000, stage: 0 }
}

function isOfType<T extends RecordType>(record: Resource, type: T): record is Extract<Resource, { type: T }> {
  return record.type === type
}
