/** Waiting until a process has nothing left to do but to wait for time. */
import { limit } from '../base/errors.js'

/** Turns of the event loop after which whatever goes on is taken to go on for ever. */
const MOST = 20_000

/** Turns where Node cannot say what is left to do. */
const BLIND = 20

/** Turns that were asked for from here, by worlds that run side by side: each would wait for the others for ever. */
let ours = 0

/**
 * Resolves when no turn of the event loop is asked for any more. Between two turns all promises and ticks have run, so what is then
 * left waits for time, or for something outside of the process. However many turns that takes, it is the same at each run.
 * Errors: DS_LIMIT where it never comes to rest.
 */
export async function quiet(): Promise<void> {
  for (let turns = 1; turns <= MOST; turns++) {
    await turn()
    if (!isTurnWanted(turns)) return
  }
  throw limit({
    summary: `the simulation did not come to rest within ${MOST} turns of the event loop`,
    hint: 'something calls itself again and again without waiting for time',
  })
}

function turn(): Promise<void> {
  ours++
  return new Promise((resolve) => {
    setImmediate(() => {
      ours--
      resolve()
    })
  })
}

function isTurnWanted(turns: number): boolean {
  // not every test environment has the whole of Node's process
  const { getActiveResourcesInfo } = process as Partial<NodeJS.Process>
  if (!getActiveResourcesInfo) return turns < BLIND
  return getActiveResourcesInfo().filter((resource) => resource === 'Immediate').length > ours
}
