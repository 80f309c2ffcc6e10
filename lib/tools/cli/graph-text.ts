/** The graph of who relies on whom, as a tree of text. */
import type { GraphEdge, GraphNode, GraphView } from '../../index.js'
import type { Style } from './style.js'
import { cellOf } from './table.js'
import { count, widthOf } from './text.js'

/** A line of the tree: what, by which range, how it stands. */
interface Line {
  readonly what: string
  readonly range: string
  readonly state: string
}

/** An edge and one of the nodes that it resolves to; null where there is none. */
interface Branch {
  readonly edge: GraphEdge
  readonly to: string | null
}

/** Nobody reads deeper; what is below is cut, and said. */
const DEEPEST = 32

/** Draws the tree: each node's edges once, then "(above)"; at the end the cycles. */
export function graphText(graph: GraphView, style: Style): string {
  const tree = new Tree(graph, style)
  const cycles = graph.cycles.map((path) => cycleText(path, style))
  return [...tree.lines(), ...cycles].join('\n')
}

function cycleText(path: readonly string[], { colors, marks }: Style): string {
  return colors.red(`${marks.no} cycle  ${path.map(cellOf).join(` ${marks.arrow} `)}`)
}

class Tree {
  readonly #style: Style
  readonly #graph: GraphView
  readonly #edges = new Map<string, GraphEdge[]>()
  readonly #nodes: Map<string, GraphNode>
  readonly #drawn = new Set<string>()
  readonly #lines: Line[] = []

  constructor(graph: GraphView, style: Style) {
    this.#graph = graph
    this.#style = style
    this.#nodes = new Map(graph.nodes.map((node) => [node.node, node]))
    for (const edge of graph.edges) this.#edges.set(edge.from, [...(this.#edges.get(edge.from) ?? []), edge])
  }

  lines(): string[] {
    const reached = new Set(this.#graph.edges.flatMap(({ from, to }) => to.filter((node) => node !== from)))
    const sorted = [...this.#nodes.keys()].sort()
    for (const node of sorted) if (!reached.has(node)) this.#root(node)
    // what is left lies on cycles alone: it has no root of its own
    for (const node of sorted) if (!this.#drawn.has(node)) this.#root(node)
    return layOut(this.#lines)
  }

  #root(node: string): void {
    this.#lines.push({ what: this.#style.colors.bold(cellOf(node)), range: '', state: this.#stateOf(node) })
    this.#below(node, [])
  }

  #below(node: string, bars: readonly string[]): void {
    this.#drawn.add(node)
    const branches: Branch[] = (this.#edges.get(node) ?? []).flatMap((edge): Branch[] =>
      edge.to.length > 0 ? edge.to.map((to) => ({ edge, to })) : [{ edge, to: null }],
    )
    branches.forEach(({ edge, to }, at) => {
      const last = at === branches.length - 1
      const { tee, end, bar } = this.#style.marks
      const lead = bars.join('') + (last ? end : tee)
      this.#lines.push({
        what: lead + cellOf(to ?? edge.name),
        range: cellOf(edge.range) + kindOf(edge),
        state: to === null ? this.#unmet(edge) : this.#stateOf(to) + this.#again(to, bars.length),
      })
      if (to !== null && !this.#drawn.has(to) && bars.length < DEEPEST)
        this.#below(to, [...bars, last ? '   ' : bar])
    })
  }

  #again(node: string, depth: number): string {
    if (depth >= DEEPEST) return ' (cut here)'
    return this.#drawn.has(node) && this.#edges.has(node) ? ' (above)' : ''
  }

  #stateOf(name: string): string {
    const { colors, marks } = this.#style
    const node = this.#nodes.get(name)
    if (!node) return colors.red(`${marks.no} gone`)
    const size = node.instances > 1 ? `, ${count(node.instances, 'instance')}` : ''
    if (node.state === 'ready') return colors.green(`${marks.ok} ready`) + size
    return colors.yellow(`${marks.wait} ${cellOf(node.state)}`) + size
  }

  #unmet(edge: GraphEdge): string {
    const { colors, marks } = this.#style
    const seen = this.#graph.nodes
      .filter(({ name }) => name === edge.name)
      .map(({ version }) => cellOf(version))
    const why = seen.length > 0 ? `no instance in range (seen ${seen.join(', ')})` : 'no instance'
    return edge.optional || edge.lazy ? colors.dim(`${marks.dot} ${why}`) : colors.red(`${marks.no} ${why}`)
  }
}

function kindOf({ optional, lazy }: GraphEdge): string {
  return (optional ? ' optional' : '') + (lazy ? ' lazy' : '')
}

/** Lines up the ranges and the states. */
function layOut(lines: readonly Line[]): string[] {
  const what = Math.max(0, ...lines.map((line) => widthOf(line.what)))
  const range = Math.max(0, ...lines.map((line) => widthOf(line.range)))
  const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))
  const middle = (line: Line): string => (range > 0 ? `${pad(line.range, range)}  ` : '')
  return lines.map((line) => `${pad(line.what, what)}  ${middle(line)}${line.state}`.trimEnd())
}
