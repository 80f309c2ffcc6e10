/** What is to be reached, each bar as a figure of one run. Figures are at most what the bar says. */

const BARS = [
  ['kill', 'heal99', 50, 'killed, ms until every new call goes well at its first try, p99, at most 50'],
  ['kill', 'oftenLost', 0, 'killed, idempotent calls lost, none'],
  ['kill', 'odd', 0, 'killed, calls in flight that end otherwise than by DS_DISCONNECTED and maybe, none'],
  ['kill', 'hung', 0, 'killed, calls that hang, none'],
  ['only', 'lostLater', 0, 'the only one killed, calls lost that were made after the loss, none'],
  ['only', 'hung', 0, 'the only one killed, calls that hang, none'],
  ['freeze', 'noticedMost', 3_000, 'frozen, ms until it is noticed, at most 3 000'],
  ['freeze', 'hung', 0, 'frozen, calls that hang, none'],
  ['roll', 'failed', 0, 'rolling restart, calls that fail, none'],
  ['roll', 'stop', 10_000, 'rolling restart, ms of a stop, at most 10 000'],
  ['cut', 'reconnect50', 1_000, 'healed cuts, ms to an answer, p50, at most 1 000'],
  ['cut', 'reconnectMost', 5_000, 'healed cuts, ms to an answer, at most 5 000'],
  ['restarts', 'files', 0, 'restarts, open files that stay, none'],
  ['restarts', 'listeners', 0, 'restarts, listeners that stay, none'],
  ['restarts', 'heapMb', 1, 'restarts, MB of heap that stay, at most 1'],
  ['burst', 'missing', 0, '10 000 calls at once, without an answer, none'],
  ['burst', 'clientMb', 100, '10 000 calls at once, MB that the client grows, at most 100'],
  ['burst', 'serverMb', 100, '10 000 calls at once, MB that the server grows, at most 100'],
]

/** Bars of the run, those only whose measure it has. */
export function barsOf({ results, unable }) {
  const bars = BARS.flatMap(([measure, key, most, text]) => {
    const value = results[measure]?.dservice?.[key]
    if (value === undefined) return []
    return [
      { text, figure: Number.isInteger(value) ? String(value) : value.toFixed(1), isMet: value <= most },
    ]
  })
  // a bar is not met by what cannot be measured
  const failed = Object.entries(unable).filter(([what]) => what.endsWith(', dservice'))
  return [...bars, ...failed.map(([text, figure]) => ({ text, figure: figure.split('\n')[0], isMet: false }))]
}
