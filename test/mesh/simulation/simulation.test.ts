/** Some runs of the simulation, and that its judge sees what is wrong. `run.ts` does thousands. */
import { describe, expect, it } from 'vitest'
import { disconnected } from '../../../lib/base/errors.js'
import { judge } from './judge.js'
import { planOf } from './plan.js'
import { play, type Played } from './play.js'
import { difference, round } from './rounds.js'

const again = (seed: number): string => `SIM_SEED=${seed} node dist/test/mesh/simulation/run.js`

describe('simulation - some seeds', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i goes well', { timeout: 60_000 }, async (seed) => {
    const { wrong } = await round(seed)
    expect(wrong, again(seed)).toEqual([])
  })

  it('a run is the same at each time, and another one by another seed', { timeout: 60_000 }, async () => {
    const [one, same, other] = [await play(planOf(11)), await play(planOf(11)), await play(planOf(12))]
    expect(difference(one.trace, same.trace)).toEqual([])
    expect(one.trace.length).toBeGreaterThan(50)
    expect(difference(one.trace, other.trace)).toHaveLength(1)
  })

  it('plans have everything that can go wrong, and every kind of call', () => {
    const events = Array.from({ length: 300 }, (_, i) => planOf(i)).flatMap((plan) => plan.events)
    const kinds = new Set(events.map((event) => (event.do === 'call' ? `call ${event.kind}` : event.do)))
    expect([...kinds].sort()).toMatchInlineSnapshot(`
      [
        "call again",
        "call back",
        "call classic",
        "call fail",
        "call feed",
        "call lookUp",
        "call run",
        "call stream",
        "call through",
        "crash",
        "cut",
        "freeze",
        "heal",
        "healAll",
        "mute",
        "partition",
        "restart",
        "sightings",
        "silence",
        "slow",
        "start",
        "stop",
        "thaw",
      ]
    `)
  })
})

describe('simulation - the judge sees', () => {
  const whole = play(planOf(2))
  const plain = (played: Played) => {
    const made = played.ledger.made.find((each) => !each.isIdempotent && !each.isPlain && each.end?.ok)
    if (!made) throw new Error('the seed has no such call')
    return made
  }

  it.each<[string, (played: Played) => Played, RegExp]>([
    [
      'a call that ran twice',
      (played) => {
        played.ledger.enter(plain(played).id, 'elsewhere')
        return played
      },
      /ran 2 times/,
    ],
    [
      'a call that says no, and ran',
      (played) => {
        const error = disconnected({ summary: 'x', ran: 'no' })
        plain(played).end = { ok: false, error, at: 0 }
        return played
      },
      /said no/,
    ],
    [
      'a call that never ended',
      (played) => {
        plain(played).end = null
        return played
      },
      /never ended/,
    ],
    [
      'a call that ended late',
      (played) => {
        plain(played).end = { ok: true, value: plain(played).expects, at: 1e9 }
        return played
      },
      /too late/,
    ],
    [
      'an answer to another call',
      (played) => {
        plain(played).end = { ok: true, value: 'x', at: 0 }
        return played
      },
      /was answered x/,
    ],
    [
      'one that is not ready',
      (played) => ({
        ...played,
        states: new Map([...played.states].map(([member]) => [member, { state: 'waiting', missing: 0 }])),
      }),
      /is waiting, not ready/,
    ],
    [
      'a view without what is there',
      (played) => ({ ...played, views: played.views.map((view) => ({ ...view, instances: [] })) }),
      /sees/,
    ],
    [
      'a timer that is left',
      (played) => ({ ...played, left: { ...played.left, timers: 1 } }),
      /1 timers are left/,
    ],
    [
      'a probe that failed',
      (played) => ({ ...played, probes: played.probes.map((probe) => ({ ...probe, end: new Error('x') })) }),
      /cannot call/,
    ],
  ])('%s', async (_what, spoil, says) => {
    // what is changed in place is changed in a run of its own
    const played = await play(planOf((await whole).plan.seed))
    expect(judge(played)).toEqual([])
    expect(judge(spoil(played)).join('\n')).toMatch(says)
  })
})
