/** `dservice install`: locks what is missing or no longer fits what is declared, and writes the types of what is locked. */
import satisfies from 'semver/functions/satisfies.js'
import { invalid, isDServiceError, noInstance, summaryOf, toError } from '../../base/errors.js'
import { checkName } from '../../base/names.js'
import {
  EMPTY_LOCK,
  lockedIn,
  lockOf,
  type Generated,
  type Lock,
  type LockedRemote,
  type Project,
  type RemoteDeclaration,
} from '../../remotes/index.js'
import { withMesh } from '../cli/client.js'
import { LOCK_MISMATCH } from '../cli/exit.js'
import { failureOf, type Failed } from '../cli/failure.js'
import type { Input } from '../cli/input.js'
import type { Talk } from '../cli/talk.js'
import { count, plain } from '../cli/text.js'
import { foundOf, lookFor, patient, type Seen } from './look.js'
import { nearName, projectOf, settingsIn } from './place.js'
import { notDeclared } from './rm.js'
import { dotted, fromText, tellProblems, typedIn, typesFile } from './shown.js'

/** What becomes of one remote. `absent`: nothing in range was found; what was locked of it stays. */
type Status = 'kept' | 'locked' | 'updated' | 'absent'

interface Installed {
  readonly declaration: RemoteDeclaration
  readonly status: Status
  /** What was locked before. */
  readonly before: LockedRemote | null
  /** What is locked now; null: nothing. */
  readonly locked: LockedRemote | null
  /** Why it is not what runs. */
  readonly problem: Error | null
}

export async function run(input: Input): Promise<number> {
  const { options, talk } = input
  const project = projectOf(input)
  const { lock, broken } = readableLock(project)
  const { remotes } = project.manifest
  const sought = remotes.filter(seeksWith(input, remotes, lock))
  if (options['offline'] === true && sought.length > 0) {
    if (broken) throw broken
    const failed = notLocked(project, sought)
    talk.report(failed)
    return failed.exit
  }
  const found =
    sought.length > 0 ? await lockAll(input, project, sought) : new Map<string, LockedRemote | Error>()
  const installed = remotes.map((declaration) => installedOf(declaration, lock, found.get(declaration.name)))
  const failed = failureIn(installed)
  // a lock that cannot be read is replaced by one that lacks nothing, or not at all
  if (broken && failed) throw broken
  const isLock = broken || remotes.length > 0 || Object.keys(lock.remotes).length > 0
  const generated = project.save(() => void (isLock && project.writeLock(lockFrom(installed))))
  tell({ project, lock, installed, failed, generated }, talk)
  return failed?.exit ?? 0
}

// --- what is looked for

/** Of a lock that cannot be read, as after a merge, what is right by itself; the rest is locked anew. A newer lock is not ours to mend. */
function readableLock(project: Project): { lock: Lock; broken: Error | null } {
  try {
    return { lock: project.lock, broken: null }
  } catch (error) {
    if (!isDServiceError(error)) throw error
    return { lock: project.salvaged().lock, broken: error }
  }
}

/** Whether a remote is looked for. Errors: DS_NO_INSTANCE for a name that is not declared. */
function seeksWith(
  { args, options }: Input,
  remotes: readonly RemoteDeclaration[],
  lock: Lock,
): (declaration: RemoteDeclaration) => boolean {
  const { update } = options
  const names = [...args, ...(Array.isArray(update) ? (update as string[]) : [])].map((name) =>
    checkName(name),
  )
  const declared = remotes.map(({ name }) => name)
  for (const name of names) if (!declared.includes(name)) throw notDeclared(name, declared)
  return ({ name, range }) => {
    const locked = lockedIn(lock, name)
    return update === true || names.includes(name) || locked === null || !satisfies(locked.version, range)
  }
}

function notLocked(project: Project, sought: readonly RemoteDeclaration[]): Failed {
  const names = sought.map(({ name, range }) => `${name}@${range}`).join(', ')
  const error = invalid({
    summary: `${nearName(project.lockFile)} holds nothing that fits ${names}`,
    hint: 'run dservice install where they run, and commit the lock',
  })
  return { ...failureOf(error, 'setup'), exit: LOCK_MISMATCH }
}

/** Of each, what is to be locked, or why that cannot be. */
function lockAll(
  input: Input,
  project: Project,
  sought: readonly RemoteDeclaration[],
): Promise<ReadonlyMap<string, LockedRemote | Error>> {
  const settings = patient(settingsIn(project, input))
  return withMesh(settings, input.host, async (mesh) => {
    const seen = await lookFor(mesh, sought)
    return new Map(seen.map((one) => [one.name, lockedFrom(one)]))
  })
}

function lockedFrom(seen: Seen): LockedRemote | Error {
  try {
    return lockOf(foundOf(seen))
  } catch (error) {
    return toError(error)
  }
}

// --- what becomes of it

function installedOf(
  declaration: RemoteDeclaration,
  lock: Lock,
  found: LockedRemote | Error | undefined,
): Installed {
  const before = lockedIn(lock, declaration.name)
  const problem = found instanceof Error ? found : null
  if (found && !(found instanceof Error)) {
    const isSame = before?.contract === found.contract && before.version === found.version
    return {
      declaration,
      status: before ? (isSame ? 'kept' : 'updated') : 'locked',
      before,
      locked: found,
      problem,
    }
  }
  const fits = before !== null && satisfies(before.version, declaration.range)
  const locked = fits ? { ...before, range: declaration.range } : before
  return { declaration, status: problem ? 'absent' : 'kept', before, locked, problem }
}

/** A remote that is needed and of which nothing is locked that fits. */
function failureIn(installed: readonly Installed[]): Failed | null {
  const missing = installed.filter(
    ({ declaration: { optional, lazy, range }, locked, problem }) =>
      problem && !(locked && satisfies(locked.version, range)) && !(optional || lazy),
  )
  const [first] = missing
  if (!first?.problem) return null
  if (missing.length === 1) return failureOf(first.problem, 'setup')
  const error = noInstance({
    summary: `${missing.length} remotes were not found, and nothing is locked that stands for them`,
    hint: 'start them, or declare them optional; dservice ls shows what is there',
    details: { known: missing.map(({ declaration: { name, range } }) => `${name}@${range}`) },
  })
  return failureOf(error, 'setup')
}

function lockFrom(installed: readonly Installed[]): Lock {
  const entries = installed.flatMap(({ declaration: { name }, locked }) =>
    locked ? [[name, locked] as const] : [],
  )
  return { ...EMPTY_LOCK, remotes: Object.fromEntries(entries) }
}

// --- what is told

interface Told {
  readonly project: Project
  readonly lock: Lock
  readonly installed: readonly Installed[]
  readonly failed: Failed | null
  readonly generated: Generated
}

function tell({ project, lock, installed, failed, generated }: Told, talk: Talk): void {
  const gone = Object.keys(lock.remotes).filter(
    (name) => !installed.some(({ declaration }) => declaration.name === name),
  )
  const typed = typedIn(generated)
  if (talk.json) {
    const remotes = installed.map(({ declaration: { name, range }, status, locked, problem }) => ({
      ...{ name, range, status, version: locked?.version ?? null },
      types: typed.get(name)?.from ?? 'nothing',
      file: typesFile(name),
      ...(problem ? { problem: failureOf(problem, 'setup') } : {}),
    }))
    const { written, removed } = generated
    talk.document({
      project: project.folder,
      remotes,
      gone,
      written,
      removed,
      ...(failed ? { error: failed } : {}),
    })
    return
  }
  const { marks } = talk.style
  for (const {
    declaration: { name, range },
    status,
    before,
    locked,
    problem,
  } of installed) {
    const remote = typed.get(name)
    const from = remote ? fromText(remote) : null
    if (status === 'locked') talk.data(`+ ${name}@${range}  ${dotted(talk, [locked?.version ?? '', from])}`)
    if (status === 'updated')
      talk.data(
        `~ ${name}@${range}  ${dotted(talk, [`${before?.version} ${marks.arrow} ${locked?.version}`, from])}`,
      )
    if (problem && !failed?.message.includes(name))
      talk.warn(plain(`${marks.wait} ${absent({ locked, problem })}`))
  }
  for (const name of gone) talk.data(`- ${name}`)
  tellProblems(generated, talk)
  talk.note(
    dotted(talk, [count(installed.length, 'remote'), count(generated.written.length, 'file') + ' written']),
  )
  if (failed) talk.report(failed)
}

function absent({ locked, problem }: { locked: LockedRemote | null; problem: Error }): string {
  const reason = summaryOf(problem)
  return locked ? `${reason}; its locked types (${locked.version}) stay` : `${reason}; it has no types yet`
}
