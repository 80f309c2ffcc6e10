/** What is to be reached, each bar as a figure of one run. */
import { between } from './figures.mjs'
import { OTHERS } from './peers.mjs'

const two = (value) => value.toFixed(2)

/** Bars of the run, those only whose figures it has. */
export function barsOf({ summary, results, unable = {} }) {
  const of = (name, measure, key) => summary[name]?.[measure]?.[key]
  const others = OTHERS.filter((name) => name in summary)
  const bars = []
  const add = (text, value, { bound, atMost = false, write = two }) => {
    if (value === undefined || value === null || Number.isNaN(value)) return
    bars.push({ text, figure: write(value), isMet: atMost ? value <= bound : value >= bound })
  }
  /** How many times the rate of the best of these. */
  const ahead = (names, measure) =>
    finite(Math.min(...names.map((name) => between(results, ['dservice', name], measure) ?? Infinity)))
  for (const n of ['64', '256']) {
    add(`${n} in flight, of the limit, at least 0.6`, of('dservice', n, 'ratio'), { bound: 0.6 })
    add(`${n} in flight, times the best other, at least 6`, ahead(others, n), { bound: 6 })
    add(`${n} in flight, us of cpu a call on both ends, at most 5`, of('dservice', n, 'cpu'), atMost(5))
  }
  add('1 in flight, p50 of a raw echo, at most 1.5', of('dservice', '1', 'p50Ratio'), atMost(1.5))
  const best = Math.min(...others.map((name) => of(name, '1', 'p50') ?? Infinity))
  add('1 in flight, p50 of the best other, below 1', finite(of('dservice', '1', 'p50') / best), atMost(1))
  add('100 kB of JSON, of the limit, at least 0.9', of('dservice', 'big', 'ratio'), { bound: 0.9 })
  add('connected to first answer, cold, ms, at most 10', of('dservice', 'first', 'answer'), atMost(10))
  add('from nothing to first answer, cold, ms, at most 10', of('dservice', 'first', 'ms'), atMost(10))
  add('from nothing to first answer, again, ms, at most 10', of('dservice', 'first', 'again'), atMost(10))
  add('an idle connection, KB, at most 12', of('dservice', 'idle', 'kb'), atMost(12))
  const classic = Math.min(
    ...['64', '256'].map((n) => between(results, ['classic', 'classic:limit'], n) ?? Infinity),
  )
  add("against npm's dnode, of what its server allows, at least 0.8", finite(classic), { bound: 0.8 })
  add('1 MiB of bytes, of raw bytes, at least 0.75', of('dservice', 'binary', 'ratio'), { bound: 0.75 })
  add('1 MiB of bytes, times zeromq, at least 1', ahead(['zeromq'], 'binary'), { bound: 1 })
  const callers = others.filter((name) => /^(dnode|capnweb)/.test(name))
  add('callbacks, times the best of dnode and capnweb, at least 5', ahead(callers, 'callback'), { bound: 5 })
  add('items of a stream, times the best other, at least 5', ahead(others, 'stream'), { bound: 5 })
  const most = (measure) => Math.max(of('dservice', measure, 'server'), of('dservice', measure, 'client'))
  add('a slow sink of a large source, MB that an end grows, at most 100', most('slow'), atMost(100))
  add('a slow sink of 20 MB/s, MB/s that it got, at least 19', of('dservice', 'slow', 'sink'), { bound: 19 })
  add('functions and streams done with, MB that stay at an end, at most 10', most('leak'), atMost(10))
  // a bar is not met by what cannot be measured
  for (const [what, reason] of Object.entries(unable)) {
    if (what.startsWith('dservice,')) bars.push({ text: what, figure: reason, isMet: false })
  }
  return bars
}

const atMost = (bound) => ({ bound, atMost: true })
/** Infinity over nothing: there was nobody to compare with. */
const finite = (value) => (Number.isFinite(value) && value > 0 ? value : undefined)
