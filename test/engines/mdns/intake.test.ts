import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../lib/base/clock.js'
import { VirtualClock } from '../../../lib/base/virtual-clock.js'
import { Intake } from '../../../lib/engines/mdns/intake.js'
import { MEMBER } from './worlds.js'

/** An intake whose every datagram takes `cost` milliseconds, and what it passed on, in which turn. */
function laboratory(cost = 0): {
  clock: VirtualClock
  intake: Intake
  passed: number[]
  say(size: number, times?: number, port?: number, address?: string): void
  turn(): Promise<void>
} {
  const virtual = new VirtualClock()
  let worked = 0
  const clock = new Proxy<Clock>(virtual, {
    get: (target, key) =>
      key === 'monotonic' ? () => target.monotonic() + worked : (Reflect.get(target, key) as unknown),
  })
  const passed: number[] = []
  const intake = new Intake(clock, {
    handle: (bytes) => {
      worked += cost
      passed.push(bytes[11] ?? 0)
    },
    isOurs: (bytes) => bytes[0] === 1,
  })
  let said = 0
  return {
    clock: virtual,
    intake,
    passed,
    say(size, times = 1, port = MEMBER.port, address = MEMBER.address) {
      for (let i = 0; i < times; i++) {
        const bytes = new Uint8Array(size)
        bytes[11] = said++
        intake.take(bytes, { address, port })
      }
    },
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  }
}

describe('intake', () => {
  it('passes on at once while there is time in this turn, the rest in order over the next turns', async () => {
    const { say, passed, turn } = laboratory(2)
    say(300, 8)
    expect(passed).toEqual([0, 1, 2])
    await turn()
    expect(passed).toEqual([0, 1, 2, 3, 4, 5])
    say(300)
    expect(passed).toHaveLength(6)
    await turn()
    expect(passed).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('a quarter of a megabyte may wait; beyond it the oldest go', async () => {
    const { say, passed, turn } = laboratory(5)
    say(12)
    say(1 << 17, 2)
    say(1 << 10)
    for (let i = 0; i < 4; i++) await turn()
    expect(passed).toEqual([0, 2, 3])
  })

  it('a member may say two megabytes at once, then one a second', async () => {
    const { clock, say, passed } = laboratory()
    say(1 << 10, 3_000)
    expect(passed).toHaveLength(2_048)
    await clock.advance(500)
    say(1 << 10, 3_000)
    expect(passed).toHaveLength(2_048 + 512)
  })

  it('a hundred services that start at once are all heard', () => {
    const { say, passed } = laboratory()
    say(500, 100 * 20)
    expect(passed).toHaveLength(2_000)
  })

  it('one member that says too much does not silence another address', () => {
    const { say, passed } = laboratory()
    say(1 << 10, 3_000, 5353, '127.0.0.66')
    const before = passed.length
    say(300)
    expect(passed.length).toBe(before + 1)
  })

  it('those that come from ever more addresses, or from ports of their own, share what there is', () => {
    const { say, passed } = laboratory()
    for (let i = 0; i < 200; i++) say(1 << 17, 20, 5353, `127.0.1.${i}`)
    expect(passed).toHaveLength((32 + 1) * 16)
    passed.length = 0
    for (let port = 1; port < 2_000; port++) say(12, 1, 10_000 + port)
    expect(passed).toHaveLength(512)
  })

  it('strangers wait for ours, sixty-four kilobytes of them, and do not use up what ours may say', async () => {
    const { intake, passed, turn } = laboratory(5)
    const response = (mark: number, isOurs: boolean): Uint8Array => {
      const bytes = new Uint8Array(1 << 10)
      bytes.set([isOurs ? 1 : 0, 0, 0x84])
      bytes[11] = mark
      return bytes
    }
    for (let i = 0; i < 2_000; i++) intake.take(response(i % 100, false), MEMBER)
    for (const mark of [201, 202]) intake.take(response(mark, true), MEMBER)
    for (let i = 0; i < 3; i++) await turn()
    expect(passed.slice(0, 2)).toEqual([201, 202])
    for (let i = 0; i < 100; i++) await turn()
    expect(passed).toHaveLength(2 + 64)
  })

  it('a response from a port that is not the group’s is dropped unread', () => {
    const { intake, passed } = laboratory()
    intake.take(Uint8Array.of(0, 0, 0x84, 0), { address: '127.0.0.1', port: 5354 })
    expect(passed).toEqual([])
  })

  it('closed - what waited is forgotten', async () => {
    const { say, intake, passed, turn } = laboratory(5)
    say(300, 3)
    intake.close()
    await turn()
    expect(passed).toEqual([0])
  })
})
