/** `dservice check`: whether what runs can stand for what is locked, and whether package.json and lock agree. */
import { cycle, invalid, noInstance } from '../../base/errors.js'
import { findPackage } from '../../base/package.js'
import { cyclesThrough, lockedIn, mismatchesIn, type Project, type Relying } from '../../remotes/index.js'
import type { DService, MeshView } from '../../index.js'
import { withMesh } from '../cli/client.js'
import { LOCK_MISMATCH } from '../cli/exit.js'
import { failureOf, type Failed } from '../cli/failure.js'
import type { Input } from '../cli/input.js'
import { count, plain, span } from '../cli/text.js'
import { checkAll, isFinding, type Checked } from './checking.js'
import { checkedJson, checkedText } from './check-text.js'
import { chosenOf, lookFor, patienceOf, patient, type Seen } from './look.js'
import { projectOf, settingsIn } from './place.js'
import { dotted } from './shown.js'

/** What was found out. */
interface Found {
  readonly project: Project
  /** Milliseconds; null: nobody was asked. */
  readonly patience: number | null
  readonly checked: readonly Checked[]
  readonly cycles: readonly (readonly string[])[]
  readonly failures: readonly Failed[]
}

export async function run(input: Input): Promise<number> {
  const project = projectOf(input)
  const mismatches = mismatchesIn(project).map((error) => ({
    ...failureOf(error, 'setup'),
    exit: LOCK_MISMATCH,
  }))
  const isOffline = input.options['offline'] === true
  const { checked, others } = isOffline
    ? { checked: [], others: lockedNodes(project, new Set()) }
    : await online(input, project)
  const cycles = cyclesIn(project, others)
  const failures = [...mismatches, ...cycles.map(cycleFailure), ...findings(checked)]
  const patience = isOffline ? null : patienceOf(settingsIn(project, input))
  const found = { project, patience, checked, cycles, failures }
  if (input.talk.json) json(found, input)
  else text(found, input)
  return failures[0]?.exit ?? 0
}

// --- who is there

/** What was seen of the remotes, and what others rely on. */
async function online(input: Input, project: Project): Promise<{ checked: Checked[]; others: Relying[] }> {
  const { lock, manifest } = project
  const settings = patient(settingsIn(project, input))
  const { seen, view } = await withMesh(settings, input.host, async (mesh) => {
    const seen = await lookFor(mesh, manifest.remotes)
    return { seen, view: await viewOf(mesh, seen) }
  })
  const live = [...seen.flatMap(nodesSeen), ...(view ? nodesIn(view) : [])]
  const known = new Set(live.map(({ name }) => name))
  return { checked: await checkAll(project, lock, seen), others: [...live, ...lockedNodes(project, known)] }
}

/** The whole mesh is looked at where a remote relies on what this package has not looked for. */
async function viewOf(mesh: DService, seen: readonly Seen[]): Promise<MeshView | null> {
  const sought = new Set(seen.map(({ name }) => name))
  const targets = seen.flatMap((one) => Object.keys(chosenOf(one)?.rely ?? {}))
  return targets.some((name) => !sought.has(name)) ? mesh.inspect() : null
}

function nodesSeen({ found }: Seen): Relying[] {
  return found.map(({ instance: { name, version }, rely }) => ({ name, version, rely }))
}

function nodesIn({ instances }: MeshView): Relying[] {
  return instances.map(({ name, version, edges }) => {
    const required = edges.filter(({ optional, lazy }) => !optional && !lazy)
    return { name, version, rely: Object.fromEntries(required.map((edge) => [edge.name, edge.range])) }
  })
}

/** Those of the lock that are not among `known`. */
function lockedNodes({ lock }: Project, known: ReadonlySet<string>): Relying[] {
  return Object.entries(lock.remotes)
    .filter(([name]) => !known.has(name))
    .map(([name, { version, rely }]) => ({ name, version, rely }))
}

// --- what is wrong

/** The package serves what it is called, and what it has types for. */
function cyclesIn({ folder, manifest }: Project, others: readonly Relying[]): string[][] {
  const { name, version = null } = findPackage(folder)
  const names = new Set([...(name === undefined ? [] : [name]), ...manifest.types.keys()])
  const own = [...names].map((service) => ({ name: service, version: service === name ? version : null }))
  return cyclesThrough({ own, declared: manifest.remotes, others })
}

function cycleFailure(path: readonly string[]): Failed {
  const error = cycle({
    summary: 'required dependencies lead back to this package',
    hint: 'one of them would not start; declare one { "lazy": true } or { "optional": true }',
    details: { path },
  })
  return failureOf(error, 'setup')
}

/** One failure for all that was found of the remotes. */
function findings(checked: readonly Checked[]): Failed[] {
  const found = checked.filter(isFinding)
  if (found.length === 0) return []
  const absent = found.every(({ verdict }) => verdict === 'absent')
  const known = found.map(({ declaration: { name, range } }) => `${name}@${range}`)
  const which = `${found.length} of ${count(checked.length, 'remote')}`
  const error = absent
    ? noInstance({
        summary: `${which} ${found.length === 1 ? 'is' : 'are'} absent: ${known.join(', ')}`,
        hint: 'start an instance in range, widen the range, or give a longer --timeout',
        details: { known },
      })
    : invalid({
        summary: `${which} cannot stand for what is locked: ${known.join(', ')}`,
        hint: 'change what uses it, then run dservice install --update; or narrow the range',
        details: { known },
      })
  return [{ ...failureOf(error, 'setup'), exit: 1 }]
}

// --- what is told

function json({ project, patience, checked, cycles, failures }: Found, { talk }: Input): void {
  const [error] = failures
  talk.document({
    project: project.folder,
    offline: patience === null,
    patience,
    remotes: checked.map(checkedJson),
    cycles,
    findings: failures,
    ...(error ? { error } : {}),
  })
}

function text({ project, patience, checked, failures }: Found, { talk }: Input): void {
  for (const line of checkedText(checked, talk)) talk.data(plain(line))
  const isAbsent = checked.some(({ verdict }) => verdict === 'absent')
  const { remotes } = project.manifest
  const parts = [
    count(remotes.length, 'remote'),
    patience === null ? `${locked(project)} in the lock` : null,
    isAbsent && patience !== null ? `absent is who was not seen for ${span(patience)} (--timeout)` : null,
  ]
  talk.note(dotted(talk, parts))
  for (const failed of failures) talk.report(failed)
}

function locked({ lock, manifest }: Project): number {
  return manifest.remotes.filter(({ name }) => lockedIn(lock, name) !== null).length
}
