/** Constants that both ends share, and what is made of lists of figures. */

/** Calls a second. */
export const RATE = 2_000
/** Milliseconds that a call takes. */
export const CALL = 5
/** Deadline of a call, milliseconds: what has not ended by then is lost. */
export const DEADLINE = 3_000

/** The value below which a part of the list lies; NaN of nothing. */
export function at(list, part) {
  const sorted = list.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? NaN
}

export const median = (list) => at(list, 0.5)
export const most = (list) => Math.max(...list)
export const sum = (list) => list.reduce((all, one) => all + one, 0)

/** How calls failed, and how many so: `DS_DISCONNECTED maybe 12`. */
export function codesOf(failed) {
  const counts = new Map()
  for (const { error } of failed) {
    const what = `${error.code ?? error.name}${error.ran ? ` ${error.ran}` : ''}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].map(([what, count]) => `${what} ${count}`).join(', ')
}
