import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { Heart } from '../../lib/dnode/liveness.js'

const limits = { busy: { ask: 1_000, dead: 2_500 }, idle: { ask: 5_000, dead: 10_000 } }
let clock: VirtualClock
let heart: Heart

beforeEach(() => {
  clock = new VirtualClock()
  heart = new Heart(clock, limits)
})

/** A watched session that notes when it is asked and given up. */
function watch(isBusy: boolean | (() => boolean)): { events: string[]; hear: () => void; end: () => void } {
  const events: string[] = []
  const note = (what: string) => () => void events.push(`${what} at ${clock.monotonic()}`)
  const liveness = heart.watch({
    isBusy: typeof isBusy === 'function' ? isBusy : () => isBusy,
    isDeaf: () => false,
    ask: note('asked'),
    dead: note('dead'),
  })
  return { events, hear: () => liveness.hear(), end: () => liveness[Symbol.dispose]() }
}

describe('liveness - a silence is asked about, then it is death', () => {
  it.each([
    ['with calls pending', true, ['asked at 1250', 'dead at 2750']],
    ['without', false, ['asked at 5250', 'dead at 10250']],
  ])('%s: once each, and never again', async (_when, isBusy, expected) => {
    const { events } = watch(isBusy)
    await clock.advance(60_000)
    expect(events).toEqual(expected)
    expect(clock.waiting).toBe(0)
  })

  it.each([
    ['was quiet for a while', 2_900, ['asked at 3000', 'dead at 4500']],
    ['was asked a moment ago', 5_300, ['asked at 5250', 'dead at 6750']],
  ])(
    'a session that %s is not dead because a call begins: the peer has time to answer',
    async (_what, at, expected) => {
      const { events } = watch(() => clock.monotonic() >= at)
      await clock.advance(20_000)
      expect(events).toEqual(expected)
    },
  )

  it('any row is a sign of life', async () => {
    const { events, hear, end } = watch(true)
    for (let i = 0; i < 20; i++) {
      hear()
      await clock.advance(900)
    }
    expect(events).toEqual([])
    end()
    end()
    expect(clock.waiting).toBe(0)
  })

  it('an answer to the question ends the silence, and the next one is asked about again', async () => {
    const { events, hear, end } = watch(true)
    await clock.advance(1_300)
    hear()
    await clock.advance(1_400)
    expect(events).toEqual(['asked at 1250', 'asked at 2500'])
    end()
  })

  it('the end of one session leaves the others watched', async () => {
    const [first, second] = [watch(true), watch(true)]
    first.end()
    await clock.advance(3_000)
    expect([first.events.length, second.events.length]).toEqual([0, 2])
  })
})
