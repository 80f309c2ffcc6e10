/** What servers do for the measures of what travels: the same everywhere, handed over in each package's own way. */
import { setImmediate as turn } from 'node:timers/promises'

/** Calls that nobody waits for, in one turn of the event loop. */
const A_TURN = 1_000
/** Calls that are waited for, at a time. */
const IN_FLIGHT = 64
/** Of the large source, which nothing is to hold as a whole. */
const CHUNK = 64 * 1024
export const SOURCE = 1024 ** 3

/** Calls `take` so many times, and waits for none of it. */
export async function callBack(count, take) {
  for (let i = 0; i < count; i++) {
    take(i)
    if (i % A_TURN === A_TURN - 1) await turn()
  }
}

/** Calls `take` so many times, and waits for each answer, some at a time. */
export async function callBackAwaited(count, take) {
  let next = 0
  const loop = async () => {
    while (next < count) {
      const i = next++
      const answer = await take(i)
      if (answer !== i) throw new Error(`a callback answered ${answer} where ${i} was to come`)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
}

/** Small items. */
export async function* items(count) {
  for (let n = 0; n < count; n++) yield { n }
}

/** 1 GiB, each chunk in memory of its own, as if it was read from a file. */
export async function* source() {
  for (let sent = 0; sent < SOURCE; sent += CHUNK) yield Buffer.alloc(CHUNK, sent / CHUNK)
}
