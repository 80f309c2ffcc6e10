/**
 * The run as an SVG: for each peer two bars of small calls, at 64 and 256 in flight, as a part of the limit; below them one
 * each of bytes, callbacks and streams, where the run has such figures. Reads in light and dark.
 *
 *   node bench/rpc/picture.mjs RUN.json > picture.svg
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const LEFT = 120
const WIDE = 420
const HEAD = 64
const BAR = 13
const GAP = 8

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 }
  .small { font-size: 11px; fill: #57606a }
  .ours { fill: #0969da }
  .ours2 { fill: #54aeff }
  .other { fill: #6e7781 }
  .other2 { fill: #afb8c1 }
  .axis { stroke: #afb8c1; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .ours { fill: #4493f8 }
    .ours2 { fill: #1f6feb }
    .other { fill: #9198a1 }
    .other2 { fill: #656c76 }
    .axis { stroke: #656c76 }
  }`

const escape = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)

const whole = (value) => Math.round(value).toLocaleString('en')
const part = (value) => value.toFixed(value < 0.1 ? 3 : 2)

/** Measures of what travels, the figure that is drawn, and how it is written. */
const TRAVELS = [
  ['binary', 'ratio', part, '1 MiB of bytes, as a part of raw bytes'],
  ['callback', 'rate', whole, 'Calls of a function of the client, a second'],
  ['stream', 'rate', whole, 'Small items of a stream, a second'],
]

/** Peers with this figure, the best first; bars of ours are told from the others by their kind. */
function rowsOf(summary, valuesOf) {
  return Object.entries(summary)
    .map(([name, measures]) => ({ name, values: valuesOf(measures) }))
    .filter(({ name, values }) => values[0] !== undefined && !name.startsWith('raw'))
    .toSorted((a, b) => b.values[0] - a.values[0])
}

function smallCalls({ summary, rounds, machine }) {
  const rows = rowsOf(summary, (measures) => [measures[64]?.ratio, measures[256]?.ratio ?? 0])
  return {
    title: 'Small calls, as a part of what a socket can do',
    about: `64 calls in flight (upper bar) and 256 (lower); medians of ${rounds} rounds, Node ${machine.node}, ${machine.cpus} cores`,
    rows: rows.filter(({ name }) => !name.startsWith('classic')),
    write: part,
    axis: '1: raw echo of JSON lines',
  }
}

const travelling = (summary) =>
  TRAVELS.map(([measure, key, write, title]) => ({
    title,
    about: '',
    rows: rowsOf(summary, (measures) => [measures[measure]?.[key]]),
    write,
    axis: key === 'ratio' ? '1: raw echo of bytes' : null,
  }))

export function pictureOf(run) {
  const panels = [smallCalls(run), ...travelling(run.summary)].filter(({ rows }) => rows.length > 0)
  let height = 0
  const drawn = panels.map((panel) => {
    const top = height
    height += heightOf(panel)
    return `<g transform="translate(0 ${top})">\n${panelOf(panel)}\n</g>`
  })
  const width = LEFT + WIDE + 70
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${panels.map(({ title }) => title).join('; ')}">
<style>${STYLE}
</style>
${drawn.join('\n')}
</svg>
`
}

const rowHeight = ({ values }) => values.length * BAR + GAP
const headOf = ({ about }) => (about === '' ? HEAD - 18 : HEAD)
const heightOf = (panel) => headOf(panel) + panel.rows.reduce((sum, row) => sum + rowHeight(row), 0) + 30

function panelOf(panel) {
  const { title, about, rows, write, axis } = panel
  const most = Math.max(axis ? 1 : 0, ...rows.flatMap(({ values }) => values))
  const top = headOf(panel)
  const bottom = heightOf(panel)
  const limit = LEFT + WIDE / most
  const line = axis
    ? `<line class="axis" x1="${limit}" x2="${limit}" y1="${top - 8}" y2="${bottom - 22}"/>
<text class="small" x="${limit}" y="${bottom - 8}" text-anchor="middle">${axis}</text>`
    : ''
  const drawn = rows.map((row, i) => rowOf(row, top + i * rowHeight(row), { scale: WIDE / most, write }))
  return `<text class="title" x="8" y="24">${escape(title)}</text>
<text class="small" x="8" y="42">${escape(about)}</text>
${line}
${drawn.join('\n')}`
}

function rowOf({ name, values }, y, { scale, write }) {
  const kind = name === 'dservice' || name === 'session' ? 'ours' : 'other'
  const bar = (value, i) =>
    `<rect class="${kind}${i === 0 ? '' : '2'}" x="${LEFT}" y="${y + i * BAR}" width="${(value * scale).toFixed(1)}" height="12"/>` +
    `<text class="small" x="${(LEFT + value * scale + 5).toFixed(1)}" y="${y + i * BAR + 10}">${write(value)}</text>`
  const middle = y + (values.length * BAR) / 2 + 4
  return `<text x="${LEFT - 8}" y="${middle}" text-anchor="end">${escape(name)}</text>${values.map(bar).join('')}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(pictureOf(JSON.parse(readFileSync(process.argv[2], 'utf8'))))
}
