/** What there is to say of each remote: who is there, and whether it can stand for what is locked. */
import { systemClock } from '../../base/clock.js'
import { protocol, toError } from '../../base/errors.js'
import type { InstanceContract } from '../../index.js'
import {
  changesByName,
  concerns,
  contractOf,
  judgeAll,
  lockedIn,
  usesOf,
  type Lock,
  type LockedRemote,
  type MethodChange,
  type Pair,
  type Project,
  type RemoteDeclaration,
  type Use,
} from '../../remotes/index.js'
import { chosenOf, type Seen } from './look.js'

/** `fits`: as locked, or more. `unjudged`: it differs, and nobody could tell how much that is. `unlocked`: there is nothing to compare with. */
export type Verdict = 'fits' | 'breaks' | 'unjudged' | 'absent' | 'unlocked'

/** One way in which a method differs, and where the sources use it. */
export interface Change extends MethodChange {
  readonly uses: readonly Use[]
}

/** One contract that runs and is not the locked one. */
export interface Other {
  readonly version: string
  readonly verdict: Verdict
  readonly changes: readonly Change[]
  /** Why it could not be judged. */
  readonly problem: Error | null
}

/** One remote. */
export interface Checked {
  readonly declaration: RemoteDeclaration
  readonly locked: LockedRemote | null
  /** Of the version that calls go to. */
  readonly verdict: Verdict
  /** That version; null where nobody is there. */
  readonly version: string | null
  /** All versions in range, the highest first. */
  readonly live: readonly string[]
  readonly changes: readonly Change[]
  /** Why it is absent, or could not be judged. */
  readonly problem: Error | null
  /** Lower versions that cannot stand for the locked one, and are called when the highest is gone. */
  readonly lower: readonly Other[]
}

/** Whether this makes the check fail. */
export function isFinding({ declaration: { optional, lazy }, verdict }: Checked): boolean {
  if (verdict === 'absent') return !optional && !lazy
  return verdict === 'breaks' || verdict === 'unjudged'
}

/** A contract that runs and differs, to be judged. */
interface Case {
  readonly name: string
  readonly told: InstanceContract
  readonly pair: Pair
}

/** Compares what was seen with what is locked; the sources are read where something broke. */
export async function checkAll(project: Project, lock: Lock, seen: readonly Seen[]): Promise<Checked[]> {
  const cases = seen.flatMap((one) => casesOf(one, lockedIn(lock, one.name)))
  const options = { folder: project.folder, clock: systemClock }
  const verdicts =
    cases.length > 0
      ? await judgeAll(
          cases.map(({ pair }) => pair),
          options,
        )
      : []
  const judged = cases.map((one, at) => ({ ...one, changes: verdicts[at] ?? new Error('no verdict') }))
  const broken = new Set(cases.map(({ name }) => name))
  const uses = broken.size > 0 ? await usesOf(project.folder, broken) : new Map<string, Use[]>()
  const declarations = new Map(project.manifest.remotes.map((remote) => [remote.name, remote]))
  return seen.flatMap((one) => {
    const declaration = declarations.get(one.name)
    if (!declaration) return []
    const others = judged
      .filter(({ name }) => name === one.name)
      .map(({ told, pair, changes }) => otherOf(told, { pair, changes, uses: uses.get(one.name) ?? [] }))
    return [checkedOf(declaration, { seen: one, locked: lockedIn(lock, one.name), others })]
  })
}

/** Each contract once: of the versions in range, those that are not the locked one. */
function casesOf({ name, found }: Seen, locked: LockedRemote | null): Case[] {
  if (!locked) return []
  const cases = new Map<string, Case>()
  for (const told of found) {
    const { contract, hash, instance } = told
    const key = `${instance.version} ${hash}`
    if (contract === null || hash === locked.contract || cases.has(key)) continue
    cases.set(key, { name, told, pair: { before: contractOf(locked), after: contract } })
  }
  return [...cases.values()]
}

interface Judged {
  readonly pair: Pair
  readonly changes: { readonly changes: readonly MethodChange[] } | Error
  readonly uses: readonly Use[]
}

/** Without a judge a method that is gone is a finding all the same. */
function otherOf(
  { instance: { version } }: InstanceContract,
  { pair, changes: answer, uses }: Judged,
): Other {
  const problem = answer instanceof Error ? answer : null
  const found = answer instanceof Error ? changesByName(pair) : answer.changes
  const changes = found.map((change) => ({
    ...change,
    uses: uses.filter((use) => concerns(use, change.method)),
  }))
  const breaks = changes.some(({ step }) => step === 'major')
  return { version, verdict: breaks ? 'breaks' : problem ? 'unjudged' : 'fits', changes, problem }
}

interface Known {
  readonly seen: Seen
  readonly locked: LockedRemote | null
  readonly others: readonly Other[]
}

function checkedOf(declaration: RemoteDeclaration, { seen, locked, others }: Known): Checked {
  const chosen = chosenOf(seen)
  const version = chosen?.instance.version ?? null
  const live = [...new Set(seen.found.map(({ instance }) => instance.version))]
  const silent = seen.found.find((told) => told.instance.version === version && told.contract === null)
  const own = worst(others.filter((other) => other.version === version))
  const lower = others.filter((other) => other.version !== version && other.verdict !== 'fits')
  const known = { declaration, locked, version, live, lower }
  if (version === null) return { ...known, verdict: 'absent', changes: [], problem: toError(seen.absence) }
  if (locked === null) return { ...known, verdict: 'unlocked', changes: [], problem: null }
  if (silent && !own)
    return { ...known, verdict: 'unjudged', changes: [], problem: tellsNothing(seen, version) }
  const { verdict, changes, problem } = own ?? { verdict: 'fits' as const, changes: [], problem: null }
  return { ...known, verdict, changes, problem }
}

/** Of several contracts of one version, the one that breaks most. */
function worst(others: readonly Other[]): Other | null {
  const by = (verdict: Verdict): Other | undefined => others.find((other) => other.verdict === verdict)
  return by('breaks') ?? by('unjudged') ?? others[0] ?? null
}

function tellsNothing({ name }: Seen, version: string): Error {
  return protocol({
    summary: `${name}@${version} tells no contract that passes`,
    hint: '--verbose says why; its owner mends it',
  })
}
