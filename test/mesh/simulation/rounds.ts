/** One seed: played, judged, and where wanted played again, since a run that cannot be repeated cannot be mended. */
import { judge } from './judge.js'
import { planOf } from './plan.js'
import { play, type Played } from './play.js'

export interface Round {
  readonly played: Played
  /** Nothing, where it went well. */
  readonly wrong: readonly string[]
}

/** Plays a seed; `again`: twice, and compares. What nobody catches is wrong as well. */
export async function round(seed: number, again = false): Promise<Round> {
  const uncaught: string[] = []
  const note = (error: unknown): void => void uncaught.push(`uncaught: ${textOf(error)}`)
  process.on('uncaughtException', note).on('unhandledRejection', note)
  try {
    const played = await play(planOf(seed))
    const wrong = [...judge(played), ...uncaught]
    if (again) wrong.push(...difference(played.trace, (await play(planOf(seed))).trace))
    return { played, wrong }
  } finally {
    process.off('uncaughtException', note).off('unhandledRejection', note)
  }
}

/** Where two runs of one seed part. */
export function difference(one: readonly string[], other: readonly string[]): string[] {
  const length = Math.max(one.length, other.length)
  for (let at = 0; at < length; at++) {
    if (one[at] !== other[at]) return [`line ${at} is another one the second time: ${one[at]} / ${other[at]}`]
  }
  return []
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
