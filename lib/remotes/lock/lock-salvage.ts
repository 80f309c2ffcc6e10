/** What can be believed of a lock that cannot be read as a whole: so that `install` mends it, also where no service is live. */
import gt from 'semver/functions/gt.js'
import type { Lock, LockedRemote } from '../types.js'
import { attempt, remotesIn } from './lock-read.js'
import { LOCK_VERSION } from './lockfile.js'

/** A line that a merge leaves behind; without more it is the middle. */
const MARK = /^(<{7}|\|{7}|={7}|>{7})( .*)?\r?$/

/** What a merge keeps of a line: whose it is. */
type Side = 'both' | 'ours' | 'base' | 'theirs'

const NEXT: Readonly<Record<string, Side>> = { '<': 'ours', '|': 'base', '=': 'theirs', '>': 'both' }

/** What was saved, and the names of which no side could be believed. */
export interface Salvaged {
  readonly lock: Lock
  readonly lost: readonly string[]
}

/**
 * Takes of a lock, or of both sides of a merge, each remote that is right by itself; where the sides differ, that of the higher version.
 * Errors: DS_INVALID for a newer lock, which is not for us to mend.
 */
export function salvageLock(file: string, text: string): Salvaged {
  const saved = new Map<string, LockedRemote>()
  const seen = new Set<string>()
  for (const side of sidesOf(text)) {
    for (const [name, read] of remotesIn(file, side)) {
      seen.add(name)
      const locked = attempt(read)
      const other = saved.get(name)
      if (locked && (!other || gt(locked.version, other.version))) saved.set(name, locked)
    }
  }
  return {
    lock: { lockfileVersion: LOCK_VERSION, remotes: Object.fromEntries(saved) },
    lost: [...seen].filter((name) => !saved.has(name)).sort(),
  }
}

/** The text as each of the two had it; one where nothing was merged. */
function sidesOf(text: string): string[] {
  const lines = text.split('\n')
  if (!lines.some((line) => MARK.test(line))) return [text]
  return (['ours', 'theirs'] as const).map((wanted) => {
    let side: Side = 'both'
    const kept = lines.filter((line) => {
      const mark = MARK.exec(line)
      if (mark) side = NEXT[line.charAt(0)] ?? side
      return !mark && (side === 'both' || side === wanted)
    })
    return kept.join('\n')
  })
}
