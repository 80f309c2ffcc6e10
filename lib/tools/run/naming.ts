/** What `run` calls each file, and the api that a file's default export is. */
import path from 'node:path'
import { invalid } from '../../base/errors.js'
import { findPackage } from '../../base/package.js'

/** One file to run. */
export interface Part {
  /** Absolute. */
  readonly file: string
  readonly folder: string
  /** `name` or `name@version` for an api; a file that starts its services itself does not read it. */
  readonly name: string
  /** What its lines of output begin with; unlike all others. */
  readonly label: string
}

/** Names the files: by `given`, else by the package.json beside the only file of a folder, else by the file. Errors: DS_INVALID. */
export function nameFiles(files: readonly string[], given: string | undefined): Part[] {
  if (given !== undefined && files.length > 1) {
    throw invalid({
      summary: `--name names one file, and ${files.length} were given`,
      hint: 'run them one by one, or let the files name themselves',
    })
  }
  const folders = files.map((file) => path.dirname(path.resolve(file)))
  const taken = new Map<string, number>()
  return files.map((given_, at) => {
    const file = path.resolve(given_)
    const folder = path.dirname(file)
    const alone = folders.filter((other) => other === folders[at]).length === 1
    const name = given ?? (alone ? packageName(folder) : undefined) ?? fileName(file)
    const seen = (taken.get(name) ?? 0) + 1
    taken.set(name, seen)
    return { file, folder, name, label: seen === 1 ? name : `${name}#${seen}` }
  })
}

/** Only a package.json in the folder itself: one further up names something larger. */
function packageName(folder: string): string | undefined {
  const { file, name } = findPackage(folder)
  return file !== null && path.dirname(file) === folder ? name : undefined
}

function fileName(file: string): string {
  return path.basename(file).replace(/\.[cm]?[jt]s$/, '')
}

/** The api among a module's exports; null where the file exports none and starts its services itself. */
export function apiOf(exported: unknown): object | null {
  if (typeof exported === 'function') return exported
  if (typeof exported !== 'object' || exported === null || isService(exported)) return null
  return Object.keys(exported).length > 0 ? exported : null
}

/** What dservice() returns is no api: the file that made it starts it. */
function isService(value: object): boolean {
  return 'dnodeFor' in value && 'start' in value && 'stop' in value
}
