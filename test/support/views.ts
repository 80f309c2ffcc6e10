/** Meshes as data, for what only shows them. */
import type { EdgeView, GraphView, InstanceView, MeshView } from '../../lib/index.js'

/** An edge that is met, unless told otherwise. */
export function edge(name: string, range: string, rest: Partial<EdgeView> = {}): EdgeView {
  return { name, range, optional: false, lazy: false, met: true, declaredIn: 'rely()', ...rest }
}

/** A ready instance, unless told otherwise. */
export function instance(nameAt: string, rest: Partial<InstanceView> = {}): InstanceView {
  const [name = '', version = ''] = nameAt.split('@')
  return {
    name,
    version,
    id: `${name}-id`,
    state: 'ready',
    started: 0,
    address: '127.0.0.1:4001',
    edges: [],
    methods: [],
    about: {},
    contract: null,
    described: true,
    ...rest,
  }
}

/** A graph of `from -> name@range -> to` lines. */
export function graph(
  nodes: readonly string[],
  edges: readonly (readonly [from: string, to: readonly string[], edge: EdgeView])[] = [],
  cycles: readonly (readonly string[])[] = [],
): GraphView {
  return {
    nodes: nodes.map((node) => {
      const [name = '', version = ''] = node.split('@')
      return { node, name, version, state: 'ready', instances: 1 }
    }),
    edges: edges.map(([from, to, view]) => ({ ...view, from, to })),
    cycles,
  }
}

/** A mesh of these instances. */
export function view(instances: readonly InstanceView[], rest: Partial<MeshView> = {}): MeshView {
  return {
    v: 1,
    mesh: 'default',
    engine: 'mdns:',
    instances,
    unreachable: [],
    graph: graph(instances.map(({ name, version }) => `${name}@${version}`)),
    ...rest,
  }
}
