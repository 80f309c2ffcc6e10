/** What RFC 6762 asks of a querier, rule by rule, in virtual time. The names give the sections. */
import { describe, expect, it } from 'vitest'
import { questionFor } from '../../../lib/engines/dnssd/names.js'
import type { Message, Resource } from '../../../lib/engines/dnssd/records.js'
import { Claim } from '../../../lib/engines/mdns/claim.js'
import { LOOPBACK, type Send, type Source } from '../../../lib/engines/mdns/machine.js'
import { createQuerier, type Querier, type QuerierEvent } from '../../../lib/engines/mdns/querier.js'
import type { Sighting } from '../../../lib/mesh/discovery.js'
import { identity } from '../../contracts/discovery.js'
import { MEMBER } from './worlds.js'

const D1 = questionFor('d1')

/** A querier and its time: collects what it asks and what it tells, and when. */
class Bench {
  now = 0
  readonly querier: Querier
  readonly asked: { readonly at: number; readonly send: Send }[] = []
  readonly seen: { readonly at: number; readonly question: string; readonly sighting: Sighting }[] = []

  constructor(random: () => number = () => 0) {
    this.querier = createQuerier('contract', LOOPBACK, random)
  }

  do(event: QuerierEvent): void {
    for (const action of this.querier.step(event, this.now)) {
      if (action.do === 'send') this.asked.push({ at: this.now, send: action })
      else this.seen.push({ at: this.now, ...action })
    }
  }

  pass(ms: number): void {
    const end = this.now + ms
    while (this.querier.wakeAt <= end) {
      this.now = Math.max(this.now, this.querier.wakeAt)
      this.do({ type: 'tick' })
    }
    this.now = end
  }

  hear(answers: readonly Resource[], from: Source = MEMBER): void {
    const none = { id: 0, truncated: false, questions: [], authorities: [], additionals: [] }
    const message: Message = { kind: 'response', ...none, answers }
    this.do({ type: 'message', message, from })
  }

  /** `up 4001`, as a watcher was told. */
  get news(): string[] {
    return this.seen.map(
      ({ sighting: { type, address } }) => `${type} ${'port' in address ? address.port : '?'}`,
    )
  }

  /** `SRV d1-abc._dservice._tcp.local`: the questions of a type, with their times. */
  times(type: string): number[] {
    return this.asked
      .filter(({ send }) => send.message.questions.some((one) => one.type === type))
      .map(({ at }) => at)
  }
}

interface Made {
  readonly id: string
  readonly instance: string
  readonly records: Resource[]
}

/** The records of an instance, as somebody announces them. */
function instance(port = 4001, overrides: Parameters<typeof identity>[1] = {}): Made {
  const self = identity('d1', overrides)
  const claim = new Claim({ self, port, addresses: ['127.0.0.1'] }, 0)
  const records = [...claim.records.values()].filter(({ type }) => type !== 'NSEC')
  return { id: self.id, instance: `${claim.label}._dservice._tcp.local`, records }
}

function only(made: Made, ...types: readonly string[]): Resource[] {
  return made.records.filter(({ type }) => types.includes(type))
}

function withTtl(records: readonly Resource[], ttl: number): Resource[] {
  return records.map((record) => ({ ...record, ttl }))
}

function watching(): Bench {
  const bench = new Bench()
  bench.do({ type: 'watch', question: D1 })
  return bench
}

describe('mdns querier: asking', () => {
  it('5.2 - asks at once, then after ever longer waits, each second at least while nothing is seen and ten are not over', () => {
    const bench = watching()
    bench.pass(3 * 3_600_000)
    const at = bench.asked.map(({ at: when }) => when)
    expect(at.slice(0, 6)).toEqual([0, 125, 375, 875, 1_875, 2_875])
    const gaps = at.slice(1).map((when, i) => when - (at[i] ?? 0))
    expect(gaps.slice(3, 15)).toEqual([...Array<number>(10).fill(1_000), 2_000, 4_000])
    expect(Math.max(...gaps)).toBe(3_600_000)
    expect(gaps.at(-1)).toBe(3_600_000)
  })

  it('5.2 - once somebody is seen each wait is twice as long as the one before', () => {
    const bench = watching()
    bench.hear(instance().records)
    bench.pass(30_000)
    expect(bench.times('PTR')).toEqual([0, 125, 375, 875, 1_875, 3_875, 7_875, 15_875])
  })

  it('5.4 - asks by multicast alone, for one name by its subtype', () => {
    const [first] = watching().asked
    expect(first?.send).toMatchObject({
      to: null,
      message: { id: 0, questions: [{ name: D1, type: 'PTR' }] },
    })
  })

  it('5.2 - several who watch one name ask once; when the last goes it is quiet', () => {
    const bench = watching()
    bench.do({ type: 'watch', question: D1 })
    expect(bench.asked).toHaveLength(1)
    bench.do({ type: 'unwatch', question: D1 })
    expect(bench.querier.wakeAt).toBe(Infinity)
  })

  it('7.1 - says what it knows, while more than half of its time is left', () => {
    const bench = watching()
    bench.hear(instance().records)
    bench.pass(1_000)
    const known = bench.asked.at(-1)?.send.message.groups.flatMap(({ answers }) => answers) ?? []
    expect(known.map(({ type, ttl, flush }) => [type, ttl, flush])).toEqual([['PTR', 4_499, false]])
    bench.pass(2_300_000)
    const later = bench.asked.filter(
      ({ at, send }) => at > 2_250_000 && send.message.questions[0]?.type === 'PTR',
    )
    expect(later.every(({ send }) => send.message.groups.length === 0)).toBe(true)
  })

  it('5.2 - asks for what is about to run out at 80, 85, 90 and 95 percent of its time', () => {
    const bench = watching()
    bench.hear(instance().records)
    bench.pass(121_000)
    const at = bench.times('SRV')
    expect(at.map((when) => Math.round(when / 1_200))).toEqual([80, 85, 90, 95])
    expect(bench.news).toEqual(['up 4001', 'down 4001'])
    expect(bench.seen[1]?.at).toBe(120_000)
  })

  it('5.2 - spreads these questions by chance, over two percent', () => {
    const bench = new Bench(() => 0.5)
    bench.do({ type: 'watch', question: D1 })
    bench.hear(instance().records)
    bench.pass(100_000)
    expect(bench.times('SRV')).toEqual([120_000 * 0.81])
  })

  it('5.2 - an answer to them keeps the instance, and nobody is told', () => {
    const bench = watching()
    const made = instance()
    bench.hear(made.records)
    for (let i = 0; i < 40; i++) {
      bench.pass(97_000)
      bench.hear(only(made, 'SRV', 'TXT', 'A'))
    }
    expect(bench.news).toEqual(['up 4001'])
  })

  it('5.3 - puts what is due at about the same time into one datagram', () => {
    const bench = watching()
    bench.hear(instance(4001).records)
    bench.pass(500)
    bench.hear(instance(4002).records)
    bench.asked.length = 0
    bench.pass(96_500)
    const [refresh] = bench.asked.filter(({ send }) =>
      send.message.questions.some(({ type }) => type === 'SRV'),
    )
    expect(refresh?.send.message.questions.filter(({ type }) => type === 'SRV')).toHaveLength(2)
  })
})

describe('mdns querier: seeing', () => {
  it('tells of an instance once it is whole, with address and hint', () => {
    const bench = watching()
    const made = instance()
    bench.hear(only(made, 'PTR'))
    bench.hear(only(made, 'SRV', 'TXT'))
    expect(bench.news).toEqual([])
    bench.hear(only(made, 'A'))
    expect(bench.seen[0]?.sighting).toMatchObject({
      type: 'up',
      address: { host: '127.0.0.1', port: 4001 },
      hint: {
        id: made.id,
        name: 'd1',
        version: '1.2.0',
        mesh: 'contract',
        state: 'ready',
        started: 1_700_000_000_000,
      },
    })
  })

  it('6763 12 - asks for what did not come along, three times', () => {
    const bench = watching()
    const made = instance()
    bench.hear(only(made, 'PTR'))
    bench.pass(60_000)
    expect(bench.times('TXT')).toEqual([0, 1_000, 3_000])
    bench.hear(only(made, 'PTR'))
    bench.pass(900)
    expect(bench.times('TXT')).toHaveLength(4)
    bench.hear(only(made, 'SRV', 'TXT'))
    bench.pass(100)
    expect(bench.times('AAAA')).toHaveLength(1)
  })

  it('10.1 - a goodbye takes effect after a second', () => {
    const bench = watching()
    const made = instance()
    bench.hear(made.records)
    bench.pass(5_000)
    bench.hear(withTtl(made.records, 0))
    bench.pass(999)
    expect(bench.news).toEqual(['up 4001'])
    bench.pass(1)
    expect(bench.news).toEqual(['up 4001', 'down 4001'])
  })

  it('10.1 - unless it is announced again within the second', () => {
    const bench = watching()
    const made = instance()
    bench.hear(made.records)
    bench.hear(withTtl(made.records, 0))
    bench.pass(500)
    bench.hear(made.records)
    bench.pass(60_000)
    expect(bench.news).toEqual(['up 4001'])
  })

  it('10.1 - a goodbye of what was never there is nothing', () => {
    const bench = watching()
    bench.hear(withTtl(instance().records, 0))
    bench.pass(5_000)
    expect(bench.news).toEqual([])
  })

  it('10.2 - the flush bit ends other records of the name and type, those of the same second excepted', () => {
    const bench = watching()
    const made = instance()
    bench.hear(made.records)
    const { size } = bench.querier
    const moved = only(made, 'SRV').map((record) => ({ ...record, port: 4002, flush: true }))
    bench.pass(5_000)
    bench.hear(moved)
    expect(bench.news).toEqual(['up 4001', 'down 4001', 'up 4002'])
    expect(bench.querier.size).toBe(size + 1)
    bench.pass(1_000)
    expect(bench.querier.size).toBe(size)
    bench.pass(109_000)
    bench.hear([...moved, ...only(made, 'TXT', 'A')])
    bench.pass(60_000)
    expect(bench.news).toHaveLength(3)
  })

  it('8.4 - a new state is a change of the same instance', () => {
    const bench = watching()
    const made = instance(4001, { state: 'waiting' })
    bench.hear(made.records)
    const self = identity('d1', { id: made.id, state: 'ready' })
    const after = [...new Claim({ self, port: 4001, addresses: ['127.0.0.1'] }, 0).records.values()]
    bench.hear(after.filter(({ type }) => type === 'TXT'))
    expect(bench.seen.map(({ sighting }) => [sighting.type, sighting.hint.state])).toEqual([
      ['up', 'waiting'],
      ['changed', 'ready'],
    ])
  })

  it('another mesh - is not told, and not asked about either', () => {
    const bench = watching()
    bench.hear(instance(4001, { mesh: 'another' }).records)
    bench.pass(60_000)
    expect([bench.news, bench.times('TXT')]).toEqual([[], []])
  })

  it('renamed - an instance that is seen under two labels is up once, and down with the last', () => {
    const bench = watching()
    const made = instance()
    const claim = new Claim(
      { self: identity('d1', { id: made.id }), port: 4001, addresses: ['127.0.0.1'] },
      0,
    )
    claim.rename(0)
    const renamed = [...claim.records.values()].filter(({ type }) => type !== 'NSEC')
    expect(renamed[0]).not.toEqual(made.records[0])
    bench.hear(made.records)
    bench.hear(renamed)
    bench.hear(withTtl(made.records, 0))
    bench.pass(2_000)
    expect(bench.news).toEqual(['up 4001'])
    expect(bench.querier.known(D1)).toHaveLength(1)
    bench.hear(withTtl(renamed, 0))
    bench.pass(2_000)
    expect(bench.news).toEqual(['up 4001', 'down 4001'])
  })
})

describe('mdns querier: doubting', () => {
  it('10.4 - a doubted instance is asked twice, and gone after two seconds of silence', () => {
    const bench = watching()
    bench.hear(instance().records)
    bench.pass(10_000)
    const [up] = bench.seen
    if (!up) throw new Error('nothing was seen')
    for (let i = 0; i < 3; i++) bench.do({ type: 'recheck', sighting: up.sighting })
    bench.pass(60_000)
    expect(bench.times('SRV')).toEqual([10_000, 11_000])
    expect(bench.news).toEqual(['up 4001', 'down 4001'])
    expect(bench.seen[1]?.at).toBe(12_000)
  })

  it('10.4 - an answer clears the doubt', () => {
    const bench = watching()
    const made = instance()
    bench.hear(made.records)
    for (const { sighting } of [...bench.seen]) bench.do({ type: 'recheck', sighting })
    bench.pass(1_500)
    bench.hear(only(made, 'SRV'))
    bench.pass(60_000)
    expect(bench.news).toEqual(['up 4001'])
  })

  it('10.4 - one that comes back without an announcement is found by asking anew', () => {
    const bench = watching()
    const made = instance()
    bench.hear(made.records)
    bench.pass(3_600_000 * 3)
    bench.hear(made.records)
    bench.asked.length = 0
    const { sighting } = bench.seen.at(-1) ?? {}
    if (sighting) bench.do({ type: 'recheck', sighting })
    const doubted = bench.now
    bench.pass(20_000)
    expect(bench.times('PTR').map((at) => at - doubted)).toEqual([3_000, 4_000, 6_000, 10_000, 18_000])
    bench.hear(made.records)
    expect(bench.news.at(-1)).toBe('up 4001')
  })

  it('what nobody knows of - is not asked about', () => {
    const bench = watching()
    bench.do({ type: 'recheck', sighting: { address: { host: '127.0.0.1', port: 1 }, hint: { id: 'x' } } })
    expect(bench.asked).toHaveLength(1)
  })
})

describe('mdns querier: believing', () => {
  const made = instance()
  const service = only(made, 'SRV')
  it.each([
    ['a question that was not asked', () => [...instance().records.filter(({ name }) => name !== D1)]],
    [
      'a pointer out of our type',
      () => [{ type: 'PTR', name: D1, ttl: 120, flush: false, target: 'evil.local' } as const, ...service],
    ],
    ['a service that no pointer led to', () => made.records.filter(({ type }) => type !== 'PTR')],
    [
      'a host that is not on the link',
      () => [...only(made, 'PTR', 'TXT', 'A'), ...service.map((one) => ({ ...one, target: 'example.com' }))],
    ],
    [
      'an address of another machine',
      () => [
        ...only(made, 'PTR', 'TXT', 'SRV'),
        ...only(made, 'A').map((one) => ({ ...one, address: '10.0.0.7' })),
      ],
    ],
  ] as const)('Q11 - not %s', (_what, records) => {
    const bench = watching()
    bench.hear(records() as Resource[])
    expect(bench.news).toEqual([])
  })

  it('6 - not a response from another port than 5353', () => {
    const bench = watching()
    bench.hear(instance().records, { address: '127.0.0.1', port: 40_000 })
    expect(bench.news).toEqual([])
  })

  it('Q10 - at most 1024 instances of a name and 10 000 records, whatever comes', () => {
    const bench = watching()
    bench.do({ type: 'watch', question: questionFor('*') })
    let most = 0
    for (let i = 0; i < 4_000; i++) {
      const label = `x${i}`
      const name = `${label}._dservice._tcp.local`
      const common = { ttl: 4_500, flush: false } as const
      bench.hear([
        { ...common, type: 'PTR', name: i % 2 ? D1 : questionFor('*'), target: name },
        { ...common, type: 'SRV', name, priority: 0, weight: 0, port: 1, target: `${label}.local` },
        { ...common, type: 'A', name: `${label}.local`, address: '127.0.0.1' },
      ])
      if (i % 1_000 === 0) bench.pass(1)
      most = Math.max(most, bench.querier.size)
    }
    expect(most).toBeLessThanOrEqual(10_000)
    expect(most).toBeLessThanOrEqual(2 * 1_024 * 3)
    expect(most).toBeGreaterThan(2 * 1_024)
  }, 60_000)
})
