/** The asking half of mDNS (RFC 6762 sections 5 to 10): asks, keeps the answers, asks again, and tells what changed. */
import type { Sighting } from '../../mesh/discovery.js'
import { fold, isHostName, isInstanceName, meshTag } from '../dnssd/names.js'
import { isLoopback, type Message, type Question, type Resource } from '../dnssd/records.js'
import { Cache } from './cache.js'
import { Inquiries } from './inquiries.js'
import { ask, within, type Machine, type Send, type Source, type Timing } from './machine.js'
import { lookUp, type Found } from './sightings.js'
import { StandingQuestions, chunks } from './standing.js'

export type QuerierEvent =
  | { readonly type: 'watch' | 'unwatch'; readonly question: string }
  | { readonly type: 'recheck'; readonly sighting: Pick<Sighting, 'address' | 'hint'> }
  | { readonly type: 'message'; readonly message: Message; readonly from: Source }
  | { readonly type: 'tick' }
  /** The socket is new, or the process had stood still: answers may have been missed. Nothing expires before they had their chance. */
  | { readonly type: 'returned' }

/** News for those who watch through a question. */
export interface See {
  readonly do: 'see'
  readonly question: string
  readonly sighting: Sighting
}

export type QuerierAction = Send | See

export interface Querier extends Machine<QuerierEvent, QuerierAction> {
  /** What is seen through a question now. */
  known(question: string): readonly Found[]
  /** Records in the cache. */
  readonly size: number
}

const MDNS_PORT = 5353
/** Records of an instance, with room to spare: pointers, SRV, TXT, addresses. */
const INSTANCE = 8

/** The querier of one engine and interface, for one mesh. */
export function createQuerier(mesh: string, timing: Timing, random: () => number): Querier {
  return new MeshQuerier(mesh, timing, random)
}

class MeshQuerier implements Querier {
  readonly #mesh: { readonly name: string; readonly tag: string }
  readonly #timing: Timing
  readonly #random: () => number
  readonly #cache: Cache
  readonly #watched = new StandingQuestions()
  readonly #inquiries = new Inquiries()
  /** Folded host names, and the instances whose SRV leads there. */
  readonly #hosts = new Map<string, Set<string>>()

  constructor(mesh: string, timing: Timing, random: () => number) {
    this.#mesh = { name: mesh, tag: meshTag(mesh) }
    this.#timing = timing
    this.#random = random
    this.#cache = new Cache(random)
  }

  get wakeAt(): number {
    return Math.min(this.#cache.wakeAt, this.#inquiries.wakeAt, this.#watched.wakeAt)
  }

  get size(): number {
    return this.#cache.size
  }

  known(question: string): readonly Found[] {
    return this.#watched.get(question)?.view.all ?? []
  }

  step(event: QuerierEvent, now: number): QuerierAction[] {
    switch (event.type) {
      case 'watch':
        return this.#watch(event.question, now)
      case 'unwatch':
        return this.#unwatch(event.question)
      case 'recheck':
        return this.#recheck(event.sighting, now)
      case 'message':
        return this.#message(event.message, event.from, now)
      case 'tick':
        return this.#tick(now)
      case 'returned':
        for (const question of this.#watched.names) this.#watched.askSoon(question, now)
        // without known answers: a pointer that is answered brings all that may have run out
        return chunks(this.#watched.due(now)).map((part) => ask(part))
    }
  }

  #watch(question: string, now: number): QuerierAction[] {
    if (this.#watched.get(question)) return []
    this.#watched.add(question, now, this.#timing.askAgain)
    return this.#tick(now)
  }

  /** What nobody asks for any more is forgotten: nobody would refresh it. */
  #unwatch(question: string): QuerierAction[] {
    const instances = this.#instances(question)
    this.#watched.delete(question)
    this.#cache.drop(question)
    for (const instance of instances) if (!this.#isPointedTo(instance)) this.#forget(instance)
    return []
  }

  /** Takes the records that answer what we ask, in the order in which they lead to each other. */
  #message(message: Message, from: Source, now: number): QuerierAction[] {
    if (message.kind !== 'response' || from.port !== MDNS_PORT || this.#watched.size === 0) return []
    const records = [...message.answers, ...message.additionals]
    const touched = new Set<string>()
    for (const record of records) if (record.type === 'PTR') this.#takePointer(record, touched, now)
    for (const record of records)
      if (record.type === 'SRV' || record.type === 'TXT') this.#takeInstance(record, touched, now)
    for (const record of records)
      if (record.type === 'A' || record.type === 'AAAA') this.#takeAddress(record, touched, now)
    return this.#look(touched, now)
  }

  #takePointer(record: Extract<Resource, { type: 'PTR' }>, touched: Set<string>, now: number): void {
    if (!this.#watched.get(fold(record.name)) || !isInstanceName(record.target)) return
    if (record.ttl > 0) this.#makeRoom(record)
    if (!this.#cache.take({ ...record, flush: false }, now)) return
    touched.add(fold(record.target))
    this.#inquiries.encourage(fold(record.target))
  }

  /** Only of instances that a pointer has led us to, and with a host on the link. */
  #takeInstance(record: Extract<Resource, { type: 'SRV' | 'TXT' }>, touched: Set<string>, now: number): void {
    const instance = fold(record.name)
    if (!this.#isPointedTo(instance)) return
    if (record.type === 'SRV' && !isHostName(record.target)) return
    if (!this.#cache.take(record, now)) return
    touched.add(instance)
    if (record.type !== 'SRV' || record.ttl === 0) return
    this.#inquiries.trust(instance)
    this.#hosts.set(fold(record.target), (this.#hosts.get(fold(record.target)) ?? new Set()).add(instance))
  }

  /** Only of hosts that a service has led us to, and only on this machine. */
  #takeAddress(record: Extract<Resource, { type: 'A' | 'AAAA' }>, touched: Set<string>, now: number): void {
    const instances = this.#onHost(record.name)
    if (instances.length === 0 || !isLoopback(record.address)) return
    if (this.#cache.take(record, now)) for (const instance of instances) touched.add(instance)
  }

  /** Where there is none for this pointer and what it leads to, those go that nobody sees: a flood of another mesh must not hide ours. */
  #makeRoom(record: Resource): void {
    if (this.#cache.has(record)) return
    if (!this.#cache.hasRoom(record)) this.#evict(fold(record.name))
    while (this.#cache.left < INSTANCE && this.#watched.names.some((question) => this.#evict(question)));
  }

  /** Forgets the oldest instance behind a question that nobody sees. Answers false where there is none. */
  #evict(question: string): boolean {
    const spare = this.#watched.get(question)?.spare
    const [oldest] = spare ?? []
    if (oldest === undefined) return false
    spare?.delete(oldest)
    this.#cache.drop(question, pointer(question, oldest))
    if (!this.#isPointedTo(oldest)) this.#forget(oldest)
    return true
  }

  #recheck(sighting: Pick<Sighting, 'address' | 'hint'>, now: number): QuerierAction[] {
    const labels = [...this.#watched.entries()].flatMap(([, { view }]) => view.labelsOf(sighting))
    for (const label of labels) this.#inquiries.doubt(label, now)
    return this.#tick(now)
  }

  #tick(now: number): QuerierAction[] {
    const questions: Question[] = []
    const touched = new Set<string>()
    this.#inquire(questions, touched, now)
    this.#expire(questions, touched, now)
    questions.push(...this.#watched.due(now))
    return [...this.#sends(questions, now), ...this.#look(touched, now)]
  }

  #sends(questions: readonly Question[], now: number): Send[] {
    return chunks(questions).map((part) => {
      const pointers = part.filter(({ type }) => type === 'PTR')
      return ask(
        part,
        pointers.flatMap(({ name }) => this.#known(name, now)),
      )
    })
  }

  /** Without those that nobody sees: in a flood they would be dozens of datagrams. */
  #known(question: string, now: number): Resource[] {
    const spare = this.#watched.get(question)?.spare
    return this.#cache
      .known(question, now)
      .filter((record) => record.type !== 'PTR' || !spare?.has(fold(record.target)))
  }

  #expire(questions: Question[], touched: Set<string>, now: number): void {
    const { expired, refresh } = this.#cache.tick(now)
    for (const { name, type } of refresh) if (type !== 'NSEC') questions.push({ name, type })
    for (const record of expired) {
      if (record.type === 'PTR') touched.add(fold(record.target))
      else if (record.type === 'SRV' || record.type === 'TXT') touched.add(fold(record.name))
      else for (const instance of this.#onHost(record.name)) touched.add(instance)
      if (record.type !== 'SRV') continue
      const left = this.#cache.records(record.name, 'SRV')
      if (!left.some(({ target }) => fold(target) === fold(record.target))) {
        this.#unlink(fold(record.target), fold(record.name))
      }
      // A service that did not answer four refreshes is gone, whatever the long life of its pointer.
      if (left.length === 0) this.#giveUp(fold(record.name), touched, now)
    }
  }

  #inquire(questions: Question[], touched: Set<string>, now: number): void {
    const due = this.#inquiries.tick(now, (instance) => {
      const look = lookUp(this.#cache, instance, this.#mesh)
      return 'missing' in look ? look.missing : []
    })
    questions.push(...due.questions)
    for (const instance of due.silent) this.#giveUp(instance, touched, now)
  }

  /** Nobody answers for this instance. */
  #giveUp(instance: string, touched: Set<string>, now: number): void {
    for (const question of this.#watched.names) {
      if (!this.#points(question, instance)) continue
      this.#cache.drop(question, pointer(question, instance))
      this.#watched.askLater(question, now)
    }
    this.#forget(instance)
    touched.add(instance)
  }

  /** Looks at instances whose records changed: what is missing is asked for, what changed is told. */
  #look(touched: ReadonlySet<string>, now: number): See[] {
    const news: See[] = []
    for (const instance of touched) {
      const look = lookUp(this.#cache, instance, this.#mesh)
      const found = 'found' in look ? look.found : null
      for (const [question, { view, spare }] of this.#watched.entries()) {
        const isPointedTo = this.#points(question, instance)
        const isThere = found !== null && isPointedTo
        if (isPointedTo && !isThere) spare.add(instance)
        else spare.delete(instance)
        for (const sighting of view.set(instance, isThere ? found : null))
          news.push({ do: 'see', question, sighting })
      }
      if (!this.#isPointedTo(instance)) this.#forget(instance)
      // Others may have caused the same question: it waits as an answer does.
      else if ('missing' in look)
        this.#inquiries.miss(instance, now + within(this.#timing.answerDelay, this.#random))
      else this.#inquiries.complete(instance)
    }
    return news
  }

  #forget(instance: string): void {
    const hosts = this.#cache.records(instance, 'SRV').map(({ target }) => fold(target))
    this.#cache.drop(instance)
    this.#inquiries.forget(instance)
    for (const host of hosts) this.#unlink(host, instance)
  }

  #unlink(host: string, instance: string): void {
    const instances = this.#hosts.get(host)
    if (!instances?.delete(instance) || instances.size > 0) return
    this.#hosts.delete(host)
    this.#cache.drop(host)
  }

  #instances(question: string): string[] {
    return this.#cache.records(question, 'PTR').map(({ target }) => fold(target))
  }

  #points(question: string, instance: string): boolean {
    return this.#cache.has(pointer(question, instance))
  }

  #isPointedTo(instance: string): boolean {
    for (const question of this.#watched.names) if (this.#points(question, instance)) return true
    return false
  }

  #onHost(host: string): string[] {
    return [...(this.#hosts.get(fold(host)) ?? [])]
  }
}

function pointer(name: string, target: string): Resource {
  return { type: 'PTR', name, target, ttl: 0, flush: false }
}
