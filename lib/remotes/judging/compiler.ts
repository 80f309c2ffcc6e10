/** The project's own TypeScript as a command: version 7 has no other door. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import satisfies from 'semver/functions/satisfies.js'
import type { Clock } from '../../base/clock.js'
import {
  cancelled,
  invalid,
  limit,
  reasonOf,
  timeout,
  toError,
  type DServiceError,
} from '../../base/errors.js'

/** The oldest TypeScript that judges. */
const OLDEST = '>=5.8'

/** A version that is to come is one too. */
const LOOSE = { includePrerelease: true }

/** Milliseconds that a run may take. */
const LONGEST_RUN = 20_000

/** Characters that it may say. */
const MOST_OUTPUT = 16 * 1024 * 1024

const INSTALL = 'install it in the project: `npm install --save-dev typescript`'

/** A TypeScript that was found. */
export interface Compiler {
  readonly version: string
  /** The program of its `tsc`. */
  readonly program: string
}

/** One message: its first line, and those that say why. */
export interface Diagnostic {
  /** As the compiler names it, relative to the folder; null: of no file. */
  readonly file: string | null
  readonly line: number
  readonly lines: readonly string[]
}

/** Looks from `folder` upwards, as Node does. Errors: DS_INVALID, where there is none, or one before 5.8. */
export function findCompiler(folder: string): Compiler {
  const file = resolveFrom(folder, 'typescript/package.json')
  if (file === null) {
    throw invalid({ summary: `contracts are compared by TypeScript, and ${folder} has none`, hint: INSTALL })
  }
  const { version, bin } = readPackage(file)
  if (typeof version !== 'string' || typeof bin?.tsc !== 'string' || !satisfies(version, OLDEST, LOOSE)) {
    const what = `contracts are compared by TypeScript ${OLDEST.slice(2)} or newer`
    throw invalid({ summary: `${what}, and ${file} is ${String(version)}`, hint: INSTALL })
  }
  return { version, program: path.join(path.dirname(file), bin.tsc) }
}

interface Manifest {
  readonly version?: unknown
  readonly bin?: { readonly tsc?: unknown } | null
}

function readPackage(file: string): Manifest {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) ?? {}) as Manifest
  } catch (error) {
    throw invalid({ summary: `${file} cannot be read: ${reasonOf(error)}`, hint: INSTALL, cause: error })
  }
}

/** The file that Node would find from `folder`; null where there is none. */
export function resolveFrom(folder: string, what: string): string | null {
  try {
    return createRequire(path.join(path.resolve(folder), 'package.json')).resolve(what)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return null
    throw error
  }
}

/** Until it is disposed of, `run` is done where the process ends: one that is interrupted waits for nobody. */
export function atExit(run: () => void): Disposable {
  process.once('exit', run)
  return { [Symbol.dispose]: () => void process.off('exit', run) }
}

/** What bounds a run. */
export interface Bounds {
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/**
 * Compiles the project in `folder` and answers what was said of it. The process and its children have ended when this settles.
 * Errors: DS_TIMEOUT after 20 s, DS_CANCELLED by the signal, DS_LIMIT, DS_INVALID where it says nothing that can be read.
 */
export async function compile(compiler: Compiler, folder: string, bounds: Bounds): Promise<Diagnostic[]> {
  const { code, output } = await ended(compiler, folder, bounds)
  const diagnostics = diagnosticsIn(output)
  // those of no file stand first: behind others, a type that is shown may look so
  const general = diagnostics[0]?.file === null ? diagnostics[0] : undefined
  if (general || (code !== 0 && diagnostics.length === 0)) {
    const said = general?.lines[0] ?? output.trim().split('\n').at(-1)?.slice(0, 300)
    throw invalid({
      summary: `TypeScript ${compiler.version} could not compare: ${said || `it ended with ${code}`}`,
      hint: 'install another version of it in the project',
    })
  }
  return diagnostics
}

interface Ended {
  readonly code: number | string | null
  readonly output: string
}

function ended(compiler: Compiler, folder: string, { clock, signal }: Bounds): Promise<Ended> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(interrupted())
    let failure: DServiceError | null = null
    let output = ''
    const child = start(compiler, folder)
    const atEnd = atExit(() => kill(child))
    const end = (why: DServiceError): void => {
      failure ??= why
      kill(child)
    }
    const late = clock.after(LONGEST_RUN, () => end(tooLong(compiler)))
    const onAbort = (): void => end(interrupted())
    const free = (): void => {
      late[Symbol.dispose]()
      atEnd[Symbol.dispose]()
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        if (output.length + text.length > MOST_OUTPUT) end(tooMuch(compiler))
        else output += text
      })
    }
    child.once('error', (error) => {
      free()
      reject(failure ?? toError(error))
    })
    // its pipes too: only then has the last child of the child ended
    child.once('close', (code, by) => {
      free()
      if (failure) reject(failure)
      else resolve({ code: code ?? by, output })
    })
  })
}

/** A group of its own: `tsc` of version 7 is a program that starts another one. */
function start({ program }: Compiler, folder: string): ChildProcess {
  return spawn(process.execPath, [program, '-p', 'tsconfig.json', '--pretty', 'false', '--locale', 'en'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return
  if (process.platform === 'win32') {
    child.kill('SIGKILL')
    return
  }
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    // it has just ended by itself
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const FIRST = /^(?:(\S.*?)\((\d+),\d+\): )?(?:error|warning|message) TS\d+: (.*)$/

function diagnosticsIn(output: string): Diagnostic[] {
  const found: { file: string | null; line: number; lines: string[] }[] = []
  for (const text of output.split(/\r?\n/)) {
    const [first, file, line, said = ''] = FIRST.exec(text) ?? []
    if (first !== undefined) found.push({ file: file ?? null, line: Number(line ?? 0), lines: [said] })
    else if (/^\s+\S/.test(text)) found.at(-1)?.lines.push(text.trim())
  }
  return found
}

function interrupted(): DServiceError {
  return cancelled({ summary: 'interrupted while TypeScript compared contracts', ran: 'no' })
}

function tooLong({ version }: Compiler): DServiceError {
  return timeout({
    summary: `TypeScript ${version} compared contracts for ${LONGEST_RUN / 1_000} s and was ended`,
    hint: 'make their types simpler; TypeScript 7 is several times as fast as those before',
    ran: 'no',
  })
}

function tooMuch({ version }: Compiler): DServiceError {
  return limit({
    summary: `TypeScript ${version} said more than ${MOST_OUTPUT} characters of two contracts`,
    hint: 'make their types simpler',
  })
}
