/** `dservice outdated`: remotes of which another version runs than the one that is locked. */
import compare from 'semver/functions/compare.js'
import { invalid, summaryOf } from '../../base/errors.js'
import type { DService } from '../../index.js'
import { lockedIn, type Lock, type RemoteDeclaration } from '../../remotes/index.js'
import { withMesh } from '../cli/client.js'
import { failureOf } from '../cli/failure.js'
import type { Input } from '../cli/input.js'
import { cellOf, renderTable, type Column } from '../cli/table.js'
import { count, plain } from '../cli/text.js'
import type { Talk } from '../cli/talk.js'
import { lookFor, patient } from './look.js'
import { projectOf, settingsIn } from './place.js'

interface Row {
  readonly name: string
  readonly range: string
  /** Null: not locked. */
  readonly locked: string | null
  /** The highest version in range that runs; null: none. */
  readonly wanted: string | null
  /** The highest version that runs; null: none. */
  readonly latest: string | null
  /** How many instances there are of each version, the highest first. */
  readonly where: readonly { readonly version: string; readonly instances: number }[]
  /** Why nobody is in range. */
  readonly absence: Error | null
}

export async function run(input: Input): Promise<number> {
  const { talk, host } = input
  const project = projectOf(input)
  const { manifest, lock } = project
  const settings = patient(settingsIn(project, input))
  const rows = await withMesh(settings, host, (mesh) => rowsOf(mesh, manifest.remotes, lock))
  const newer = rows.filter(isOutdated)
  if (talk.json) {
    const remotes = rows.map(({ absence, ...row }) => ({
      ...row,
      outdated: isOutdated(row),
      absence: absence && failureOf(absence, 'setup'),
    }))
    talk.document({ project: project.folder, remotes, ...(newer.length > 0 ? { error: failed(newer) } : {}) })
  } else tell(rows, talk)
  return newer.length > 0 ? 1 : 0
}

/** In range, and newer than what is locked. */
function isOutdated({ locked, wanted }: Pick<Row, 'locked' | 'wanted'>): boolean {
  return locked !== null && wanted !== null && compare(wanted, locked) > 0
}

function failed(newer: readonly Row[]): object {
  const error = invalid({
    summary: `newer versions run in range of ${newer.map(({ name }) => name).join(', ')}`,
    hint: 'dservice install --update locks them',
  })
  return { ...failureOf(error, 'setup'), exit: 1 }
}

/** All are looked for at once, in range and out of it: a prerelease is in no range but one that names it. */
async function rowsOf(mesh: DService, remotes: readonly RemoteDeclaration[], lock: Lock): Promise<Row[]> {
  const any = remotes.map(({ name }) => ({ name, range: '*' }))
  const seen = await lookFor(mesh, [...remotes, ...any])
  return remotes.map(({ name, range }, at) => {
    const [inRange, all] = [seen[at], seen[remotes.length + at]]
    const instances = new Map(
      [...(inRange?.found ?? []), ...(all?.found ?? [])].map(({ instance }) => [
        instance.id,
        instance.version,
      ]),
    )
    const versions = [...new Set(instances.values())].sort((a, b) => compare(b, a))
    const where = versions.map((version) => ({
      version,
      instances: [...instances.values()].filter((other) => other === version).length,
    }))
    return {
      ...{ name, range, where },
      locked: lockedIn(lock, name)?.version ?? null,
      wanted: inRange?.found[0]?.instance.version ?? null,
      latest: versions[0] ?? null,
      absence: inRange?.absence ?? null,
    }
  })
}

function tell(rows: readonly Row[], talk: Talk): void {
  const told = rows.filter((row) => row.where.some(({ version }) => version !== row.locked))
  if (told.length > 0) talk.data(renderTable(columnsOf(talk), told, talk).text)
  for (const { where, absence } of rows)
    if (where.length === 0 && absence) talk.warn(plain(`${talk.style.marks.wait} ${summaryOf(absence)}`))
  const newer = rows.filter(isOutdated).length
  talk.note(
    newer > 0
      ? `newer in range: ${count(newer, 'remote')}; dservice install --update locks them`
      : 'nothing newer in range',
  )
}

function columnsOf({ style: { colors } }: Talk): Column<Row>[] {
  const version = (text: string | null): string => (text === null ? '-' : cellOf(text))
  return [
    { head: 'REMOTE', cell: ({ name }) => colors.bold(cellOf(name)) },
    { head: 'RANGE', cell: ({ range }) => cellOf(range) },
    { head: 'LOCKED', cell: ({ locked }) => version(locked) },
    {
      head: 'WANTED',
      cell: (row) => (isOutdated(row) ? colors.red(version(row.wanted)) : version(row.wanted)),
    },
    { head: 'LATEST', cell: ({ latest }) => version(latest), keep: 2 },
    {
      head: 'WHERE',
      cell: ({ where }) => cellOf(where.map((one) => `${one.instances} × ${one.version}`).join(', ')),
      keep: 1,
    },
  ]
}
