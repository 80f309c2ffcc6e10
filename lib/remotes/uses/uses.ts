/** Where the sources of a project use remotes. */
import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { invalid, reasonOf } from '../../base/errors.js'
import type { Use } from '../types.js'
import { usesIn } from './uses-in.js'

/** Files that are read, folders that are looked into, and bytes of a file. */
const MOST_FILES = 20_000
const MOST_FOLDERS = 20_000
const LARGEST_FILE = 1024 * 1024

const SOURCE = /(?<!\.d)\.[mc]?[jt]sx?$/

/** What every file has that uses a remote. */
const LOOKS = /#remote\/|\b(?:dnodeFor|rely)\b/

/**
 * Where the sources below `folder` import or look up these remotes, and which of their methods they name, in the order of files and
 * lines; an empty list for a remote that is not found. Sources are files that end with .js, .ts, .mjs, .cts, .jsx and so on, at most 20 000 of
 * 1 MiB. Not looked into: node_modules, folders with a dot, those that .gitignore names plainly (`dist/`), packages within the package,
 * links, what cannot be read. Sources are read as words: a name counts in its whole file, and what is passed on or returned is not followed.
 * Errors: DS_INVALID where there is no such folder.
 */
export async function usesOf(folder: string, names: Iterable<string>): Promise<Map<string, Use[]>> {
  const found = new Map<string, Use[]>()
  for (const name of names) found.set(name, [])
  if (found.size === 0) return found
  for await (const file of sourcesIn(path.resolve(folder))) {
    const source = await textOf(file)
    if (source === null || !LOOKS.test(source)) continue
    const relative = path.relative(folder, file).replaceAll(path.sep, '/')
    for (const { remote, line, method } of usesIn(source)) {
      found.get(remote)?.push({ file: relative, line, method })
    }
  }
  for (const [name, uses] of found) found.set(name, inOrder(uses))
  return found
}

/** Whether a use names this method, an object that has it, or something of what the source takes for an object. */
export function concerns({ method }: Use, changed: string): boolean {
  return (
    method !== null &&
    (changed === method || changed.startsWith(`${method}.`) || method.startsWith(`${changed}.`))
  )
}

/** Each place once: `d1.f(d1.f(1))` is one. */
function inOrder(uses: readonly Use[]): Use[] {
  const places = new Map(uses.map((use) => [`${use.file}\n${use.line}\n${use.method ?? ''}`, use]))
  const by = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)
  return [...places.values()].sort(
    (a, b) => by(a.file, b.file) || by(a.line, b.line) || by(a.method ?? '', b.method ?? ''),
  )
}

async function* sourcesIn(folder: string): AsyncGenerator<string> {
  const ignored = await ignoredIn(folder)
  const waiting = [folder]
  let files = 0
  for (let folders = 0; waiting.length > 0 && folders < MOST_FOLDERS; folders++) {
    const at = waiting.shift() ?? folder
    const entries = await entriesOf(at, at === folder)
    // another package has other remotes
    if (at !== folder && entries.some(({ name }) => name === 'package.json')) continue
    for (const entry of entries) {
      const file = path.join(at, entry.name)
      const isIgnored = ignored.has(entry.name) || ignored.has(`/${path.relative(folder, file)}`)
      if (entry.isFile() && SOURCE.test(entry.name) && !isIgnored) {
        if (++files > MOST_FILES) return
        yield file
      } else if (
        entry.isDirectory() &&
        !isIgnored &&
        entry.name !== 'node_modules' &&
        !entry.name.startsWith('.')
      ) {
        waiting.push(file)
      }
    }
  }
}

async function entriesOf(folder: string, isRoot: boolean): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (!isRoot) return []
    const summary = `the sources below ${folder} cannot be looked through: ${reasonOf(error)}`
    throw invalid({ summary, hint: 'name a folder with sources', cause: error })
  }
}

async function textOf(file: string): Promise<string | null> {
  try {
    const found = await stat(file)
    return found.isFile() && found.size <= LARGEST_FILE ? await readFile(file, 'utf8') : null
  } catch {
    // gone meanwhile, or not for us: no use of a remote that anybody could be shown
    return null
  }
}

/** The plain names of the topmost .gitignore: `dist` anywhere, `/dist` and `a/b` from here. */
async function ignoredIn(folder: string): Promise<Set<string>> {
  const text = (await textOf(path.join(folder, '.gitignore'))) ?? ''
  const names = text.split(/\r?\n/).flatMap((line) => {
    const name = line.trim().replace(/\/$/, '')
    if (name === '' || /[*?![\]#\\]/.test(name)) return []
    return name.includes('/') ? `/${name.replace(/^\//, '')}` : name
  })
  return new Set(names)
}
