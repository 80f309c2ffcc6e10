import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../lib/base/virtual-clock.js'
import { Schedule } from '../../../lib/engines/mdns/schedule.js'

const ascending = (a: number, b: number): number => a - b

describe('schedule', () => {
  it('nothing is due where nothing was set', () => {
    const schedule = new Schedule<string>()
    expect([schedule.next, schedule.take(Infinity)]).toEqual([Infinity, []])
  })

  it('takes what is due, the earliest first, once', () => {
    const schedule = new Schedule<string>()
    for (const [key, at] of [
      ['c', 3],
      ['a', 1],
      ['d', 4],
      ['b', 2],
    ] as const)
      schedule.set(key, at)
    expect(schedule.take(3)).toEqual(['a', 'b', 'c'])
    expect([schedule.next, schedule.take(3)]).toEqual([4, []])
  })

  it('what was moved counts at its new moment only, what was deleted or moved to never at none', () => {
    const schedule = new Schedule<string>()
    for (const key of ['a', 'b', 'c', 'd']) schedule.set(key, 1)
    schedule.set('a', 5)
    schedule.set('b', 7)
    schedule.set('b', 1)
    schedule.delete('c')
    schedule.set('d', Infinity)
    expect(schedule.take(4)).toEqual(['b'])
    expect(schedule.next).toBe(5)
    expect(schedule.take(9)).toEqual(['a'])
  })

  it('says the same as a list that is looked through, whatever happens (seed 7)', () => {
    const clock = new VirtualClock(7)
    const random = (below: number): number => Math.floor(clock.random() * below)
    const schedule = new Schedule<number>()
    const list = new Map<number, number>()
    for (let i = 0; i < 3_000; i++) {
      const [key, at] = [random(50), i + random(300)]
      if (random(4) === 0) {
        schedule.delete(key)
        list.delete(key)
      } else {
        schedule.set(key, at)
        list.set(key, at)
      }
      const due = [...list].filter(([, when]) => when <= i).map(([one]) => one)
      for (const one of due) list.delete(one)
      expect(schedule.take(i).sort(ascending)).toEqual(due.sort(ascending))
      expect(schedule.next).toBe(Math.min(Infinity, ...list.values()))
    }
  })
})
