/** Whether a lock holds what the package.json declares, no more and no less. */
import satisfies from 'semver/functions/satisfies.js'
import type { DServiceError } from '../base/errors.js'
import { Document, type JsonNode } from './files/document.js'
import { readText } from './files/write.js'
import { lockedIn } from './lock/lockfile.js'
import type { Project } from './project.js'
import type { Lock, RemoteDeclaration } from './types.js'

const HINT = 'run dservice install where it runs, and commit dservice-lock.json'

/** DS_INVALID with file, line and column for each remote of which the two disagree. Errors: those of reading either. */
export function mismatchesIn(project: Project): DServiceError[] {
  const { manifest, lock } = project
  const declared = manifest.remotes.flatMap((remote) => mismatch(project, remote, lock) ?? [])
  const names = new Set(manifest.remotes.map(({ name }) => name))
  const left = Object.keys(lock.remotes).filter((name) => !names.has(name))
  return [...declared, ...left.map((name) => notDeclared(project, name))]
}

function mismatch(project: Project, remote: RemoteDeclaration, lock: Lock): DServiceError | null {
  const { name, range, optional, lazy } = remote
  const locked = lockedIn(lock, name)
  const differs = (summary: string): DServiceError =>
    placed(
      project.packageFile,
      [
        ['remoteDependencies', name],
        ['RemoteDependency', name],
      ],
      summary,
    )
  // one that may be absent may never have been there
  if (locked === null) return optional || lazy ? null : differs(`${name}@${range} is not locked`)
  if (!satisfies(locked.version, range))
    return differs(`${name}@${range} is declared, and ${locked.version} is locked`)
  return locked.range === range
    ? null
    : differs(`${name}@${range} is declared, and ${locked.range} is locked`)
}

function notDeclared({ lockFile }: Project, name: string): DServiceError {
  return placed(lockFile, [['remotes', name]], `${name} is locked, and no remote of the package.json`)
}

function placed(file: string, paths: readonly string[][], summary: string): DServiceError {
  const document = new Document(file, readText(file) ?? '{}')
  const at = paths.map((path) => document.find(...path)).find((node): node is JsonNode => node !== undefined)
  return document.error(at ?? 0, { summary, hint: HINT })
}
