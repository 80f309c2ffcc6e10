/**
 * The run as an SVG: a bar for each peer at 64 and 256 calls in flight, as a part of the limit. Reads in light and dark.
 *
 *   node bench/rpc/picture.mjs RUN.json > picture.svg
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const LEFT = 120
const WIDE = 420
const ROW = 34
const HEAD = 64

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

/** Peers with a ratio, the fastest first; the limit itself is the line at 1. */
function rowsOf(summary) {
  return Object.entries(summary)
    .filter(
      ([name, measures]) => !name.startsWith('raw') && !name.startsWith('classic') && measures[64]?.ratio,
    )
    .map(([name, measures]) => ({ name, ratios: [measures[64].ratio, measures[256]?.ratio ?? 0] }))
    .sort((a, b) => b.ratios[0] - a.ratios[0])
}

export function pictureOf({ summary, rounds, machine }) {
  const rows = rowsOf(summary)
  const scale = WIDE / Math.max(1, ...rows.flatMap(({ ratios }) => ratios))
  const height = HEAD + rows.length * ROW + 30
  const width = LEFT + WIDE + 70
  const limit = LEFT + scale
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Small calls as a part of the limit">
<style>${STYLE}
</style>
<text class="title" x="8" y="24">Small calls, as a part of what a socket can do</text>
<text class="small" x="8" y="42">64 calls in flight (upper bar) and 256 (lower); medians of ${rounds} rounds, Node ${escape(machine.node)}, ${machine.cpus} cores</text>
<line class="axis" x1="${limit}" x2="${limit}" y1="${HEAD - 8}" y2="${height - 22}"/>
<text class="small" x="${limit}" y="${height - 8}" text-anchor="middle">1: raw echo of JSON lines</text>
${rows.map((row, i) => rowOf(row, HEAD + i * ROW, scale)).join('\n')}
</svg>
`
}

function rowOf({ name, ratios }, y, scale) {
  const kind = name === 'dservice' || name === 'session' ? 'ours' : 'other'
  const bar = (ratio, i) =>
    `<rect class="${kind}${i === 0 ? '' : '2'}" x="${LEFT}" y="${y + i * 13}" width="${(ratio * scale).toFixed(1)}" height="12"/>` +
    `<text class="small" x="${(LEFT + ratio * scale + 5).toFixed(1)}" y="${y + i * 13 + 10}">${ratio.toFixed(ratio < 0.1 ? 3 : 2)}</text>`
  return `<text x="${LEFT - 8}" y="${y + 17}" text-anchor="end">${escape(name)}</text>${ratios.map(bar).join('')}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(pictureOf(JSON.parse(readFileSync(process.argv[2], 'utf8'))))
}
