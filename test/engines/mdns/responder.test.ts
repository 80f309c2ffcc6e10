/** What RFC 6762 asks of a responder, rule by rule, in virtual time. The names give the sections. */
import { describe, expect, it } from 'vitest'
import type { Identity } from '../../../lib/base/identity.js'
import { recordKey, type Message, type Question, type Resource } from '../../../lib/engines/dnssd/records.js'
import { readTxt } from '../../../lib/engines/dnssd/txt.js'
import { Claim } from '../../../lib/engines/mdns/claim.js'
import { LOOPBACK, type Machine, type Send, type Source } from '../../../lib/engines/mdns/machine.js'
import type { Offer } from '../../../lib/engines/mdns/offer.js'
import {
  createResponder,
  type ResponderAction,
  type ResponderEvent,
} from '../../../lib/engines/mdns/responder.js'
import { identity } from '../../contracts/discovery.js'
import { MEMBER } from './worlds.js'

const TYPE = '_dservice._tcp.local'

/** A responder and its time: collects what it sends, and when. */
class Bench {
  now = 0
  readonly #machine: Machine<ResponderEvent, ResponderAction>
  readonly sent: { readonly at: number; readonly send: Send }[] = []
  readonly renamed: string[] = []

  constructor(random: () => number = () => 0.5) {
    this.#machine = createResponder(LOOPBACK, random)
  }

  do(event: ResponderEvent): Send[] {
    const before = this.sent.length
    for (const action of this.#machine.step(event, this.now)) {
      if (action.do === 'send') this.sent.push({ at: this.now, send: action })
      else this.renamed.push(action.to)
    }
    return this.sent.slice(before).map(({ send }) => send)
  }

  /** Lets time pass, ticking whenever the responder wants it. */
  pass(ms: number): Send[] {
    const before = this.sent.length
    const end = this.now + ms
    while (this.#machine.wakeAt <= end) {
      this.now = Math.max(this.now, this.#machine.wakeAt)
      this.do({ type: 'tick' })
    }
    this.now = end
    return this.sent.slice(before).map(({ send }) => send)
  }

  announce(self: Identity = identity('d1'), addresses = ['127.0.0.1']): Offer {
    const offer = { self, port: 4001, addresses }
    this.do({ type: 'announce', offer })
    return offer
  }

  /** Announces, and waits until the label is claimed and all is said. */
  settled(self?: Identity, addresses?: string[]): Offer {
    const offer = this.announce(self, addresses)
    this.pass(5_000)
    this.sent.length = 0
    return offer
  }

  hear(message: Partial<Message>, from: Source = MEMBER): Send[] {
    const none = { id: 0, truncated: false, questions: [], answers: [], authorities: [], additionals: [] }
    return this.do({ type: 'message', message: { kind: 'query', ...none, ...message }, from })
  }

  ask(name: string, type: Question['type'], more: Partial<Message> = {}): Send[] {
    return this.hear({ questions: [{ name, type }], ...more })
  }
}

function labelOf(offer: Offer): string {
  return new Claim(offer, 0).label
}

function instanceOf(offer: Offer): string {
  return `${labelOf(offer)}.${TYPE}`
}

function answersOf(send: Send | undefined): Resource[] {
  return send?.message.groups.flatMap(({ answers }) => answers) ?? []
}

function additionalsOf(send: Send | undefined): Resource[] {
  return send?.message.groups.flatMap(({ additionals }) => additionals) ?? []
}

function typesOf(records: readonly Resource[]): string[] {
  return records.map(({ type }) => type)
}

/** A service of somebody else's under our label. */
function theirs(offer: Offer, port: number, flush: boolean): Resource {
  const target = 'other.local'
  return { type: 'SRV', name: instanceOf(offer), ttl: 120, flush, priority: 0, weight: 0, port, target }
}

describe('mdns responder: announcing', () => {
  it('8.3 - announces at once, and once more after a second', () => {
    const bench = new Bench()
    bench.announce()
    bench.pass(60_000)
    const at = bench.sent.filter(({ send }) => send.message.kind === 'response').map(({ at: when }) => when)
    expect(at).toEqual([0, 1_000])
  })

  it('8.1 - probes alongside: three times, 250 ms apart, by ANY, with what it will say', () => {
    const bench = new Bench()
    const offer = bench.announce()
    bench.pass(60_000)
    const probes = bench.sent.filter(({ send }) => send.message.kind === 'query')
    expect(probes.map(({ at }) => at)).toEqual([0, 250, 500])
    for (const { send } of probes) {
      expect(send.message.questions).toEqual([
        { name: instanceOf(offer), type: 'ANY' },
        { name: `${labelOf(offer)}.local`, type: 'ANY' },
      ])
      expect(typesOf(send.message.authorities)).toEqual(['SRV', 'TXT', 'A'])
    }
  })

  it('10.2 - says "this is all" of unique records after the probe only, of shared ones and in probes never', () => {
    const bench = new Bench()
    bench.announce()
    bench.pass(60_000)
    for (const { at, send } of bench.sent) {
      const records = [...answersOf(send), ...additionalsOf(send), ...send.message.authorities]
      for (const record of records) {
        const mayFlush = record.type !== 'PTR' && send.message.kind === 'response'
        expect([at, record.type, record.flush]).toEqual([at, record.type, mayFlush && at >= 750])
      }
    }
  })

  it('10 - TTLs: 4500 s for pointers, 120 s for what has an address or changes', () => {
    const bench = new Bench()
    bench.announce(undefined, ['127.0.0.1', '::1'])
    const [, announcement] = bench.sent
    const ttls = answersOf(announcement?.send).map(({ type, ttl }) => [type, ttl])
    expect(ttls).toEqual([
      ['PTR', 4500],
      ['PTR', 4500],
      ['PTR', 4500],
      ['SRV', 120],
      ['TXT', 120],
      ['A', 120],
      ['AAAA', 120],
    ])
  })

  it('8.4 - a change of state is announced at once; before the claim the old TXT is taken back', () => {
    const bench = new Bench()
    const { self } = bench.announce(identity('d1', { state: 'waiting' }))
    const states = (sends: Send[]): unknown[] =>
      answersOf(sends[0]).map(
        (record) => record.type === 'TXT' && [readTxt(record.data).hint.state, record.ttl],
      )
    expect(states(bench.do({ type: 'update', self: { ...self, state: 'ready' } }))).toEqual([
      ['waiting', 0],
      ['ready', 120],
    ])
    bench.pass(5_000)
    expect(states(bench.do({ type: 'update', self: { ...self, state: 'draining' } }))).toEqual([
      ['draining', 120],
    ])
  })

  it('8.4 - a change of what was never announced says nothing', () => {
    expect(new Bench().do({ type: 'update', self: identity('d1') })).toEqual([])
  })

  it('10.1 - says goodbye for all it owns, not for the type that others have too, and then nothing', () => {
    const bench = new Bench()
    const offer = bench.settled()
    const [goodbye] = bench.do({ type: 'withdraw', id: offer.self.id })
    expect(answersOf(goodbye).map(({ type, ttl }) => [type, ttl])).toEqual(
      ['PTR', 'PTR', 'SRV', 'TXT', 'A'].map((type) => [type, 0]),
    )
    bench.sent.length = 0
    bench.ask(TYPE, 'PTR')
    bench.pass(60_000)
    expect(bench.sent).toEqual([])
    expect(bench.do({ type: 'withdraw', id: offer.self.id })).toEqual([])
  })

  it('8.3 - a new socket is a new audience', () => {
    const bench = new Bench()
    bench.settled()
    expect(typesOf(answersOf(bench.do({ type: 'returned' })[0]))).toContain('SRV')
  })
})

describe('mdns responder: answering', () => {
  it('6 - a shared record waits 0 to 20 ms on loopback, spread by chance', () => {
    for (const [chance, wait] of [
      [0, 0],
      [0.5, 10],
      [0.95, 19],
    ] as const) {
      const bench = new Bench(() => chance)
      bench.settled()
      const asked = bench.now
      bench.ask(TYPE, 'PTR')
      bench.pass(100)
      expect(bench.sent.map(({ at }) => Math.round(at - asked))).toEqual([wait])
    }
  })

  it('6 - a unique record is answered at once', () => {
    const bench = new Bench()
    const offer = bench.settled()
    const [answer] = bench.ask(instanceOf(offer), 'SRV')
    expect(typesOf(answersOf(answer))).toEqual(['SRV'])
    expect(typesOf(additionalsOf(answer))).toEqual(['A'])
  })

  it('6763 12.1 - a pointer comes with all that is needed to use it', () => {
    const bench = new Bench()
    bench.settled(undefined, ['127.0.0.1', '::1'])
    bench.ask('_d1._sub._dservice._tcp.local', 'PTR')
    const [answer] = bench.pass(100)
    expect(typesOf(answersOf(answer))).toEqual(['PTR'])
    expect(typesOf(additionalsOf(answer))).toEqual(['SRV', 'TXT', 'A', 'AAAA'])
  })

  it.each([
    ['6763 7.1 - the subtype of its name', '_d1._sub._dservice._tcp.local', 'PTR', 1],
    ['6763 7.1 - the subtype of another name', '_d2._sub._dservice._tcp.local', 'PTR', 0],
    ['6763 9 - the list of types', '_services._dns-sd._udp.local', 'PTR', 1],
    ['16 - names in any case', '_DService._TCP.Local', 'PTR', 1],
    ['6.5 - ANY', TYPE, 'ANY', 1],
    ['6 - another type of a shared name', TYPE, 'SRV', 0],
    ['6 - a name that is not ours', '_http._tcp.local', 'PTR', 0],
  ] as const)('%s gets %4$d answers', (_what, name, type, count) => {
    const bench = new Bench()
    bench.settled()
    bench.ask(name, type)
    expect(bench.pass(100).flatMap(answersOf)).toHaveLength(count)
  })

  it('6.1 - a type that a name of ours lacks is denied', () => {
    const bench = new Bench()
    const offer = bench.settled()
    const [denial] = answersOf(bench.ask(`${labelOf(offer)}.local`, 'AAAA')[0])
    expect(denial).toMatchObject({ type: 'NSEC', types: ['A'] })
    expect(answersOf(bench.ask(instanceOf(offer), 'A')[0])).toMatchObject([
      { type: 'NSEC', types: ['TXT', 'SRV'] },
    ])
  })

  it('7.1 - is silent about what the asker knows for half its time or more', () => {
    for (const [ttl, count] of [
      [4500, 0],
      [2250, 0],
      [2249, 1],
    ] as const) {
      const bench = new Bench()
      const offer = bench.settled()
      const known: Resource = {
        type: 'PTR',
        name: TYPE,
        ttl,
        flush: false,
        target: instanceOf(offer).toUpperCase(),
      }
      bench.ask(TYPE, 'PTR', { answers: [known] })
      expect(bench.pass(100).flatMap(answersOf)).toHaveLength(count)
    }
  })

  it('7.2 - waits for the known answers that were promised, from the same asker only', () => {
    for (const [port, count] of [
      [5353, 0],
      [5354, 1],
    ] as const) {
      const bench = new Bench()
      const offer = bench.settled()
      const known: Resource = { type: 'PTR', name: TYPE, ttl: 4500, flush: false, target: instanceOf(offer) }
      const asked = bench.now
      bench.ask(TYPE, 'PTR', { truncated: true })
      bench.hear({ answers: [known] }, { address: '127.0.0.1', port })
      bench.pass(200)
      expect(bench.sent.map(({ at }) => at - asked)).toEqual(Array<number>(count).fill(50))
    }
  })

  it('7.2 - an asker who promised nothing is answered all the same', () => {
    const bench = new Bench()
    const offer = bench.settled()
    const known: Resource = { type: 'PTR', name: TYPE, ttl: 4500, flush: false, target: instanceOf(offer) }
    bench.ask(TYPE, 'PTR', { truncated: true })
    bench.ask(TYPE, 'PTR')
    bench.hear({ answers: [known] })
    expect(bench.pass(200)).toHaveLength(1)
  })

  it('7.4 - does not repeat what another has just answered', () => {
    const bench = new Bench()
    bench.settled()
    const meta: Resource = {
      type: 'PTR',
      name: '_services._dns-sd._udp.local',
      ttl: 4500,
      flush: false,
      target: TYPE,
    }
    bench.ask(meta.name, 'PTR')
    bench.hear({ kind: 'response', answers: [meta] })
    expect(bench.pass(100)).toEqual([])
    bench.ask(meta.name, 'PTR')
    bench.hear({ kind: 'response', answers: [{ ...meta, ttl: 10 }] })
    expect(bench.pass(100)).toHaveLength(1)
  })

  it('6 - a flood of questions is answered once a gap, and the last asker too', () => {
    const bench = new Bench()
    bench.settled()
    for (let i = 0; i < 500; i++) {
      bench.ask(TYPE, 'PTR')
      bench.pass(2)
    }
    bench.pass(100)
    expect(bench.sent.length).toBeLessThanOrEqual(1 + 1_000 / LOOPBACK.gap)
    expect(bench.sent.at(-1)?.at).toBeGreaterThanOrEqual(bench.now - 100 - LOOPBACK.gap)
  })

  it('6.3 - many questions of one datagram get one message, each record once', () => {
    const bench = new Bench()
    const offers = [bench.settled(identity('d1')), bench.settled(identity('d2'))]
    const questions = [TYPE, TYPE, ...offers.map(instanceOf)].map((name) => ({ name, type: 'ANY' }) as const)
    bench.hear({ questions })
    const [answer, ...more] = bench.pass(100)
    expect(more).toEqual([])
    const keys = answersOf(answer).map(recordKey)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys).toHaveLength(6)
  })

  it('6.7 - a legacy asker is answered by unicast: its id, its question, TTLs of 10 s, no flush bit', () => {
    const bench = new Bench()
    const offer = bench.settled()
    const from = { address: '127.0.0.1', port: 40_000 }
    const questions = [{ name: instanceOf(offer), type: 'SRV' }] as const
    const [answer] = bench.hear({ id: 77, questions }, from)
    expect(answer).toMatchObject({ to: from, message: { id: 77, questions } })
    for (const { ttl, flush } of [...answersOf(answer), ...additionalsOf(answer)]) {
      expect([ttl, flush]).toEqual([10, false])
    }
  })
})

describe('mdns responder: conflicts', () => {
  it('9 - while it probes it gives way to an owner, takes the next label and announces that', () => {
    const bench = new Bench()
    const offer = bench.announce()
    bench.pass(100)
    const sends = bench.hear({ kind: 'response', answers: [theirs(offer, 9, true)] })
    expect(bench.renamed).toEqual([`${labelOf(offer)}-2`])
    const announced = sends.flatMap(answersOf)
    expect(announced.find(({ type }) => type === 'SRV')?.name).toBe(`${labelOf(offer)}-2.${TYPE}`)
    expect(announced.every(({ ttl }) => ttl > 0)).toBe(true)
  })

  it('9 - its own records, come back, are no conflict, not even the TXT of a state that has passed', () => {
    const bench = new Bench()
    const { self } = bench.announce(identity('d1', { state: 'waiting' }))
    const early = bench.sent.flatMap(({ send }) => answersOf(send))
    bench.do({ type: 'update', self: { ...self, state: 'ready' } })
    bench.pass(5_000)
    for (const flush of [true, false]) {
      bench.hear({ kind: 'response', answers: early.map((record) => ({ ...record, flush })) })
    }
    expect(bench.renamed).toEqual([])
    bench.pass(5_000)
    expect(bench.sent.filter(({ send }) => send.message.kind === 'query')).toHaveLength(3)
  })

  it('9 - an owner that meets an owner probes again; who answers by then keeps the label', () => {
    const bench = new Bench()
    const offer = bench.settled()
    const [probe] = bench.hear({ kind: 'response', answers: [theirs(offer, 9, true)] })
    expect(probe?.message.authorities.length).toBeGreaterThan(0)
    bench.hear({ kind: 'response', answers: [theirs(offer, 9, true)] })
    expect(bench.renamed).toEqual([`${labelOf(offer)}-2`])
  })

  it('9 - an owner defends its label against one that is still probing', () => {
    const bench = new Bench()
    const offer = bench.settled()
    const [defence] = bench.hear({ kind: 'response', answers: [theirs(offer, 9, false)] })
    expect(typesOf(answersOf(defence))).toEqual(['SRV', 'TXT'])
    expect(answersOf(defence).every(({ flush }) => flush)).toBe(true)
    const questions = [{ name: instanceOf(offer), type: 'ANY' }] as const
    bench.pass(100)
    const [answer] = bench.hear({ questions, authorities: [theirs(offer, 9, false)] })
    expect(typesOf(answersOf(answer))).toContain('SRV')
    expect(bench.renamed).toEqual([])
  })

  it.each([
    ['greater', 200, 1_000],
    ['less', 1, 250],
    ['the same', null, 250],
  ] as const)(
    '8.2 - of two that probe the one with the greater data goes on; theirs is %s',
    (_what, first, next) => {
      const bench = new Bench()
      const offer = bench.announce()
      const mine = bench.sent[0]?.send.message.authorities ?? []
      const data = Buffer.alloc(first === null ? 0 : first + 1, first ?? 0)
      const authorities = mine.map((record) =>
        record.type === 'TXT' && first !== null ? { ...record, data } : record,
      )
      bench.sent.length = 0
      bench.hear({ questions: [{ name: instanceOf(offer), type: 'ANY' }], authorities })
      bench.pass(60_000)
      const [probe] = bench.sent.filter(({ send }) => send.message.kind === 'query')
      expect(probe?.at).toBe(next)
      expect(bench.renamed).toEqual([])
    },
  )

  it('8.1 - after fifteen conflicts within ten seconds the next try waits five', () => {
    const bench = new Bench()
    const offer = bench.announce()
    for (let i = 1; i <= 15; i++) {
      const label = i === 1 ? labelOf(offer) : `${labelOf(offer)}-${i}`
      bench.pass(100)
      bench.sent.length = 0
      bench.hear({ kind: 'response', answers: [{ ...theirs(offer, 9, true), name: `${label}.${TYPE}` }] })
      expect(bench.sent.length).toBe(i < 15 ? 2 : 0)
    }
    expect(bench.renamed).toHaveLength(15)
    expect(bench.pass(4_999)).toEqual([])
    expect(bench.pass(1)).toHaveLength(2)
  })

  it('6 - a response that does not come from port 5353 is ignored', () => {
    const bench = new Bench()
    const offer = bench.announce()
    bench.hear({ kind: 'response', answers: [theirs(offer, 9, true)] }, { address: '127.0.0.1', port: 5354 })
    expect(bench.renamed).toEqual([])
  })
})
