/** How sure a ratio is: the median of paired rounds, and the interval in which it lies with 95 %. */

const SAMPLES = 10_000

/** Chance that is the same at every run: the same rounds give the same interval. */
function chance(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const byValue = (a, b) => a - b

function median(sorted) {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median of `ratios`, and its 95 % interval by the percentiles of resampled medians. */
export function bootstrap(ratios) {
  const random = chance(20_11)
  const pick = () => ratios[Math.floor(random() * ratios.length)]
  const medians = Array.from({ length: SAMPLES }, () =>
    median(Array.from({ length: ratios.length }, pick).sort(byValue)),
  ).sort(byValue)
  const at = (part) => medians[Math.round(part * (SAMPLES - 1))]
  return { ratio: median([...ratios].sort(byValue)), low: at(0.025), high: at(0.975) }
}

/** True only when the whole interval lies past `tolerance` on the wrong side. */
export function isWorse({ low, high }, { tolerance, wants }) {
  return wants === 'more' ? high < 1 - tolerance : low > 1 + tolerance
}
