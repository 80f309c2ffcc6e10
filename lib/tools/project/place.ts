/** Where a project command works: the folder, and the mesh that its package.json means. */
import { statSync } from 'node:fs'
import path from 'node:path'
import { invalid } from '../../base/errors.js'
import { findPackage } from '../../base/package.js'
import { openProject, type Project } from '../../remotes/index.js'
import type { Input } from '../cli/input.js'
import type { Settings } from '../cli/talk.js'

/** The project of `--cwd`, else of the working directory; says what a reader of its package.json should know. Errors: DS_INVALID. */
export function projectOf({ options, talk }: Input): Project {
  const folder = folderOf(options['cwd'])
  const project = openProject(folder)
  // a package.json far above is easily the wrong one
  if (project.folder !== folder) talk.note(`in ${project.folder}`)
  for (const hint of project.manifest.hints) talk.warn(hint)
  return project
}

/** The folder of `--cwd`, else the working directory. Errors: DS_INVALID. */
export function folderOf(cwd: unknown): string {
  if (typeof cwd !== 'string') return process.cwd()
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) return path.resolve(cwd)
  throw invalid({ summary: `--cwd ${cwd} is no folder`, hint: 'give the folder of a project' })
}

/** The settings with the mesh and the engine of the project, where neither an option nor the environment names one. Errors: DS_INVALID. */
export function settingsIn({ folder }: Pick<Project, 'folder'>, { settings, host }: Input): Settings {
  const { mesh, engine } = findPackage(folder)
  return {
    ...settings,
    mesh: settings.mesh ?? host.env['DSERVICE_MESH'] ?? mesh,
    engine: settings.engine ?? host.env['DSERVICE_ENGINE'] ?? engine,
  }
}

/** A file of the project for people who stand in `--cwd` or the working directory. */
export function nearName(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative === '' || relative.startsWith('..') ? file : relative
}
