import { describe, expect, it } from 'vitest'
import type { Found } from '../../../lib/engines/mdns/sightings.js'
import { View } from '../../../lib/engines/mdns/view.js'

function found(port: number, hint: Found['hint'] = {}): Found {
  return { address: { host: '127.0.0.1', port }, hint }
}

describe('view', () => {
  it('an instance under two labels is seen once, and gone when both are', () => {
    const view = new View()
    const one = found(1, { id: 'x', name: 'd1' })
    expect(view.set('a', one).map(({ type }) => type)).toEqual(['up'])
    expect(view.set('b', one)).toEqual([])
    expect(view.all).toEqual([one])
    expect(view.set('a', null)).toEqual([])
    expect(view.set('b', null).map(({ type }) => type)).toEqual(['down'])
    expect(view.all).toEqual([])
  })

  it('a new port is another place: the old one goes down, the new one comes up', () => {
    const view = new View()
    view.set('a', found(1, { id: 'x' }))
    const news = view.set('a', found(2, { id: 'x' }))
    expect(news).toMatchObject([
      { type: 'down', address: { port: 1 } },
      { type: 'up', address: { port: 2 } },
    ])
  })

  it('labels are found by the id, wherever it is; by the address where one of the two has no id', () => {
    const view = new View()
    view.set('moved', found(2, { id: 'x' }))
    view.set('nameless', found(1))
    view.set('other', found(1, { id: 'y' }))
    expect(view.labelsOf(found(1, { id: 'x' }))).toEqual(['moved', 'nameless'])
    expect(view.labelsOf(found(1))).toEqual(['nameless', 'other'])
    view.set('moved', null)
    expect(view.labelsOf(found(1, { id: 'x' }))).toEqual(['nameless'])
  })

  it('costs the same however many are seen', () => {
    const view = new View()
    let looks = 0
    // every look at an address counts: with a list that is looked through this would be millions
    const counted = (i: number, port: number): Found => ({
      get address() {
        looks++
        return { host: '127.0.0.1', port }
      },
      hint: { id: `i${i}` },
    })
    for (const port of [1, 2]) for (let i = 0; i < 1_000; i++) view.set(`l${i}`, counted(i, port))
    for (let i = 0; i < 1_000; i++) view.labelsOf(found(2, { id: `i${i}` }))
    expect(looks).toBeLessThan(20_000)
  })
})
