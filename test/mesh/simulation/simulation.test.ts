/** Some runs of the simulation, and that its judge sees what is wrong. `run.ts` does thousands. */
import { describe, expect, it } from 'vitest'
import { cycle, disconnected } from '../../../lib/base/errors.js'
import type { Handle } from './cast.js'
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
        "call all",
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
        "rely",
        "restart",
        "sightings",
        "silence",
        "slow",
        "start",
        "stop",
        "thaw",
        "watch",
      ]
    `)
  })
})

describe('simulation - the judge sees', () => {
  const whole = play(planOf(25))
  const plain = (played: Played) => {
    const made = played.ledger.made.find(
      (each) => !each.isIdempotent && !each.isPlain && !each.isOfAll && each.end?.ok,
    )
    if (!made) throw new Error('the seed has no such call')
    return made
  }

  const ranOfAll = ({ ledger }: Played) => {
    const made = ledger.made.find(({ isOfAll, isIdempotent, end }) => isOfAll && !isIdempotent && end?.ok)
    const ran = ledger.ran.find(({ id }) => id === made?.id)
    if (!ran) throw new Error('the seed has no such call')
    return ran
  }
  const watcherOf = ({ watchers }: Played) => {
    const watcher = watchers.find(({ events, seen }) =>
      events.slice(0, seen).some(({ type }) => type === 'down'),
    )
    if (!watcher) throw new Error('the seed has no such monitor')
    return watcher
  }

  it.each<[string, (played: Played) => Played, RegExp]>([
    [
      'a call that ran twice',
      (played) => {
        played.ledger.enter(plain(played).id, 'elsewhere', 'another')
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
        states: new Map(
          [...played.states].map(([member, standing]) => [
            member,
            { ...standing, state: 'waiting', missing: 0 },
          ]),
        ),
      }),
      /is waiting, not ready/,
    ],
    [
      'a view without what is there',
      (played) => ({ ...played, views: played.views.map((view) => ({ ...view, instances: [] })) }),
      /sees/,
    ],
    [
      'a start that was refused for no ring',
      (played) => {
        const [member] = played.cast.members
        const path = ['a@1.0.0', 'b@1.0.0', 'a@1.0.0']
        member?.starts.push({ settled: true, error: cycle({ summary: 'x', details: { path } }) })
        return played
      },
      /was refused for a@1\.0\.0 -> b@1\.0\.0/,
    ],
    [
      'a start that failed otherwise',
      (played) => {
        played.cast.members[0]?.starts.push({ settled: true, error: disconnected({ summary: 'x' }) })
        return played
      },
      /failed to start/,
    ],
    [
      'the youngest of a ring that goes on starting',
      (played) => ({
        ...played,
        states: new Map(
          [...played.states].map(([member, standing]) => {
            const { name } = member.plan
            const rely = { name, range: '*', optional: false, lazy: false }
            const uses = [{ rely, handle: {} as Handle }]
            return [
              { ...member, uses },
              { ...standing, isStarting: true },
            ]
          }),
        ),
      }),
      /is the youngest of a ring/,
    ],
    [
      'an instance that ran a call of all twice',
      (played) => {
        const { id, instance } = ranOfAll(played)
        played.ledger.enter(id, 'elsewhere', instance)
        return played
      },
      /ran 2 times on/,
    ],
    [
      'an instance that ran a call of all unasked',
      (played) => {
        played.ledger.enter(ranOfAll(played).id, 'elsewhere', 'another')
        return played
      },
      /ran on another, of which it has no outcome/,
    ],
    [
      'a call of all that left one out',
      (played) => ({ ...played, allProbes: played.allProbes.map((probe) => ({ ...probe, end: [] })) }),
      /calls all of \w: 0 of 0 asked/,
    ],
    [
      'a monitor that tells of an end twice',
      (played) => {
        const { events } = watcherOf(played)
        const at = events.findIndex(({ type }) => type === 'down')
        events.splice(at, 0, ...events.slice(at, at + 1))
        return played
      },
      /told down of \w+ out of turn/,
    ],
    [
      'a monitor that does not tell of an end',
      (played) => {
        const watcher = watcherOf(played)
        watcher.seen = watcher.events.findIndex(({ type }) => type === 'down')
        return played
      },
      /, which is gone/,
    ],
    [
      'a monitor that tells of the end of one that lives',
      (played) => {
        const watcher = watcherOf(played)
        const last = watcher.events.slice(0, watcher.seen).findLast(({ type }) => type !== 'down')
        if (!last) throw new Error('nobody is up')
        watcher.events.splice(watcher.seen++, 0, { type: 'down', instance: last.instance, reason: 'lost' })
        return played
      },
      /as down, which is ready/,
    ],
    [
      'a monitor that never ends',
      (played) => {
        watcherOf(played).end = null
        return played
      },
      /never ended/,
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
