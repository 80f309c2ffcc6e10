import { describe, expect, it } from 'vitest'
import { dot, mermaid } from '../../../lib/tools/cli/graph-export.js'
import { graphText } from '../../../lib/tools/cli/graph-text.js'
import { PLAIN } from '../../../lib/tools/cli/style.js'
import { edge, graph } from '../../support/views.js'

const shop = graph(
  ['web@1.2.0', 'billing@2.3.1', 'users@3.0.4', 'd1@1.4.2'],
  [
    ['web@1.2.0', ['users@3.0.4'], edge('users', '^3')],
    ['web@1.2.0', ['billing@2.3.1'], edge('billing', '^2')],
    ['billing@2.3.1', [], edge('d1', '^2', { met: false })],
    ['billing@2.3.1', ['users@3.0.4'], edge('users', '^3', { lazy: true })],
    ['users@3.0.4', [], edge('mail', '^1', { met: false, optional: true })],
  ],
)
const ring = graph(
  ['a@1.0.0', 'b@1.0.0'],
  [
    ['a@1.0.0', ['b@1.0.0'], edge('b', '^1')],
    ['b@1.0.0', ['a@1.0.0'], edge('a', '^1')],
  ],
  [['a@1.0.0', 'b@1.0.0', 'a@1.0.0']],
)

describe('graphs', () => {
  it('graphs - are a tree with what is unmet; what was shown is not shown again', () => {
    expect(graphText(shop, PLAIN)).toMatchInlineSnapshot(`
      "d1@1.4.2                        ✓ ready
      web@1.2.0                       ✓ ready
      ├─ users@3.0.4     ^3           ✓ ready
      │  └─ mail         ^1 optional  · no instance
      └─ billing@2.3.1   ^2           ✓ ready
         ├─ d1           ^2           ✗ no instance in range (seen 1.4.2)
         └─ users@3.0.4  ^3 lazy      ✓ ready (above)"
    `)
  })

  it('graphs - a cycle has no root, yet it is drawn and named', () => {
    expect(graphText(ring, PLAIN)).toMatchInlineSnapshot(`
      "a@1.0.0            ✓ ready
      └─ b@1.0.0     ^1  ✓ ready
         └─ a@1.0.0  ^1  ✓ ready (above)
      ✗ cycle  a@1.0.0 → b@1.0.0 → a@1.0.0"
    `)
  })

  it('graphs - a service that relies on itself is drawn once', () => {
    const self = graph(['a@1.0.0'], [['a@1.0.0', ['a@1.0.0'], edge('a', '^1')]])
    expect(graphText(self, PLAIN).split('\n')).toHaveLength(2)
  })

  it('graphs - a chain of a thousand is cut, not overflown', () => {
    const nodes = Array.from({ length: 1_000 }, (_, at) => `n${at}@1.0.0`)
    const chain = graph(
      nodes,
      nodes.slice(1).map((to, at) => [nodes[at] ?? '', [to], edge(`n${at + 1}`, '*')] as const),
    )
    expect(graphText(chain, PLAIN)).toContain('(cut here)')
  })

  it('graphs - an empty mesh has an empty tree', () => {
    expect(graphText(graph([]), PLAIN)).toBe('')
  })

  it('graphs - Mermaid and DOT have every node and edge', () => {
    expect(mermaid(shop)).toMatchInlineSnapshot(`
      "graph LR
        n0["web@1.2.0"]
        n1["billing@2.3.1"]
        n2["users@3.0.4"]
        n3["d1@1.4.2"]
        n4["d1@^2 ?"]
        n5["mail@^1 ?"]
        n0 -->|"^3"| n2
        n0 -->|"^2"| n1
        n1 -->|"^2"| n4
        n1 -.->|"^3"| n2
        n2 -.->|"^1"| n5"
    `)
    expect(dot(shop)).toMatchInlineSnapshot(`
      "digraph mesh {
        rankdir=LR
        "web@1.2.0"
        "billing@2.3.1"
        "users@3.0.4"
        "d1@1.4.2"
        "d1@^2 ?"
        "mail@^1 ?"
        "web@1.2.0" -> "users@3.0.4" [label="^3"]
        "web@1.2.0" -> "billing@2.3.1" [label="^2"]
        "billing@2.3.1" -> "d1@^2 ?" [label="^2"]
        "billing@2.3.1" -> "users@3.0.4" [label="^3", style=dashed]
        "users@3.0.4" -> "mail@^1 ?" [label="^1", style=dashed]
      }"
    `)
  })

  it('graphs - no name breaks out of its quotes', () => {
    const bad = graph(['a"];x@1.0.0', 'b\\@1.0.0'])
    expect(mermaid(bad)).toContain('["a#34;];x@1.0.0"]')
    expect(dot(bad)).toContain('"a\\"];x@1.0.0"')
    expect(dot(bad)).toContain('"b\\\\@1.0.0"')
  })
})
