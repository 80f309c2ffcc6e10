/** What a late reader of instances is told: what is true, in turn, and never more than fits. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Feed, type MonitorEvent } from '../../lib/mesh/patterns/feed.js'
import type { Instance } from '../../lib/mesh/choosing/present.js'

const instance = (id: string, more: Partial<Instance> = {}): Instance => ({
  id,
  name: 'd1',
  version: '1.0.0',
  state: 'ready',
  address: 'a:1',
  started: 1,
  ejected: false,
  ...more,
})

function drain(feed: Feed): string[] {
  const events: string[] = []
  for (let event = feed.take(); event; event = feed.take()) events.push(textOf(event))
  return events
}

const textOf = (event: MonitorEvent): string =>
  event.type === 'down'
    ? `${event.instance.id} down ${event.reason}`
    : `${event.instance.id} ${event.type} ${event.instance.state}`

describe('feed - one instance', () => {
  it('comes, changes and goes', () => {
    const feed = new Feed()
    feed.see(instance('a', { state: 'waiting' }))
    expect(drain(feed)).toEqual(['a up waiting'])
    feed.see(instance('a'))
    feed.see(instance('a'))
    expect(drain(feed)).toEqual(['a changed ready'])
    feed.gone('a', 'stopped')
    feed.gone('a', 'lost')
    expect(drain(feed)).toEqual(['a down stopped'])
    expect([feed.size, feed.kept]).toEqual([0, 0])
  })

  it('that came and went unseen is never told of', () => {
    const feed = new Feed()
    feed.see(instance('a'))
    feed.gone('a', 'lost')
    expect([drain(feed), feed.kept]).toEqual([[], 0])
  })

  it('that changed back unseen did not change', () => {
    const feed = new Feed()
    feed.see(instance('a'))
    drain(feed)
    feed.see(instance('a', { state: 'waiting' }))
    feed.see(instance('a'))
    expect(drain(feed)).toEqual([])
  })

  it('that went and is back is told of as gone first; the last end counts', () => {
    const feed = new Feed()
    feed.see(instance('a'))
    drain(feed)
    for (const reason of ['lost', 'lost'] as const) {
      feed.gone('a', reason)
      feed.see(instance('a'))
    }
    expect(feed.size).toBe(1)
    feed.gone('a', 'stopped')
    feed.see(instance('a'))
    expect(drain(feed)).toEqual(['a down stopped', 'a up ready'])
    feed.gone('a', 'lost')
    feed.see(instance('a'))
    feed.gone('a', 'stopped')
    expect(drain(feed)).toEqual(['a down stopped'])
  })
})

describe('feed - whatever happens, and however late it is read', () => {
  const ids = ['a', 'b', 'c']
  const step = fc.oneof(
    fc.record({ does: fc.constant('see' as const), id: fc.constantFrom(...ids), ejected: fc.boolean() }),
    fc.record({ does: fc.constant('gone' as const), id: fc.constantFrom(...ids) }),
    fc.record({ does: fc.constant('read' as const), id: fc.constant('') }),
  )

  it('up and down follow each other in turn, the end is what is true, and nothing piles up', () => {
    const check = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const feed = new Feed()
      const there = new Set<string>()
      const told = new Set<string>()
      const read = (event: MonitorEvent): void => {
        const { type, instance: one } = event
        expect(told.has(one.id)).toBe(type !== 'up')
        if (type === 'down') told.delete(one.id)
        else told.add(one.id)
      }
      for (const one of steps) {
        if (one.does === 'read') {
          const event = feed.take()
          if (event) read(event)
        } else if (one.does === 'see') {
          there.add(one.id)
          feed.see(instance(one.id, { ejected: one.ejected }))
        } else {
          there.delete(one.id)
          feed.gone(one.id, 'lost')
        }
        expect(feed.kept).toBeLessThanOrEqual(ids.length)
      }
      let events = 0
      for (let event = feed.take(); event; event = feed.take()) {
        read(event)
        expect(++events).toBeLessThanOrEqual(2 * ids.length)
      }
      expect([...told].sort()).toEqual([...there].sort())
      expect(feed.kept).toBe(there.size)
    })
    fc.assert(check)
  })
})
