import { describe, expect, it } from 'vitest'
import {
  cancelled,
  disconnected,
  forbidden,
  limit,
  noMethod,
  refused,
  timeout,
} from '../../lib/base/errors.js'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { Budget } from '../../lib/mesh/calls/budget.js'
import { Counter } from '../../lib/mesh/peers/counter.js'
import { Health, verdictOf } from '../../lib/mesh/peers/health.js'
import { mayRepeat, restAfter, stillUnsure } from '../../lib/mesh/calls/retry.js'

/** A call of no interest. */
const call = (): object => ({})

function patient(random = 0): { health: Health; changes: () => number } {
  let changes = 0
  const health = new Health({ random: () => random }, () => void changes++)
  return { health, changes: () => changes }
}

function fail(health: Health, times: number, now: number): void {
  for (let i = 0; i < times; i++) health.bad(call(), now)
}

describe('health - when an instance is ejected', () => {
  it('after five failures in a row, and not after four and one that went well', () => {
    const { health, changes } = patient()
    for (let i = 0; i < 100; i++) health.good(call(), 0)
    fail(health, 4, 0)
    health.good(call(), 0)
    fail(health, 4, 0)
    expect(health.isEjected).toBe(false)
    fail(health, 1, 0)
    expect([health.isEjected, changes()]).toEqual([true, 1])
  })

  it('when less than 80 % of the last 30 s went well, of five calls at least', () => {
    const { health } = patient()
    for (let i = 0; i < 3; i++) health.good(call(), 0)
    fail(health, 1, 0)
    expect(health.isEjected).toBe(false)
    health.good(call(), 0)
    expect(health.isEjected).toBe(false)
    fail(health, 1, 0)
    expect(health.isEjected).toBe(true)
  })

  it('forgets what is older than 30 s', () => {
    const { health } = patient()
    for (let i = 0; i < 3; i++) health.good(call(), 0)
    fail(health, 1, 0)
    for (let i = 0; i < 5; i++) health.good(call(), 40_000)
    fail(health, 1, 40_000)
    expect(health.isEjected).toBe(false)
  })

  it('counts the calls that one connection took along as one failure', () => {
    const { health } = patient()
    for (let i = 0; i < 4; i++) {
      const connection = {}
      for (let k = 0; k < 1_000; k++) health.lost(call(), connection, i)
    }
    expect(health.isEjected).toBe(false)
    health.lost(call(), {}, 5)
    expect(health.isEjected).toBe(true)
  })
})

describe('health - how an ejected one comes back', () => {
  it('is probed by one call after 5 to 10 s, which decides', () => {
    for (const random of [0, 0.5, 0.999]) {
      const { health } = patient(random)
      fail(health, 5, 1_000)
      expect(health.probeAt).toBeCloseTo(6_000 + random * 5_000, 6)
      const probe = call()
      health.probe(probe)
      expect(health.probeAt).toBe(Infinity)
      health.good(call(), 12_000)
      expect(health.isEjected).toBe(true)
      health.good(probe, 12_000)
      expect(health.isEjected).toBe(false)
    }
  })

  it('stays away twice as long each time, 300 s at most, and 5 s again after a good while', () => {
    const { health } = patient(0.999_999)
    const lengths: number[] = []
    let now = 0
    fail(health, 5, now)
    for (let i = 0; i < 9; i++) {
      lengths.push(Math.round((health.probeAt - now) / 1_000))
      now = health.probeAt
      const probe = call()
      health.probe(probe)
      health.bad(probe, now)
    }
    expect(lengths).toEqual([10, 20, 40, 80, 160, 300, 300, 300, 300])
    const probe = call()
    health.probe(probe)
    health.good(probe, now)
    fail(health, 5, now + 299_000)
    expect(Math.round((health.probeAt - now - 299_000) / 1_000)).toBe(300)
    health.probe(probe)
    health.good(probe, now)
    fail(health, 5, now + 301_000)
    expect(Math.round((health.probeAt - now - 301_000) / 1_000)).toBe(10)
  })

  it('is probed again when its probe said nothing', () => {
    const { health, changes } = patient()
    fail(health, 5, 0)
    const probe = call()
    health.probe(probe)
    health.none(call())
    expect([health.probeAt, changes()]).toEqual([Infinity, 1])
    health.none(probe)
    expect([health.probeAt, changes()]).toEqual([5_000, 2])
  })

  it('begins anew: what failed before does not count', () => {
    const { health } = patient()
    fail(health, 5, 0)
    const probe = call()
    health.probe(probe)
    health.good(probe, 5_000)
    fail(health, 4, 5_000)
    expect(health.isEjected).toBe(false)
  })
})

const ran = (value: 'no' | 'maybe' | 'yes') => ({ summary: 'x', ran: value })

describe('health - what a failure says of its instance', () => {
  it.each([
    ['a method that threw', new Error('x'), 'good'],
    ['a method that met a deadline', timeout(ran('yes')), 'good'],
    ['a deadline', timeout(ran('maybe')), 'bad'],
    ['a deadline that had passed', timeout(ran('no')), 'none'],
    ['a lost connection', disconnected(ran('maybe')), 'bad'],
    ['a refusal', refused(ran('no')), 'bad'],
    ['a signal of the caller', cancelled(ran('maybe')), 'none'],
    ['a method that is not there', noMethod(ran('no')), 'none'],
    ['a rule that said no', forbidden(ran('no')), 'none'],
    ['too much of a value', limit(ran('no')), 'none'],
  ])('%s', (_, error, verdict) => {
    expect(verdictOf(error)).toBe(verdict)
  })
})

describe('retry - what may be made again', () => {
  it.each([
    ['a refusal', refused(ran('no')), true, true],
    ['a connection that was lost before', disconnected(ran('no')), true, true],
    ['a connection that was lost', disconnected(ran('maybe')), false, true],
    ['a limit of the instance', limit(ran('no')), true, true],
    ['a value too large for any', limit({ ...ran('no'), details: { bytes: 9 } }), false, false],
    ['a deadline', timeout(ran('maybe')), false, false],
    ['a deadline before', timeout(ran('no')), false, false],
    ['a signal', cancelled(ran('no')), false, false],
    ['what a method met', disconnected(ran('yes')), false, false],
    ['a refusal that ran', refused(ran('yes')), false, false],
    ['what a method threw', new Error('x'), false, false],
    [
      'what a method threw with a code',
      Object.assign(new Error('x'), { code: 'E', ran: 'no' }),
      false,
      false,
    ],
  ])('%s', (_, error, always, whereIdempotent) => {
    expect([mayRepeat(error, false), mayRepeat(error, true)]).toEqual([always, whereIdempotent])
  })

  it('waits a random part of 50 ms, twice as much each time, 2 s at most', () => {
    const longest = [1, 2, 3, 7, 60].map((tries) => restAfter(tries, { random: () => 1 }))
    expect(longest).toEqual([50, 100, 200, 2_000, 2_000])
    expect(restAfter(3, { random: () => 0 })).toBe(0)
  })

  it('never says that a call did not run of which an earlier try may have', () => {
    const first = disconnected(ran('maybe'))
    expect(stillUnsure(refused(ran('no')), first)).toMatchObject({
      code: 'DS_REFUSED',
      ran: 'maybe',
      cause: first,
    })
    const thrown = new Error('x')
    expect(stillUnsure(thrown, first)).toBe(thrown)
    const last = refused(ran('no'))
    expect(stillUnsure(last, null)).toBe(last)
  })
})

describe('budget - a fifth of the calls, and ten a second in any case', () => {
  const spend = (budget: Budget, now: number): number => {
    let taken = 0
    while (taken < 100_000 && budget.take(now)) taken++
    return taken
  }

  it('grants a hundred within ten seconds without a call', () => {
    const budget = new Budget()
    expect(spend(budget, 0)).toBe(100)
    expect(spend(budget, 5_000)).toBe(0)
    expect(spend(budget, 10_001)).toBe(100)
  })

  it('grants a fifth of the calls of the last ten seconds more', () => {
    const budget = new Budget()
    for (let i = 0; i < 10_000; i++) budget.call(i / 2)
    expect(spend(budget, 5_000)).toBe(2_100)
    for (let i = 0; i < 10; i++) budget.call(5_000)
    expect(spend(budget, 5_000)).toBe(2)
    expect(spend(budget, 60_000)).toBe(100)
  })
})

describe('counter - of late', () => {
  it('counts what a list of moments would, to a tenth of its span', () => {
    const clock = new VirtualClock(3)
    const counter = new Counter(1_000)
    const moments: number[] = []
    for (let now = 0; now < 100_000; now += Math.floor(clock.random() ** 4 * 3_000)) {
      moments.push(now)
      counter.add(now)
      const within = (span: number): number => moments.filter((at) => at > now - span).length
      const total = counter.total(now)
      expect(total).toBeLessThanOrEqual(within(1_000))
      expect(total).toBeGreaterThanOrEqual(within(900))
      if (moments.length > 3_000) break
    }
  })
})
