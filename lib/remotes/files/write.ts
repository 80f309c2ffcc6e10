/** Writes files of a project whole or not at all: aside first, then by a new name. Nothing of it waits, so no signal comes in between. */
import { isUtf8 } from 'node:buffer'
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { invalid, isDServiceError, reasonOf, type DServiceError } from '../../base/errors.js'

/** A file that is to be. */
export interface Writing {
  /** Absolute. */
  readonly file: string
  readonly text: string
  /** What it was when it was read, null: it was not there. It must still be so. Missing: whatever it was. */
  readonly was?: string | null
}

/** A file that is ready, beside the one whose place it takes. */
interface Ready extends Writing {
  readonly aside: string
}

/** `.d1.mjs.4711.dservice-tmp`: which process has left it. */
const ASIDE = /^\..+\.(\d+)\.dservice-tmp$/

/** Why the system would not, and what to do. */
const HINTS: Readonly<Record<string, string>> = {
  EROFS: 'the disk is read-only: make it writable, or work on a copy',
  EACCES: 'make the folder and the file writable for this user',
  EPERM: 'make the folder and the file writable for this user',
  ENOSPC: 'make room on the disk',
  ENOTDIR: 'move away what is in the way',
  EEXIST: 'move away what is in the way',
  EISDIR: 'move away what is in the way',
}

/** What says that there is no such file: nothing, or something else. */
const NONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR'])

/** Bytes of a file that is read: no project has a larger one of these. */
const LARGEST = 64 * 1024 * 1024

/** A text file, or null where there is none. Errors: DS_INVALID where it cannot be read, or is no file: a pipe or a device might never end. */
export function readText(file: string): string | null {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (!found || found.isDirectory()) return null
    if (found.isFile() && found.size <= LARGEST) return readFileSync(file, 'utf8')
    const what = found.isFile() ? `larger than ${LARGEST} bytes` : 'no file'
    throw invalid({ summary: `${file} is ${what}`, hint: 'move it away', details: { file } })
  } catch (error) {
    if (NONE.has(codeOf(error) ?? '')) return null
    throw failed(file, 'read', error)
  }
}

/** As `readText`, of a file that is written again with edits. Errors: also for what is no UTF-8, of which the rest would be lost. */
export function readExact(file: string): string | null {
  const text = readText(file)
  // what stands for a character that could not be read
  if (!text?.includes('\ufffd') || isUtf8(readFileSync(file))) return text
  throw invalid({
    summary: `${file} is no UTF-8: line ${text.split('\ufffd', 1)[0]?.split('\n').length} has another encoding`,
    hint: 'save it as UTF-8',
    details: { file },
  })
}

/**
 * Writes all of them: each is whole before the first takes its place, and the mode of a file stays. Errors: DS_INVALID, for what leads out
 * of the folder `inside`, for a file that somebody else has changed meanwhile, and for what the system refuses.
 */
export function writeAside(writings: readonly Writing[], inside: string): void {
  const ready: Ready[] = []
  try {
    for (const writing of writings) ready.push(prepared(writing, inside))
    for (const { file, was } of ready) if (was !== undefined) checkSame(file, was)
    for (const { aside, file } of ready) attempt(file, () => renameSync(aside, file))
  } finally {
    for (const { aside } of ready) rmSync(aside, { force: true })
  }
}

/** Removes a file of the project, and the folders that are empty then. */
export function removeFile(file: string, inside: string): void {
  checkInside(path.dirname(file), inside)
  attempt(file, () => rmSync(file, { force: true }), 'removed')
  for (let folder = path.dirname(file); folder !== inside && isEmpty(folder); folder = path.dirname(folder))
    attempt(folder, () => rmdirSync(folder), 'removed')
}

function isEmpty(folder: string): boolean {
  return lstatSync(folder).isDirectory() && readdirSync(folder).length === 0
}

function prepared(writing: Writing, inside: string): Ready {
  const folder = path.dirname(writing.file)
  attempt(writing.file, () => mkdirSync(checkAbove(folder, inside), { recursive: true }))
  checkInside(folder, inside)
  const file = targetOf(writing.file, inside)
  const aside = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.dservice-tmp`)
  // one that an earlier process with our id has left
  rmSync(aside, { force: true })
  try {
    attempt(file, () => fill(aside, writing.text, modeOf(file)))
  } catch (error) {
    rmSync(aside, { force: true })
    throw error
  }
  return { ...writing, file, aside }
}

function fill(aside: string, text: string, mode: number | null): void {
  const handle = openSync(aside, 'wx')
  try {
    writeFileSync(handle, text)
  } finally {
    closeSync(handle)
  }
  if (mode !== null) chmodSync(aside, mode)
}

/** Where a link leads, as long as that is in the project. */
function targetOf(file: string, inside: string): string {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found?.isDirectory()) throw inTheWay(file, 'a folder')
  if (!found?.isSymbolicLink()) return file
  const target = attempt(file, () => realpathSync(file))
  checkInside(path.dirname(target), inside)
  return target
}

function modeOf(file: string): number | null {
  const found = lstatSync(file, { throwIfNoEntry: false })
  return found ? found.mode & 0o777 : null
}

function checkSame(file: string, was: string | null): void {
  if (readText(file) === was) return
  throw invalid({
    summary: `${file} has changed since it was read`,
    hint: 'nothing was written: run the command again',
    details: { file },
  })
}

/** Before a folder is made: what is there of the way to it. */
function checkAbove(folder: string, inside: string): string {
  let above = folder
  while (!lstatSync(above, { throwIfNoEntry: false }) && path.dirname(above) !== above)
    above = path.dirname(above)
  checkInside(above, inside)
  return folder
}

/** Links are followed no further than the project reaches. */
function checkInside(folder: string, inside: string): void {
  const root = attempt(inside, () => realpathSync(inside))
  const real = attempt(folder, () => realpathSync(folder))
  if (!lstatSync(real).isDirectory()) throw inTheWay(folder, 'a file')
  if (real === root || real.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) return
  throw invalid({
    summary: `${folder} leads out of the project, to ${real}`,
    hint: 'nothing was written: take the link away',
    details: { file: folder },
  })
}

/** Removes what interrupted processes have left in a folder. One that runs keeps its own. */
export function sweep(folder: string): void {
  for (const name of namesIn(folder)) {
    const pid = ASIDE.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(path.join(folder, name), { force: true })
  }
}

/** The names in a folder, sorted; none where there is no folder. A link is not followed: behind it they are somebody else's. */
export function namesIn(folder: string): string[] {
  try {
    if (lstatSync(folder).isSymbolicLink()) return []
    return readdirSync(folder).sort()
  } catch (error) {
    if (NONE.has(codeOf(error) ?? '')) return []
    throw failed(folder, 'read', error)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** DS_INVALID for something that stands where a file is to be. */
export function inTheWay(file: string, what: string): DServiceError {
  return invalid({
    summary: `${file} is ${what}, and not written by dservice`,
    hint: 'nothing was written: move it away, and run the command again',
    details: { file },
  })
}

function attempt<T>(file: string, run: () => T, what = 'written'): T {
  try {
    return run()
  } catch (error) {
    throw failed(file, what, error)
  }
}

function failed(file: string, what: string, error: unknown): unknown {
  const code = codeOf(error)
  if (isDServiceError(error) || code === undefined) return error
  return invalid({
    summary: `${file} cannot be ${what}: ${reasonOf(error)}`,
    hint: HINTS[code] ?? 'mend what the system says, and run the command again',
    cause: error,
    details: { file },
  })
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}
