/**
 * The rely graph: who depends on which version of whom, and where that is a ring. Pure.
 *
 * A node is a name@version, as old as its oldest live instance; an edge goes to the nodes that its range resolves
 * to now. Only required edges (neither optional nor lazy) can close a cycle.
 */
import type { Identity } from '../../base/identity.js'
import { resolve } from '../choosing/resolve.js'
import type { EdgeView, GraphEdge, GraphNode, GraphView } from '../types.js'

/** An instance with what it relies on. */
export interface GraphInstance {
  readonly identity: Pick<Identity, 'id' | 'name' | 'version' | 'state' | 'started'>
  readonly edges: readonly EdgeView[]
}

/** The members of each node, oldest first. */
type Members = Map<string, GraphInstance[]>

/** `d1@1.2.0`. */
export function nodeOf({ name, version }: Pick<Identity, 'name' | 'version'>): string {
  return `${name}@${version}`
}

/** The graph of all instances, with every shortest cycle through any of its nodes. */
export function buildGraph(instances: readonly GraphInstance[]): GraphView {
  const members = group(instances)
  const nodes = [...members].map(([node, of]) => toNode(node, of))
  const edges = edgesBetween(members, instances)
  return { nodes, edges, cycles: findCycles(nodes, edges) }
}

/** Its edges alone: for who looks for one cycle, at each change. */
export function edgesOf(instances: readonly GraphInstance[]): GraphEdge[] {
  return edgesBetween(group(instances), instances)
}

/** Which steps along the edges count. */
export type Passes = (from: string, to: string, edge: GraphEdge) => boolean

/** The shortest cycle through a node, or null: a path whose first and last node are `node`. */
export function cycleThrough(
  { edges }: Pick<GraphView, 'edges'>,
  node: string,
  passes?: Passes,
): string[] | null {
  return shortestCycle(adjacency(edges, passes), node)
}

/**
 * The shortest cycle of which a node is the youngest member, or null. Each cycle has one youngest member, and whoever
 * sees the same instances names the same one: of several that start at once, that one gives way.
 */
export function cycleAsYoungest(
  graph: Pick<GraphView, 'edges'>,
  node: string,
  instances: readonly GraphInstance[],
): string[] | null {
  const younger = youngerThan(node, instances)
  return cycleThrough(graph, node, (_from, to) => !younger.has(to))
}

/** The nodes that are younger than one of them. */
export function youngerThan(node: string, instances: readonly GraphInstance[]): ReadonlySet<string> {
  const members = group(instances)
  const oldest = (of: string): GraphInstance | undefined => active(members.get(of) ?? [])[0]
  const own = oldest(node)
  const isYounger = (of: string): boolean => {
    const other = oldest(of)
    return own !== undefined && other !== undefined && byAge(other, own) > 0
  }
  return new Set([...members.keys()].filter(isYounger))
}

/** Oldest first. Of two that started in the same millisecond, the greater id is the younger. */
function byAge(a: GraphInstance, b: GraphInstance): number {
  if (a.identity.started !== b.identity.started) return a.identity.started - b.identity.started
  return a.identity.id < b.identity.id ? -1 : a.identity.id > b.identity.id ? 1 : 0
}

/** Those that will serve. One that drains lends its node neither its age nor its edges, while the node has others. */
function active(members: readonly GraphInstance[]): readonly GraphInstance[] {
  const staying = members.filter(({ identity: { state } }) => state !== 'draining' && state !== 'stopped')
  return staying.length > 0 ? staying : members
}

function group(instances: readonly GraphInstance[]): Members {
  const members: Members = new Map()
  for (const instance of [...instances].sort(byAge)) {
    const node = nodeOf(instance.identity)
    const of = members.get(node)
    if (of) of.push(instance)
    else members.set(node, [instance])
  }
  return members
}

function edgesBetween(members: Members, instances: readonly GraphInstance[]): GraphEdge[] {
  const byName = groupByName(instances)
  return [...members].flatMap(([node, of]) => toEdges(node, active(of), byName))
}

function groupByName(instances: readonly GraphInstance[]): Map<string, GraphInstance[]> {
  const byName = new Map<string, GraphInstance[]>()
  for (const instance of instances) {
    const same = byName.get(instance.identity.name)
    if (same) same.push(instance)
    else byName.set(instance.identity.name, [instance])
  }
  return byName
}

function toNode(node: string, members: readonly GraphInstance[]): GraphNode {
  const states = active(members).map(({ identity }) => identity.state)
  const state = states.includes('ready') ? 'ready' : (states[0] ?? 'stopped')
  const { name, version } = members[0]?.identity ?? { name: node, version: '' }
  return { node, name, version, state, instances: members.length }
}

/** Instances of one node may declare different edges: the node has them all. */
function toEdges(
  node: string,
  members: readonly GraphInstance[],
  byName: ReadonlyMap<string, readonly GraphInstance[]>,
): GraphEdge[] {
  const edges = new Map<string, EdgeView>()
  for (const edge of members.flatMap((member) => member.edges)) {
    const key = JSON.stringify([edge.name, edge.range, edge.optional, edge.lazy])
    const same = edges.get(key)
    edges.set(key, same ? { ...same, met: same.met && edge.met } : edge)
  }
  return [...edges.values()].map((edge) => {
    const { chosen } = resolve(byName.get(edge.name) ?? [], edge.range)
    return { ...edge, from: node, to: [...new Set(chosen.map(({ identity }) => nodeOf(identity)))] }
  })
}

function adjacency(edges: readonly GraphEdge[], passes: Passes = () => true): Map<string, string[]> {
  const next = new Map<string, string[]>()
  for (const edge of edges) {
    if (edge.optional || edge.lazy) continue
    const to = edge.to.filter((node) => passes(edge.from, node, edge))
    const known = next.get(edge.from)
    if (known) known.push(...to)
    else next.set(edge.from, to)
  }
  return next
}

function shortestCycle(next: ReadonlyMap<string, readonly string[]>, node: string): string[] | null {
  const cameFrom = new Map<string, string>()
  const queue = [node]
  // grows while it is walked
  for (const at of queue) {
    for (const to of next.get(at) ?? []) {
      if (to === node) return trace(cameFrom, node, at)
      if (cameFrom.has(to)) continue
      cameFrom.set(to, at)
      queue.push(to)
    }
  }
  return null
}

function trace(cameFrom: ReadonlyMap<string, string>, node: string, last: string): string[] {
  const path = [node]
  for (let at: string | undefined = last; at !== undefined && at !== node; at = cameFrom.get(at))
    path.push(at)
  path.push(node)
  return path.reverse()
}

function findCycles(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): string[][] {
  const cycles = new Map<string, string[]>()
  const next = adjacency(edges)
  for (const { node } of nodes) {
    const cycle = shortestCycle(next, node)
    if (!cycle) continue
    const turned = fromSmallest(cycle)
    cycles.set(turned.join(' '), turned)
  }
  return [...cycles.values()]
}

/** The same ring always reads the same, wherever the search began. */
function fromSmallest(cycle: readonly string[]): string[] {
  const ring = cycle.slice(0, -1)
  const start = ring.indexOf(ring.reduce((a, b) => (b < a ? b : a)))
  const turned = [...ring.slice(start), ...ring.slice(0, start)]
  return [...turned, turned[0] ?? '']
}
