import { describe, expect, it } from 'vitest'
import type { State } from '../../lib/base/identity.js'
import { buildGraph, cycleThrough, youngest, type GraphInstance } from '../../lib/mesh/graph.js'

interface Sketch {
  started?: number
  id?: string
  state?: State
  edges?: readonly string[]
  optional?: readonly string[]
  lazy?: readonly string[]
}

/** `instance('a@1.0.0', { edges: ['b@^1'] })`. */
function instance(node: string, sketch: Sketch = {}): GraphInstance {
  const [name = '', version = ''] = node.split('@')
  const edge = (text: string, kind: { optional?: boolean; lazy?: boolean } = {}) => {
    const [to = '', range = '*'] = text.split('@')
    return {
      name: to,
      range,
      optional: false,
      lazy: false,
      met: true,
      declaredIn: 'rely()' as const,
      ...kind,
    }
  }
  const { started = 0, id = node, state = 'ready' } = sketch
  return {
    identity: { id, name, version, state, started },
    edges: [
      ...(sketch.edges ?? []).map((text) => edge(text)),
      ...(sketch.optional ?? []).map((text) => edge(text, { optional: true })),
      ...(sketch.lazy ?? []).map((text) => edge(text, { lazy: true })),
    ],
  }
}

describe('graph - nodes and edges', () => {
  it('joins the instances of one name and version into one node', () => {
    const graph = buildGraph([
      instance('a@1.0.0', { id: '1' }),
      instance('a@1.0.0', { id: '2' }),
      instance('a@2.0.0'),
    ])
    expect(graph.nodes.map(({ node, instances }) => [node, instances])).toEqual([
      ['a@1.0.0', 2],
      ['a@2.0.0', 1],
    ])
  })

  it('leads an edge to the highest ready version in range', () => {
    const graph = buildGraph([
      instance('a@1.0.0', { edges: ['b@^1'] }),
      instance('b@1.2.0'),
      instance('b@1.9.9'),
      instance('b@2.0.0'),
      instance('b@1.10.0', { state: 'waiting' }),
    ])
    expect(graph.edges.map(({ from, to }) => [from, to])).toEqual([['a@1.0.0', ['b@1.9.9']]])
  })

  it('leads an edge to a waiting instance only while no ready one is in range', () => {
    const graph = buildGraph([
      instance('a@1.0.0', { edges: ['b'] }),
      instance('b@1.0.0', { state: 'waiting' }),
    ])
    expect(graph.edges[0]?.to).toEqual(['b@1.0.0'])
  })

  it('gives a node the edges of all its instances', () => {
    const graph = buildGraph([
      instance('a@1.0.0', { id: '1', edges: ['b'] }),
      instance('a@1.0.0', { id: '2', edges: ['b', 'c'] }),
    ])
    expect(graph.edges.map(({ name }) => name)).toEqual(['b', 'c'])
  })
})

describe('graph - cycles', () => {
  const ring = [
    instance('a@1.0.0', { edges: ['b'], started: 1 }),
    instance('b@1.0.0', { edges: ['c'], started: 2 }),
    instance('c@1.0.0', { edges: ['a'], started: 3 }),
  ]

  it('names the ring once, from its smallest node', () => {
    expect(buildGraph(ring).cycles).toEqual([['a@1.0.0', 'b@1.0.0', 'c@1.0.0', 'a@1.0.0']])
    expect(buildGraph([...ring].reverse()).cycles).toEqual([['a@1.0.0', 'b@1.0.0', 'c@1.0.0', 'a@1.0.0']])
  })

  it('finds the path from any member back to itself', () => {
    expect(cycleThrough(buildGraph(ring), 'b@1.0.0')).toEqual(['b@1.0.0', 'c@1.0.0', 'a@1.0.0', 'b@1.0.0'])
    expect(cycleThrough(buildGraph(ring), 'd@1.0.0')).toBeNull()
  })

  it('a service that relies on itself is a ring of one', () => {
    expect(buildGraph([instance('a@1.0.0', { edges: ['a'] })]).cycles).toEqual([['a@1.0.0', 'a@1.0.0']])
  })

  it.each([
    ['optional', { optional: ['a'] }],
    ['lazy', { lazy: ['a'] }],
  ])('%s edges close no cycle', (_kind, sketch) => {
    expect(buildGraph([instance('a@1.0.0', { edges: ['b'] }), instance('b@1.0.0', sketch)]).cycles).toEqual(
      [],
    )
  })

  it('an edge that resolves to another version closes no cycle', () => {
    const graph = buildGraph([
      instance('a@1.0.0', { edges: ['b'] }),
      instance('b@1.0.0', { edges: ['a@^2'] }),
      instance('a@2.0.0'),
    ])
    expect(graph.cycles).toEqual([])
  })

  it('all members of a ring name the same youngest, by the oldest instance of each node', () => {
    const cycle = ['a@1.0.0', 'b@1.0.0', 'c@1.0.0', 'a@1.0.0']
    expect(youngest(cycle, ring)).toBe('c@1.0.0')
    const older = instance('c@1.0.0', { id: 'old', started: 0 })
    expect(youngest(cycle, [...ring, older])).toBe('b@1.0.0')
  })

  it('of two that started in the same millisecond the greater id is the younger', () => {
    const twins = [instance('a@1.0.0', { id: 'x' }), instance('b@1.0.0', { id: 'y' })]
    expect(youngest(['a@1.0.0', 'b@1.0.0', 'a@1.0.0'], twins)).toBe('b@1.0.0')
    expect(youngest(['b@1.0.0', 'a@1.0.0', 'b@1.0.0'], [...twins].reverse())).toBe('b@1.0.0')
  })
})
