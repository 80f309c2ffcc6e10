/** The figures of a run as tables, one for each measure. */

const write = (digits) => (value) => (Number.isFinite(value) ? value.toFixed(digits) : '-')
const whole = write(0)
const one = write(1)

/** Measure -> its title, and columns: heading, figure, how it is written. */
const TABLES = {
  kill: [
    'One of two killed, at 2 000 calls/s: milliseconds until the last call began that failed',
    ['kills', 'kills', whole],
    ['p50 ms', 'heal50', one],
    ['p99 ms', 'heal99', one],
    ['most ms', 'healMost', one],
    ['in flight lost a kill', 'lost', one],
    ['begun later, lost', 'later', one],
    ['idempotent lost', 'oftenLost', whole],
    ['ended otherwise', 'odd', whole],
    ['last end ms', 'lateEnd', whole],
    ['hung', 'hung', whole],
  ],
  only: [
    'The only one killed, the next starts 300 ms later, at 500 calls/s',
    ['rounds', 'rounds', whole],
    ['in flight lost', 'lostInFlight', one],
    ['waited', 'waited', whole],
    ['made later, lost', 'lostLater', whole],
    ['start to answer p50 ms', 'back50', whole],
    ['most ms', 'backMost', whole],
    ['hung', 'hung', whole],
  ],
  freeze: [
    'One of two frozen for 5 s, at 2 000 calls/s',
    ['rounds', 'rounds', whole],
    ['noticed p50 ms', 'noticed50', whole],
    ['most ms', 'noticedMost', whole],
    ['lost a time', 'lost', one],
    ['back p50 ms', 'back50', whole],
    ['most ms', 'backMost', whole],
    ['hung', 'hung', whole],
  ],
  roll: [
    'Three stopped in order and replaced one after the other, at 2 000 calls/s',
    ['restarts', 'restarts', whole],
    ['answered', 'answered', whole],
    ['failed', 'failed', whole],
    ['longest gap ms', 'gap', one],
    ['longest stop ms', 'stop', whole],
    ['hung', 'hung', whole],
  ],
  cut: [
    'Cuts that heal: milliseconds from the healing to an answer',
    ['cuts', 'cuts', whole],
    ['silent', 'silent', whole],
    ['p50', 'reconnect50', whole],
    ['most', 'reconnectMost', whole],
    ['p50 after a reset', 'reset50', whole],
    ['after silence', 'silent50', whole],
    ['failed later', 'failed', whole],
  ],
  restarts: [
    'Restarts of a service, every tenth a kill: what stays in its client',
    ['restarts', 'restarts', whole],
    ['open files', 'files', whole],
    ['listeners', 'listeners', whole],
    ['timers', 'timers', whole],
    ['heap MB', 'heapMb', write(2)],
  ],
  burst: [
    '10 000 calls at once on one connection',
    ['calls', 'calls', whole],
    ['missing', 'missing', whole],
    ['client MB', 'clientMb', whole],
    ['server MB', 'serverMb', whole],
    ['ms', 'ms', whole],
  ],
  cpu: [
    'Processor time of a call in its caller, 64 in flight, in turns',
    ['handle us', 'handleUs', write(2)],
    ['session us', 'sessionUs', write(2)],
    ['ratio', 'ratio', write(2)],
    ['from', 'ratioFrom', write(2)],
    ['to', 'ratioTo', write(2)],
  ],
}

export function tablesOf(results) {
  return Object.entries(results).map(([measure, peers]) => {
    const [title, ...columns] = TABLES[measure]
    const hasErrors = Object.values(peers).some(({ errors }) => errors)
    const failures = hasErrors ? [['errors', 'errors', (text) => text || 'none']] : []
    const all = [...columns, ...failures, ['took s', 'seconds', whole]]
    const rows = Object.entries(peers).map(([peer, figures]) => [
      peer,
      ...all.map(([, key, show]) => show(figures[key])),
    ])
    return { title, rows: [['peer', ...all.map(([heading]) => heading)], ...rows] }
  })
}
