/** From the rounds to the figures that are shown: medians, and ratios to the limit within each round. */

export function median(list) {
  const sorted = list.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** What one call at a time is held against writes each message; calls otherwise against one write a turn. */
const LIMITS = { 1: 'raw:single', binary: 'raw:bytes' }

/** peer -> measure -> { median of each figure, ratio to the limit, rounds }. */
export function summarise(results) {
  return mapValues(results, (measures) => mapValues(measures, (rounds, measure) => one(rounds, measure)))

  function one(rounds, measure) {
    const limit = results[LIMITS[measure] ?? 'raw']?.[measure]
    const figures = mapValues(rounds[0], (_value, key) => median(rounds.map((round) => round[key])))
    const ratio = (key) => median(rounds.map((round, i) => round[key] / limit[i][key]))
    if (limit && 'rate' in figures) figures.ratio = ratio('rate')
    if (limit && 'p50' in figures) figures.p50Ratio = ratio('p50')
    return { ...figures, rounds: rounds.length }
  }
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]))
}

/** Ratio of two peers in one measure, within each round. */
export function between(results, [above, below], measure) {
  const [a, b] = [results[above]?.[measure], results[below]?.[measure]]
  return a && b ? median(a.map(({ rate }, i) => rate / b[i].rate)) : null
}

const whole = (value) => Math.round(value).toLocaleString('en')
const digits = (count) => (value) => value.toFixed(count)

/** Columns: heading, measure, figure, how it is written. */
const CALLS = [
  ['1: p50 us', 1, 'p50', digits(1)],
  ['p99 us', 1, 'p99', digits(0)],
  ['p50/raw', 1, 'p50Ratio', digits(2)],
  ['64: calls/s', 64, 'rate', whole],
  ['cpu us', 64, 'cpu', digits(1)],
  ['ratio', 64, 'ratio', digits(3)],
  ['256: calls/s', 256, 'rate', whole],
  ['cpu us', 256, 'cpu', digits(1)],
  ['ratio', 256, 'ratio', digits(3)],
  ['100 kB: MB/s', 'big', 'rate', digits(1)],
  ['ratio', 'big', 'ratio', digits(2)],
  ['first ms', 'first', 'ms', digits(1)],
  ['answer ms', 'first', 'answer', digits(1)],
  ['again ms', 'first', 'again', digits(1)],
  ['idle KB', 'idle', 'kb', digits(1)],
]
const TRAVELS = [
  ['1 MiB: MB/s', 'binary', 'rate', whole],
  ['ratio', 'binary', 'ratio', digits(2)],
  ['callbacks/s', 'callback', 'rate', whole],
  ['awaited/s', 'awaited', 'rate', whole],
  ['stream: items/s', 'stream', 'rate', whole],
  ['slow: server MB', 'slow', 'server', digits(0)],
  ['client MB', 'slow', 'client', digits(0)],
  ['sink MB/s', 'slow', 'sink', digits(1)],
  ['leak: server MB', 'leak', 'server', digits(1)],
  ['client MB', 'leak', 'client', digits(1)],
]

/** The tables as rows of text, headings first; columns and peers without figures are left out. */
export function tablesOf(summary) {
  return [CALLS, TRAVELS].map((columns) => tableOf(summary, columns)).filter((table) => table.length > 1)
}

function tableOf(summary, all) {
  const has =
    (measures) =>
    ([, measure, key]) =>
      measures[measure]?.[key] !== undefined
  const peers = Object.entries(summary).filter(([, measures]) => all.some(has(measures)))
  const columns = all.filter((column) => peers.some(([, measures]) => has(measures)(column)))
  const rows = peers.map(([name, measures]) => [
    name,
    ...columns.map(([, measure, key, write]) => {
      const value = measures[measure]?.[key]
      return value === undefined ? '-' : write(value)
    }),
  ])
  return [['peer', ...columns.map(([heading]) => heading)], ...rows]
}

/** As a Markdown table, whose source reads well in a terminal too. */
export function format(rows) {
  const widths = rows[0].map((_heading, i) => Math.max(...rows.map((row) => row[i].length)))
  const line = (row) => `| ${row.map((cell, i) => pad(cell, widths[i], i)).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')
}

const pad = (cell, width, column) => (column === 0 ? cell.padEnd(width) : cell.padStart(width))
