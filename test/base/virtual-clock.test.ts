/** The virtual clock itself: every test that stands on it would otherwise stand on sand. */
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lib/base/virtual-clock.js'

describe('virtual clock', () => {
  it('time - stands still until it is moved', async () => {
    const clock = new VirtualClock()
    const [wall, steady] = [clock.now(), clock.monotonic()]
    await clock.settle()
    expect([clock.now() - wall, clock.monotonic() - steady]).toEqual([0, 0])
    await clock.advance(250)
    expect([clock.now() - wall, clock.monotonic() - steady]).toEqual([250, 250])
  })

  it('after - runs at its own moment, in order of time, then of being asked', async () => {
    const clock = new VirtualClock()
    const ran: string[] = []
    const at = (ms: number, name: string): Disposable =>
      clock.after(ms, () => ran.push(`${name}@${clock.monotonic()}`))
    at(20, 'c')
    at(10, 'a')
    at(10, 'b')
    at(0, 'now')
    at(-5, 'late')
    await clock.advance(19)
    expect(ran).toEqual(['now@0', 'late@0', 'a@10', 'b@10'])
    await clock.advance(1)
    expect(ran.at(-1)).toBe('c@20')
    expect(clock.waiting).toBe(0)
  })

  it('after - what a timer starts is run in the same advance, when it is due', async () => {
    const clock = new VirtualClock()
    const ran: number[] = []
    const again = (): void => {
      ran.push(clock.monotonic())
      clock.after(10, again)
    }
    again()
    await clock.advance(35)
    expect(ran).toEqual([0, 10, 20, 30])
    expect(clock.waiting).toBe(1)
  })

  it('after - what a promise starts meanwhile counts from that moment', async () => {
    const clock = new VirtualClock()
    const chain = async (): Promise<number> => {
      await clock.sleep(10)
      await clock.sleep(10)
      return clock.monotonic()
    }
    const end = chain()
    await clock.advance(100)
    expect(await end).toBe(20)
  })

  it('after - disposed of, never runs; twice is fine', async () => {
    const clock = new VirtualClock()
    let ran = 0
    const timer = clock.after(10, () => ran++)
    timer[Symbol.dispose]()
    timer[Symbol.dispose]()
    expect(clock.waiting).toBe(0)
    await clock.advance(100)
    expect(ran).toBe(0)
  })

  it('sleep - rejects with the reason of a signal, and leaves no timer', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const reason = new Error('woken')
    const asleep = clock.sleep(1_000, controller.signal).catch((error: unknown) => error)
    expect(clock.waiting).toBe(1)
    controller.abort(reason)
    expect(await asleep).toBe(reason)
    expect(clock.waiting).toBe(0)
    await expect(clock.sleep(1, controller.signal)).rejects.toBe(reason)
  })

  it('random - is the same for the same seed, in [0, 1), and spread', () => {
    const draw = (seed: number): number[] => {
      const clock = new VirtualClock(seed)
      return Array.from({ length: 1_000 }, () => clock.random())
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
    expect(draw(7).every((n) => n >= 0 && n < 1)).toBe(true)
    expect(draw(7).filter((n) => n < 0.5).length).toBeGreaterThan(400)
    expect(draw(7).filter((n) => n < 0.5).length).toBeLessThan(600)
  })
})
