/** The graph of who relies on whom in the languages of drawing programs: Mermaid and DOT. */
import type { GraphEdge, GraphView } from '../../index.js'
import { oneLine } from './text.js'

/** A drawn edge; one that meets nothing points at a box of its own. */
interface Arrow {
  readonly from: string
  readonly to: string
  readonly label: string
  readonly firm: boolean
}

const unmetNode = (edge: GraphEdge): string => `${edge.name}@${edge.range} ?`

function arrowsOf(graph: GraphView): Arrow[] {
  return graph.edges.flatMap((edge) =>
    (edge.to.length > 0 ? edge.to : [unmetNode(edge)]).map((to) => ({
      from: edge.from,
      to,
      label: edge.range,
      firm: !edge.optional && !edge.lazy,
    })),
  )
}

function nodesOf(graph: GraphView): string[] {
  const arrows = arrowsOf(graph)
  return [
    ...new Set([...graph.nodes.map(({ node }) => node), ...arrows.flatMap(({ from, to }) => [from, to])]),
  ]
}

/** Mermaid, as GitHub draws it: `graph LR`. Names are ids n0, n1, … with their text in quotes. */
export function mermaid(graph: GraphView): string {
  const nodes = nodesOf(graph)
  const id = (node: string): string => `n${nodes.indexOf(node)}`
  const text = (raw: string): string => oneLine(raw).replace(/["&<>#|]/g, (char) => `#${char.charCodeAt(0)};`)
  return [
    'graph LR',
    ...nodes.map((node) => `  ${id(node)}["${text(node)}"]`),
    ...arrowsOf(graph).map(
      ({ from, to, label, firm }) => `  ${id(from)} ${firm ? '-->' : '-.->'}|"${text(label)}"| ${id(to)}`,
    ),
  ].join('\n')
}

/** DOT, for Graphviz. */
export function dot(graph: GraphView): string {
  const text = (raw: string): string => `"${oneLine(raw).replace(/["\\]/g, '\\$&')}"`
  return [
    'digraph mesh {',
    '  rankdir=LR',
    ...nodesOf(graph).map((node) => `  ${text(node)}`),
    ...arrowsOf(graph).map(
      ({ from, to, label, firm }) =>
        `  ${text(from)} -> ${text(to)} [label=${text(label)}${firm ? '' : ', style=dashed'}]`,
    ),
    '}',
  ].join('\n')
}
