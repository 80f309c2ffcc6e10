import { describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/base/clock.js'
import { Emitter } from '../../lib/base/emitter.js'
import type { State } from '../../lib/base/identity.js'
import { KeepAlive } from '../../lib/base/keepalive.js'
import { Lifecycle } from '../../lib/base/lifecycle.js'

describe('lifecycle - which state follows which', () => {
  it('tells of each change once, and not of what is no change', () => {
    const told: State[] = []
    const life = new Lifecycle((state) => told.push(state))
    for (const next of [
      'starting',
      'waiting',
      'waiting',
      'ready',
      'waiting',
      'ready',
      'draining',
      'stopped',
    ] as const)
      life.to(next)
    expect(told).toEqual(['starting', 'waiting', 'ready', 'waiting', 'ready', 'draining', 'stopped'])
  })

  it('refuses a step that the picture lacks', () => {
    const life = new Lifecycle(() => undefined)
    expect(() => life.to('ready')).toThrow('from stopped to ready')
  })
})

describe('keepalive - holds the process while something is pending', () => {
  it('counts, and holds during a promise whatever comes of it', async () => {
    const keep = new KeepAlive()
    const active = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = active()
    const held = keep.during(Promise.reject(new Error('no')))
    expect([keep.count, active()]).toEqual([1, before + 1])
    await expect(held).rejects.toThrow('no')
    expect([keep.count, active()]).toEqual([0, before])
  })
})

describe('system clock - a moment that has passed', () => {
  it('is now, without a warning of Node', async () => {
    const warnings: Error[] = []
    const listener = (warning: Error): void => void warnings.push(warning)
    process.on('warning', listener)
    await systemClock.sleep(-5)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', listener)
    expect(warnings).toEqual([])
  })
})

describe('emitter - what subscribes returns what ends it', () => {
  it('calls in order, ends when disposed, and survives a listener that ends itself', () => {
    const heard: string[] = []
    const emitter = new Emitter<{ x: (text: string) => void }>()
    const first = emitter.on('x', (text) => {
      heard.push(`1${text}`)
      first[Symbol.dispose]()
    })
    emitter.on('x', (text) => heard.push(`2${text}`))
    expect([emitter.emit('x', 'a'), emitter.emit('x', 'b')]).toEqual([2, 1])
    expect(heard).toEqual(['1a', '2a', '2b'])
  })
})
