/** The answering half of mDNS (RFC 6762 sections 6 to 10): announces, probes, answers, defends, says goodbye. */
import type { Identity } from '../../base/identity.js'
import { recordKey, type Message, type Resource } from '../dnssd/records.js'
import { groupsOf, pick, probeOf, type Wanted } from './answers.js'
import { Claim, isDenial, isUnique, type Slot } from './claim.js'
import { tell, within, type Machine, type Send, type Source, type Timing } from './machine.js'
import type { Offer } from './offer.js'

export type ResponderEvent =
  | { readonly type: 'announce'; readonly offer: Offer }
  | { readonly type: 'update'; readonly self: Identity }
  | { readonly type: 'withdraw'; readonly id: string }
  | { readonly type: 'message'; readonly message: Message; readonly from: Source }
  | { readonly type: 'tick' }
  /** The socket is new, or the process had stood still: others may have missed us. */
  | { readonly type: 'returned' }

/** Our label is another's: what is announced under it goes by a new one. */
export interface Renamed {
  readonly do: 'renamed'
  readonly from: string
  readonly to: string
}

export type ResponderAction = Send | Renamed

/** A record that an asker waits for. */
interface Pending extends Wanted {
  readonly due: number
  /** Who said that more known answers follow; null: all were said. */
  readonly from: Source | null
}

interface Match extends Wanted {
  readonly record: Resource
}

/** RFC 6762 section 6.7: askers of old keep an answer for ten seconds at most. */
const LEGACY_TTL = 10
const MDNS_PORT = 5353
/** Questions of one datagram that are looked at. */
const MOST_QUESTIONS = 100

/** The responder of one engine and interface. */
export function createResponder(
  timing: Timing,
  random: () => number,
): Machine<ResponderEvent, ResponderAction> {
  return new Responder(timing, random)
}

class Responder implements Machine<ResponderEvent, ResponderAction> {
  readonly #timing: Timing
  readonly #random: () => number
  readonly #claims = new Map<string, Claim>()
  readonly #pending = new Map<string, Pending>()
  /** When each of our records was multicast last; bounded by the records that we have. */
  readonly #sentAt = new Map<string, number>()

  constructor(timing: Timing, random: () => number) {
    this.#timing = timing
    this.#random = random
  }

  get wakeAt(): number {
    let at = Infinity
    for (const claim of this.#claims.values()) at = Math.min(at, claim.wakeAt)
    for (const [key, { due }] of this.#pending) at = Math.min(at, this.#allowedAt(key, due))
    return at
  }

  step(event: ResponderEvent, now: number): ResponderAction[] {
    switch (event.type) {
      case 'announce':
        this.#claims.set(event.offer.self.id, new Claim(event.offer, now))
        return this.#tick(now)
      case 'update':
        return this.#update(event.self, now)
      case 'withdraw':
        return this.#withdraw(event.id)
      case 'message':
        return event.message.kind === 'query'
          ? this.#query(event.message, event.from, now)
          : this.#response(event.message, event.from, now)
      case 'tick':
        return this.#tick(now)
      case 'returned':
        return [...this.#claims.values()].map((claim) => this.#announce(claim, now))
    }
  }

  #tick(now: number): ResponderAction[] {
    const actions: ResponderAction[] = []
    for (const claim of this.#claims.values()) {
      const { probe, announce } = claim.advance(now)
      if (probe) actions.push(probeOf(claim))
      if (announce) actions.push(this.#announce(claim, now))
    }
    return [...actions, ...this.#flush(now)]
  }

  #announce(claim: Claim, now: number): Send {
    const records = [...claim.records].filter(([slot]) => !isDenial(slot))
    for (const [slot] of records) this.#sentAt.set(keyOf(claim, slot), now)
    return tell([{ answers: records.map(([, record]) => record), additionals: [] }])
  }

  /** RFC 6762 section 8.4. Before the claim there is no flush bit, so the old TXT is taken back by hand. */
  #update(self: Identity, now: number): ResponderAction[] {
    const claim = this.#claims.get(self.id)
    const old = claim?.update(self)
    const txt = claim?.records.get('txt')
    if (!claim || !old || !txt) return []
    this.#sentAt.set(keyOf(claim, 'txt'), now)
    const taken = claim.claimed || recordKey(old) === recordKey(txt) ? [] : [{ ...old, ttl: 0 }]
    return [tell([{ answers: [...taken, txt], additionals: [] }])]
  }

  /** Section 10.1. The meta record stays: other services of this machine stand behind it too. */
  #withdraw(id: string): ResponderAction[] {
    const claim = this.#claims.get(id)
    if (!claim) return []
    this.#claims.delete(id)
    for (const slot of claim.records.keys()) {
      this.#pending.delete(keyOf(claim, slot))
      this.#sentAt.delete(keyOf(claim, slot))
    }
    const gone = [...claim.records].filter(([slot]) => !isDenial(slot) && slot !== 'meta')
    return [tell([{ answers: gone.map(([, record]) => ({ ...record, ttl: 0 })), additionals: [] }])]
  }

  #query(message: Message, from: Source, now: number): ResponderAction[] {
    this.#forgetKnown(message, from)
    if (message.authorities.length > 0) this.#probeSeen(message, now)
    const wanted = this.#matches(message)
    if (from.port !== MDNS_PORT) return wanted.length === 0 ? [] : [this.#legacy(message, wanted, from)]
    const known = new Map(message.answers.map((record) => [recordKey(record), record.ttl]))
    const open = wanted.filter(({ record }) => 2 * (known.get(recordKey(record)) ?? 0) < record.ttl)
    const unique = open.every(({ slot }) => isUnique(slot))
    const wait = message.truncated
      ? within(this.#timing.truncatedDelay, this.#random)
      : unique
        ? 0
        : within(this.#timing.answerDelay, this.#random)
    for (const { claim, slot } of open)
      this.#want({ claim, slot, due: now + wait, from: message.truncated ? from : null })
    return this.#flush(now)
  }

  #want(pending: Pending): void {
    const key = keyOf(pending.claim, pending.slot)
    const before = this.#pending.get(key)
    if (!before) this.#pending.set(key, pending)
    else
      this.#pending.set(key, {
        ...before,
        due: Math.min(before.due, pending.due),
        from: before.from && pending.from,
      })
  }

  /** Section 7.2: known answers that follow a truncated question take its answers back. */
  #forgetKnown(message: Message, from: Source): void {
    if (message.questions.length > 0 || message.answers.length === 0) return
    const known = new Map(message.answers.map((record) => [recordKey(record), record.ttl]))
    for (const [key, { claim, slot, from: asker }] of this.#pending) {
      const record = claim.records.get(slot)
      if (!record || asker?.address !== from.address || asker.port !== from.port) continue
      if (2 * (known.get(recordKey(record)) ?? 0) >= record.ttl) this.#pending.delete(key)
    }
  }

  /** Somebody probes for a name of ours: while we probe too, the data decides. The claimed ones answer, below. */
  #probeSeen(message: Message, now: number): void {
    for (const claim of this.#claims.values()) {
      const theirs = claim.conflicting(message.authorities)
      if (!claim.claimed && theirs.length > 0)
        claim.tie(
          message.authorities.filter(({ name }) => claim.isOurName(name)),
          now,
        )
    }
  }

  /** Our records that answer a message's questions, each once; a denial where a name of ours lacks the type. */
  #matches(message: Message): Match[] {
    const found = new Map<string, Match>()
    const isProbe = message.authorities.length > 0
    for (const question of message.questions.slice(0, MOST_QUESTIONS)) {
      for (const claim of this.#claims.values()) {
        for (const [slot, record] of pick(claim, question)) {
          // A probe is answered by owners; those who still probe leave it to the data.
          if (isProbe && !claim.claimed && isUnique(slot)) continue
          const key = recordKey(record)
          if (!found.has(key)) found.set(key, { claim, slot, record })
        }
      }
    }
    return [...found.values()]
  }

  /** Section 6.7: by unicast, with id and question repeated, a short TTL and no flush bit. */
  #legacy(message: Message, wanted: readonly Wanted[], to: Source): Send {
    const plain = (record: Resource): Resource => ({
      ...record,
      ttl: Math.min(record.ttl, LEGACY_TTL),
      flush: false,
    })
    const groups = groupsOf(wanted).map(({ answers, additionals }) => ({
      answers: answers.map(plain),
      additionals: additionals.map(plain),
    }))
    const questions = message.questions.slice(0, MOST_QUESTIONS)
    return {
      do: 'send',
      to,
      message: { kind: 'response', id: message.id, questions, authorities: [], groups },
    }
  }

  #response(message: Message, from: Source, now: number): ResponderAction[] {
    if (from.port !== MDNS_PORT) return []
    const records = [...message.answers, ...message.additionals]
    this.#dropAnswered(message.answers, now)
    return [...this.#claims.values()].flatMap((claim) => this.#judge(claim, records, now))
  }

  /** Section 7.4: what another has just answered need not be said again. */
  #dropAnswered(answers: readonly Resource[], now: number): void {
    if (this.#pending.size === 0) return
    const said = new Map(answers.map((record) => [recordKey(record), record.ttl]))
    for (const [key, { claim, slot }] of this.#pending) {
      const record = claim.records.get(slot)
      if (!record || (said.get(recordKey(record)) ?? -1) < record.ttl) continue
      this.#pending.delete(key)
      this.#sentAt.set(key, now)
    }
  }

  /**
   * Section 9. A record with the flush bit comes from an owner: while we probe we give way, and once we are
   * owners both probe again. One without it comes from somebody who is still probing: an owner says so.
   */
  #judge(claim: Claim, records: readonly Resource[], now: number): ResponderAction[] {
    const conflicts = claim.conflicting(records)
    if (conflicts.length === 0) return []
    const owned = conflicts.some((record) => record.flush)
    if (!claim.claimed && owned) {
      const from = claim.label
      this.#forget(claim)
      claim.rename(now)
      return [{ do: 'renamed', from, to: claim.label }, ...this.#tick(now)]
    }
    if (!claim.claimed) return []
    if (!owned) return this.#defend(claim, now)
    claim.probeAgain(now)
    return this.#tick(now)
  }

  #defend(claim: Claim, now: number): ResponderAction[] {
    for (const slot of ['srv', 'txt'] as const) this.#want({ claim, slot, due: now, from: null })
    return this.#flush(now)
  }

  #forget(claim: Claim): void {
    for (const slot of claim.records.keys()) {
      this.#pending.delete(keyOf(claim, slot))
      this.#sentAt.delete(keyOf(claim, slot))
    }
  }

  /** All answers whose time has come, in one message. */
  #flush(now: number): ResponderAction[] {
    const due: Pending[] = []
    for (const [key, pending] of this.#pending) {
      if (this.#allowedAt(key, pending.due) > now) continue
      this.#pending.delete(key)
      this.#sentAt.set(key, now)
      due.push(pending)
    }
    return due.length === 0 ? [] : [tell(groupsOf(due))]
  }

  /** Section 6: the same record is not multicast again within the gap; an asker who comes in between waits for its end. */
  #allowedAt(key: string, due: number): number {
    return Math.max(due, (this.#sentAt.get(key) ?? -Infinity) + this.#timing.gap)
  }
}

function keyOf(claim: Claim, slot: Slot): string {
  return `${claim.id} ${slot}`
}
