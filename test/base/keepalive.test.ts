/** What keeps the process alive: one timer while something is pending, and none that stays. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KeepAlive } from '../../lib/base/keepalive.js'
import { dservice } from '../../lib/index.js'

const timers = new Set<NodeJS.Timeout>()
beforeEach(() => {
  const [make, clear] = [globalThis.setInterval, globalThis.clearInterval]
  vi.spyOn(globalThis, 'setInterval').mockImplementation(((run: () => void, ms: number) => {
    const timer = make(run, ms)
    timers.add(timer)
    return timer
  }) as typeof setInterval)
  vi.spyOn(globalThis, 'clearInterval').mockImplementation((timer) => {
    timers.delete(timer as NodeJS.Timeout)
    clear(timer)
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  timers.clear()
})

const holding = (): number => [...timers].filter((timer) => timer.hasRef()).length

describe('keep alive', () => {
  it('holds while something is pending, with one timer however often', async () => {
    const keepAlive = new KeepAlive()
    keepAlive.hold()
    expect([await keepAlive.during(Promise.resolve(1)), timers.size, holding()]).toEqual([1, 1, 1])
    keepAlive.release()
    expect([timers.size, holding(), keepAlive.count]).toEqual([1, 0, 0])
    keepAlive.hold()
    expect([timers.size, holding()]).toEqual([1, 1])
    keepAlive.release()
    keepAlive[Symbol.dispose]()
    expect(timers.size).toBe(0)
  })

  it('over while something is pending - lets go with the last of it, and holds again where it has to', () => {
    const keepAlive = new KeepAlive()
    keepAlive.hold()
    keepAlive[Symbol.dispose]()
    expect(holding()).toBe(1)
    keepAlive.release()
    expect(timers.size).toBe(0)
    keepAlive.hold()
    expect(holding()).toBe(1)
    keepAlive.release()
    expect(timers.size).toBe(0)
  })

  it('a dservice that was stopped - leaves no timer behind', async () => {
    for (let i = 0; i < 3; i++) {
      const service = dservice('a@1.0.0', { hi: () => 1 }, { engine: 'memory:', mesh: 'keep-alive' })
      await service.start()
      await service.stop()
    }
    expect(timers.size).toBe(0)
  })
})
