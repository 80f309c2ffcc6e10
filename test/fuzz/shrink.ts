/** Makes a plan that fails smaller, as long as it fails in the same way. */
import type { Plan } from './mutate.js'

/** Plays that a shrinking may take. */
const MOST = 300

/** Leaves out rows, halves first, then fewer at a time. `fails` answers whether a plan still does. */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let best = plan
  let left = MOST
  const accept = async (smaller: Plan): Promise<boolean> => {
    if (left-- <= 0 || !(await fails(smaller))) return false
    best = smaller
    return true
  }
  for (
    let size = Math.ceil(best.rows.length / 2);
    size >= 1 && left > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = best.rows.length - size; at >= 0; at -= size) {
      await accept({ ...best, rows: best.rows.filter((_, i) => i < at || i >= at + size) })
    }
  }
  for (const simpler of [{ packets: 'rows' }, { ending: 'end' }, { isReading: true }] as const) {
    await accept({ ...best, ...simpler })
  }
  return best
}
