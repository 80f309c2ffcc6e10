import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'
import { Heart } from '../../lib/dnode/liveness.js'
import type { Outcome } from '../../lib/dnode/messages.js'
import { methodsRow, withRaw, type Raw } from './pair.js'

const limits = { busy: { ask: 1_000, dead: 2_500 }, idle: { ask: 5_000, dead: 10_000 } }
let clock: VirtualClock
let heart: Heart

beforeEach(() => {
  clock = new VirtualClock()
  heart = new Heart(clock, limits)
})

/** A watched session that notes when it is asked and given up. */
function watch(isBusy: boolean | (() => boolean)): {
  events: string[]
  hear: () => void
  receive: (bytes: number) => void
  end: () => void
} {
  let received = 0
  const events: string[] = []
  const note = (what: string) => () => void events.push(`${what} at ${clock.monotonic()}`)
  const liveness = heart.watch({
    isBusy: typeof isBusy === 'function' ? isBusy : () => isBusy,
    isDeaf: () => false,
    received: () => received,
    ask: note('asked'),
    assure: note('assured'),
    dead: note('dead'),
  })
  const receive = (bytes: number): void => void (received += bytes)
  return { events, hear: () => liveness.hear(), receive, end: () => liveness[Symbol.dispose]() }
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

  it('so is a part of one, and the peer hears that it was read', async () => {
    const { events, receive, end } = watch(true)
    for (let i = 0; i < 10; i++) {
      receive(700)
      await clock.advance(1_000)
    }
    const assured = events.filter((event) => event.startsWith('assured'))
    expect(assured).toEqual([2, 4, 6, 8].map((s) => `assured at ${s * 1_000 + 250}`))
    expect(events).not.toContain('dead')
    end()
  })

  it('fewer bytes are none, however often they come', async () => {
    const { events, receive } = watch(true)
    for (let i = 0; i < 20; i++) {
      receive(90)
      await clock.advance(250)
    }
    expect(events).toEqual(['asked at 1250', 'dead at 2750'])
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

describe('liveness - a long row on a slow link', () => {
  const WAIT = { timeout: 60_000 }
  const row = '+102400 [["answer",0,{"$":["bytes",0,"Buffer"]}]]\n'

  /** A session with a call that its raw peer has begun to answer. */
  async function answering(): Promise<Raw & { outcome: Promise<Outcome> }> {
    const raw = await withRaw({}, { heart }, clock)
    await raw.send({ ...methodsRow(), arguments: [{ f: '' }], callbacks: { 5: [0, 'f'] } })
    const outcome = raw.session.call('f', [], WAIT)
    raw.raw.send(row)
    await clock.settle()
    return { ...raw, outcome }
  }

  it('is heard while it comes, longer than any silence may be, and its sender hears of us', async () => {
    const { raw, session, rows, outcome } = await answering()
    for (let i = 0; i < 100; i++) {
      raw.send([Buffer.alloc(1_024)])
      await clock.advance(500)
    }
    expect(await outcome).toMatchObject({ ok: true, value: { length: 102_400 } })
    expect(rows.slice(2).every((messages) => JSON.stringify(messages) === '[["pong"]]')).toBe(true)
    expect(rows.length).toBeGreaterThan(50)
    session.destroy(new Error('done'))
  })

  it('that stops in the middle is a silence as any other', async () => {
    const { raw, outcome } = await answering()
    raw.send([Buffer.alloc(50_000)])
    await clock.advance(3_500)
    expect(await outcome).toMatchObject({ ok: false, error: { code: 'DS_DISCONNECTED' } })
    expect(raw.isClosed).toBe(true)
  })
})
