/** The loops that measure: in the calling process, nothing else running there. */

/** Keeps `inFlight` calls going for `ms`; how many ended, and how long it took until the last had. */
export async function flood(call, { ms, inFlight }) {
  let isOver = false
  let calls = 0
  const loop = async () => {
    while (!isOver) {
      await call()
      calls++
    }
  }
  const start = performance.now()
  setTimeout(() => (isOver = true), ms)
  await Promise.all(Array.from({ length: inFlight }, loop))
  return { calls, took: performance.now() - start }
}

/** One call after the other for `ms`: the way there and back of each, in microseconds. */
export async function latency(call, ms) {
  const times = []
  const start = performance.now()
  const end = start + ms
  let before = start
  while (before < end) {
    await call()
    const after = performance.now()
    times.push(after - before)
    before = after
  }
  times.sort((a, b) => a - b)
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))] * 1000
  return { calls: times.length, took: before - start, p50: at(0.5), p99: at(0.99) }
}
