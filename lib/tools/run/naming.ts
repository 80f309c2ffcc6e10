/** What `run` calls each file, and the api that a file's default export is. */
import path from 'node:path'
import { invalid } from '../../base/errors.js'
import { checkName, checkVersion, splitAt } from '../../base/names.js'
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
  if (given !== undefined) checkNameAt(given)
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

function checkNameAt(text: string): void {
  const { name, after } = splitAt(text)
  checkName(name)
  if (after !== undefined) checkVersion(after)
}

/** Only a package.json in the folder itself: one further up names something larger. */
function packageName(folder: string): string | undefined {
  const { file, name } = findPackage(folder)
  return file !== null && path.dirname(file) === folder ? name : undefined
}

function fileName(file: string): string {
  return path.basename(file).replace(/\.[cm]?[jt]s$/, '')
}

/** The api that a file's default export is; null where it has none and starts its services itself. Errors: DS_INVALID. */
export function apiOf(exported: unknown): object | null {
  if (exported === undefined || exported === null) return null
  if (typeof exported === 'function') return exported
  if (typeof exported !== 'object' || Array.isArray(exported)) {
    throw invalid({
      summary: `the default export is ${Array.isArray(exported) ? 'an array' : `a ${typeof exported}`}, no api`,
      hint: 'export an object of functions, or nothing and call dservice(...).start()',
    })
  }
  // an ESM file without a default has none; a CommonJS file without exports has an empty object
  return isService(exported) || Object.keys(exported).length === 0 ? null : exported
}

/** What dservice() returns is no api: the file that made it starts it. */
function isService(value: object): boolean {
  return 'dnodeFor' in value && 'start' in value && 'stop' in value
}
