/** Where a contract comes from that is compared: a version that is live, or a file. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { invalid, noInstance, protocol, reasonOf, summaryOf } from '../../base/errors.js'
import { checkName, checkRange, checkVersion, splitAt } from '../../base/names.js'
import type { DService } from '../../index.js'
import { contractOf, lockedIn, readContract, readLock, type Contract } from '../../remotes/index.js'

/** A contract and whose it is. */
export interface Side {
  /** null: the file does not say. */
  readonly name: string | null
  readonly version: string | null
  readonly contract: Contract
  /** `d1@1.2.0`, or the file. */
  readonly from: string
}

/** Whether a word of the command line is a file: `./contract.json`, `dservice-lock.json#d1`. No name of a service ends so. */
export function isFile(word: string): boolean {
  return /^\.{0,2}[/\\]|\.json(#.*)?$/.test(word) || path.isAbsolute(word)
}

/** A saved contract, a contract alone, or one of a lock. Errors: DS_INVALID. */
export async function fromFile(word: string, folder: string): Promise<Side> {
  const [name, remote] = word.split(/#(.*)/s)
  const file = path.resolve(folder, name ?? '')
  const text = await textOf(file)
  if (remote !== undefined) return fromLock(file, text, remote)
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>> | null
    const isSaved = typeof value === 'object' && value !== null && 'contract' in value
    const contract = readContract(isSaved ? JSON.stringify(value['contract']) : text)
    if (!isSaved) return { name: null, version: null, contract, from: word }
    return { name: checkName(value['name']), version: checkVersion(value['version']), contract, from: word }
  } catch (error) {
    const hint =
      'name a file that `dservice publish-check --save` wrote, or a remote of a lock: dservice-lock.json#d1'
    throw invalid({ summary: `${file} holds no contract: ${summaryOf(error)}`, hint, cause: error })
  }
}

/** Errors: DS_INVALID where it cannot be read. */
export async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw invalid({
      summary: `${file} cannot be read: ${reasonOf(error)}`,
      hint: 'name another file',
      cause: error,
    })
  }
}

function fromLock(file: string, text: string, name: string): Side {
  const lock = readLock(file, text)
  const locked = lockedIn(lock, name)
  if (locked)
    return { name, version: locked.version, contract: contractOf(locked), from: `${name}@${locked.version}` }
  const known = Object.keys(lock.remotes)
  throw invalid({ summary: `${file} locks no ${name}`, hint: 'name one that it locks', details: { known } })
}

/** `d1@1.2.0`, `d1@^1`: the highest version in range that tells its contract. Errors: those of `dnodeFor` and `contracts`. */
export async function fromMesh(mesh: DService, name: string, range: string): Promise<Side> {
  const { contracts } = await import('../../index.js')
  const found = await contracts(await mesh.dnodeFor(name, range))
  const [told] = found.flatMap(({ instance: { version }, contract }) =>
    contract ? [{ version, contract }] : [],
  )
  if (told) return { name, ...told, from: `${name}@${told.version}` }
  if (found.length === 0)
    throw noInstance({ summary: `no instance of ${name}@${range} is there any more`, hint: 'try again' })
  throw protocol({
    summary: `${name}@${found[0]?.instance.version} tells no contract that passes`,
    hint: 'its methods are made for each caller, or it is a program of another make: --verbose says why',
  })
}

/** A word of the command line. */
export async function sideOf(word: string, folder: string, mesh: DService): Promise<Side> {
  if (isFile(word)) return fromFile(word, folder)
  const { name, after } = splitAt(word)
  return fromMesh(mesh, checkName(name), checkRange(after))
}
