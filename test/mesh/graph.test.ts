import { describe, expect, it } from 'vitest'
import type { State } from '../../lib/base/identity.js'
import { buildGraph, cycleAsYoungest, cycleThrough, type GraphInstance } from '../../lib/mesh/rely/graph.js'

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

  /** The nodes that give way, each in its own eyes. */
  const losers = (instances: readonly GraphInstance[]): string[] => {
    const graph = buildGraph(instances)
    return graph.nodes.flatMap(({ node }) => (cycleAsYoungest(graph, node, instances) ? [node] : []))
  }

  it('one member of a ring is the youngest, by the oldest instance of each node', () => {
    expect(losers(ring)).toEqual(['c@1.0.0'])
    const older = instance('c@1.0.0', { id: 'old', started: 0 })
    expect(losers([...ring, older])).toEqual(['b@1.0.0'])
    expect(cycleAsYoungest(buildGraph(ring), 'c@1.0.0', ring)).toEqual([
      'c@1.0.0',
      'a@1.0.0',
      'b@1.0.0',
      'c@1.0.0',
    ])
  })

  it('of two that started in the same millisecond the greater id is the younger', () => {
    const twins = [
      instance('a@1.0.0', { id: 'x', edges: ['b'] }),
      instance('b@1.0.0', { id: 'y', edges: ['a'] }),
    ]
    expect(losers(twins)).toEqual(['b@1.0.0'])
    expect(losers([...twins].reverse())).toEqual(['b@1.0.0'])
  })

  it('the youngest of a longer ring is found although a shorter one through it has a younger member', () => {
    const two = [
      instance('x@1.0.0', { started: 3, edges: ['y', 'a'] }),
      instance('y@1.0.0', { started: 9, edges: ['x'] }),
      instance('a@1.0.0', { started: 1, edges: ['b'] }),
      instance('b@1.0.0', { started: 2, edges: ['x'] }),
    ]
    const graph = buildGraph(two)
    expect(cycleThrough(graph, 'x@1.0.0')).toEqual(['x@1.0.0', 'y@1.0.0', 'x@1.0.0'])
    expect(cycleAsYoungest(graph, 'x@1.0.0', two)).toEqual(['x@1.0.0', 'a@1.0.0', 'b@1.0.0', 'x@1.0.0'])
    expect(losers(two)).toEqual(['x@1.0.0', 'y@1.0.0'])
  })

  it('an instance that drains lends its node neither age nor edges, while another one serves', () => {
    const leaving = instance('c@1.0.0', { id: 'old', started: 0, state: 'draining', edges: ['a'] })
    expect(losers([...ring, leaving])).toEqual(['c@1.0.0'])
    const mended = [ring[0], ring[1], leaving, instance('c@1.0.0', { id: 'new', started: 9 })]
    const graph = buildGraph(mended.filter((one) => one !== undefined))
    expect(graph.cycles).toEqual([])
    expect(graph.nodes[0]).toMatchObject({ node: 'c@1.0.0', state: 'ready', instances: 2 })
  })

  it('a thousand services in one ring are one cycle, found at once', () => {
    const names = Array.from({ length: 1_000 }, (_, i) => `s${i}`)
    const many = names.map((name, i) =>
      instance(`${name}@1.0.0`, { started: i, edges: [names[(i + 1) % names.length] ?? ''] }),
    )
    expect(buildGraph(many).cycles.map((path) => path.length)).toEqual([1_001])
  })
})
