/** The mesh as a table: one row for each version of each service. */
import type { EdgeView, InstanceView, MeshView } from '../../index.js'
import type { Style } from './style.js'
import { cellOf, type Column } from './table.js'
import { count } from './text.js'

/** All live instances of one version of one service. */
export interface Row {
  readonly name: string
  readonly version: string
  readonly instances: readonly InstanceView[]
}

/** Groups instances by name and version, in reading order; versions by their number. */
export function rowsOf(instances: readonly InstanceView[]): Row[] {
  const rows = new Map<string, InstanceView[]>()
  for (const instance of instances) {
    const key = `${instance.name}@${instance.version}`
    rows.set(key, [...(rows.get(key) ?? []), instance])
  }
  const byName = new Intl.Collator('en', { numeric: true })
  return [...rows.values()]
    .flatMap((group) =>
      group[0] ? [{ name: group[0].name, version: group[0].version, instances: group }] : [],
    )
    .sort((a, b) => byName.compare(a.name, b.name) || byName.compare(a.version, b.version))
}

/** The columns of `ls`. */
export function columnsOf(style: Style): Column<Row>[] {
  const { colors } = style
  return [
    { head: 'NAME', cell: (row) => colors.bold(cellOf(row.name)) },
    { head: 'VERSION', cell: (row) => cellOf(row.version) },
    { head: 'INSTANCES', cell: (row) => String(row.instances.length), align: 'right', keep: 3 },
    { head: 'STATE', cell: (row) => stateText(row.instances, style), keep: 5 },
    { head: 'RELIES ON', cell: (row) => edgesText(row.instances[0], style), keep: 4 },
    { head: 'METHODS', cell: (row) => methodsText(row.instances[0]), keep: 1 },
    { head: 'ADDRESS', cell: (row) => addressText(row.instances), keep: 2 },
  ]
}

function stateText(instances: readonly InstanceView[], style: Style): string {
  const states = new Set(instances.map(({ state }) => state))
  return [...states].map((state) => stateMark(state, style)).join(' ')
}

/** `● ready`, `▲ waiting`: a mark and the word. */
export function stateMark(state: string, style: Style): string {
  const { colors, marks } = style
  if (state === 'ready') return colors.green(`${marks.live} ready`)
  return colors.yellow(`${marks.wait} ${cellOf(state)}`)
}

function edgesText(instance: InstanceView | undefined, style: Style): string {
  if (!instance?.described) return '?'
  return instance.edges.map((edge) => edgeText(edge, style)).join(' ') || '-'
}

function edgeText(edge: EdgeView, style: Style): string {
  const { colors, marks } = style
  const mark = edge.met ? colors.green(marks.ok) : edgeMiss(edge, style)
  return `${cellOf(`${edge.name}@${edge.range}`)} ${mark}`
}

function edgeMiss(edge: EdgeView, { colors, marks }: Style): string {
  return edge.optional || edge.lazy ? colors.dim(marks.dot) : colors.red(marks.no)
}

function methodsText(instance: InstanceView | undefined): string {
  if (!instance?.described) return '?'
  const shown = instance.methods.slice(0, 4).map(cellOf)
  const more = instance.methods.length - shown.length
  return [...shown, ...(more > 0 ? [`+${more}`] : [])].join(', ') || '-'
}

function addressText(instances: readonly InstanceView[]): string {
  const [first, ...others] = instances
  if (!first) return '-'
  return cellOf(first.address) + (others.length > 0 ? ` +${others.length}` : '')
}

/** `3 services, 4 instances · mesh "default" · mdns:`. */
export function summaryText(view: MeshView, style: Style): string {
  const services = new Set(view.instances.map(({ name }) => name)).size
  const counted = `${count(services, 'service')}, ${count(view.instances.length, 'instance')}`
  return [counted, `mesh "${view.mesh}"`, engineName(view.engine)].join(` ${style.marks.dot} `)
}

/** `static:` lists are long; for people the scheme says enough. */
export function engineName(url: string): string {
  return url.length > 24 ? url.slice(0, url.indexOf(':') + 1) : url
}
