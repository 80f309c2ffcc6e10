/** The package.json that a program belongs to: where its version, mesh and engine come from. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { invalid, reasonOf } from './errors.js'

/** What dservice reads of a package.json. Fields that are missing or of another type are undefined. */
export interface PackageInfo {
  /** The file that was read; null where there was none. */
  readonly file: string | null
  readonly name: string | undefined
  readonly version: string | undefined
  /** The `dservice` field. */
  readonly mesh: string | undefined
  readonly engine: string | undefined
  /** The whole text, where it says something of remote dependencies or of types; null where nobody needs to read on. */
  readonly text: string | null
}

/** What others read of the text. The second is the old spelling of the first. */
const DECLARING: readonly string[] = ['remoteDependencies', 'RemoteDependency']

const NONE: PackageInfo = {
  file: null,
  name: undefined,
  version: undefined,
  mesh: undefined,
  engine: undefined,
  text: null,
}

/** Where the look-up starts: DSERVICE_DIR (set by `dservice run`), the program's real folder, else the working directory. */
export function startFolder(env: NodeJS.ProcessEnv, program: string | undefined): string {
  if (env['DSERVICE_DIR']) return path.resolve(env['DSERVICE_DIR'])
  if (!program) return process.cwd()
  try {
    return path.dirname(realpathSync(program))
  } catch {
    // a program without a file, as `node -` and the REPL have it
    return process.cwd()
  }
}

/** Reads a file more closely than this one does: it throws an error that says where the text is wrong. */
export type Proofread = (file: string, text: string) => unknown

/** Reads the nearest package.json upwards from `folder`. Errors: DS_INVALID where it is no JSON object; first the one of `proofread`. */
export function findPackage(folder: string, proofread?: Proofread): PackageInfo {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, 'package.json')
    const text = read(file)
    if (text !== null) return parse(file, text, proofread)
    if (path.dirname(at) === at) return NONE
  }
}

function read(file: string): string | null {
  try {
    // a pipe or a device might never end
    return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8') : null
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'EACCES') return null
    throw error
  }
}

function parse(file: string, text: string, proofread: Proofread | undefined): PackageInfo {
  const json = parseObject(file, text, proofread)
  const own = isRecord(json['dservice']) ? json['dservice'] : {}
  return {
    file,
    name: textOf(json['name']),
    version: textOf(json['version']),
    mesh: textOf(own['mesh']),
    engine: textOf(own['engine']),
    text: 'types' in own || DECLARING.some((field) => field in json) ? text : null,
  }
}

function parseObject(file: string, text: string, proofread: Proofread | undefined): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    if (isRecord(json)) return json
  } catch (error) {
    proofread?.(file, text)
    throw invalid({ summary: `${file} is no JSON: ${reasonOf(error)}`, hint: 'mend the file', cause: error })
  }
  throw invalid({ summary: `${file} holds no JSON object`, hint: 'mend the file' })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
