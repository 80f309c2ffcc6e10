/** A folder with a package.json: what it declares, what is locked, and the edits of both. */
import path from 'node:path'
import { checkName, checkRange } from '../base/names.js'
import { Document } from './files/document.js'
import { edited, type Edit } from './files/edit.js'
import { readExact, readText, sweep, writeAside, type Writing } from './files/write.js'
import { GENERATED_FOLDER, generate, planned, type Generated } from './generate.js'
import { hintsFor } from './hints.js'
import { readLock } from './lock/lock-read.js'
import { salvageLock, type Salvaged } from './lock/lock-salvage.js'
import { EMPTY_LOCK, formatLock, LOCK_FILE } from './lock/lockfile.js'
import { readManifest } from './manifest.js'
import type { Lock, Manifest } from './types.js'

/** What may be said of a remote beside its range. */
export interface DeclareOptions {
  readonly optional?: boolean
  readonly lazy?: boolean
  /** Milliseconds, or text such as `2s`. */
  readonly timeout?: number | string
}

/** What makes `import d1 from '#remote/d1'` find its module and its types. */
const IMPORTS = '#remote/*'
const TARGETS = {
  types: `./${GENERATED_FOLDER}/*.d.mts`,
  default: `./${GENERATED_FOLDER}/*.mjs`,
}

/** As npm does it: sorted, whatever the order is that one finds. */
const FIELD = 'remoteDependencies'
const OLD_FIELD = 'RemoteDependency'

/** What a package.json is where there is none. */
const NOTHING = '{}\n'

/**
 * A project, from the folder of the nearest package.json upwards; without one it is the folder itself, and the first edit makes the file.
 * Nothing is read before it is asked for, so that a lock can be written anew which nobody can read.
 */
export function openProject(folder: string): Project {
  const start = path.resolve(folder)
  for (let at = start; ; at = path.dirname(at)) {
    if (readText(path.join(at, 'package.json')) !== null) return new Project(at)
    if (path.dirname(at) === at) return new Project(start)
  }
}

export class Project {
  readonly folder: string
  readonly packageFile: string
  readonly lockFile: string
  /** The package.json as it was read or written last; undefined: not yet, null: there is none. */
  #package: string | null | undefined
  #lock: string | null | undefined
  /** By file, what is to be written together; null: each edit is written at once. */
  #together: Map<string, Writing> | null = null

  constructor(folder: string) {
    this.folder = folder
    this.packageFile = path.join(folder, 'package.json')
    this.lockFile = path.join(folder, LOCK_FILE)
  }

  // --- reading

  /** What the package.json declares. Errors: DS_INVALID with file, line and column. */
  get manifest(): Manifest {
    return readManifest(new Document(this.packageFile, this.#packageText ?? NOTHING))
  }

  /** What is locked; nothing where there is no lock. Errors: DS_INVALID with file, line and column. */
  get lock(): Lock {
    const text = this.#lockText
    return text === null ? EMPTY_LOCK : readLock(this.lockFile, text)
  }

  /** What can be believed of a lock that cannot be read. Errors: DS_INVALID for a newer one. */
  salvaged(): Salvaged {
    return salvageLock(this.lockFile, this.#lockText ?? '')
  }

  get #packageText(): string | null {
    if (this.#package === undefined) this.#package = readExact(this.packageFile)
    return this.#package
  }

  get #lockText(): string | null {
    if (this.#lock === undefined) this.#lock = readText(this.lockFile)
    return this.#lock
  }

  // --- edits: true where they changed something

  /** Declares a remote, or gives it another range: what else was said of it stays. Errors: DS_INVALID. */
  declare(name: string, range: string, options: DeclareOptions = {}): boolean {
    checkName(name)
    const before = this.manifest.remotes.find((remote) => remote.name === name)
    const field = [this.#field, name]
    const isObject = this.#document().find(...field)?.type === 'object'
    if (!before || !isObject) {
      const value =
        Object.keys(options).length === 0 ? checkRange(range) : { range: checkRange(range), ...options }
      return this.#edit([{ path: field, value }])
    }
    const said = Object.entries({ range: checkRange(range), ...options })
    return this.#edit(said.map(([option, value]) => ({ path: [...field, option], value })))
  }

  /** Takes a remote out; false where it was not declared. Errors: DS_INVALID. */
  undeclare(name: string): boolean {
    const { remotes } = this.manifest
    if (!remotes.some((remote) => remote.name === name)) return false
    const isLast = remotes.length === 1
    return this.#edit([{ path: isLast ? [this.#field] : [this.#field, name], value: undefined }])
  }

  /** Adds what `#remote/d1` is found by. Errors: DS_INVALID where `#remote/*` is something else already. */
  addImports(): boolean {
    const document = this.#document()
    const imports = document.members(document.root, 'the package.json').find(({ name }) => name === 'imports')
    if (imports) document.members(imports.value, 'imports')
    const found = document.find('imports', IMPORTS)
    if (!found) return this.#edit([{ path: ['imports', IMPORTS], value: TARGETS }])
    if (JSON.stringify(document.valueOf(found)) === JSON.stringify(TARGETS)) return false
    throw document.error(found, {
      summary: `"${IMPORTS}" is ${JSON.stringify(document.valueOf(found))} already`,
      hint: `dservice needs it to be ${JSON.stringify(TARGETS)}`,
    })
  }

  /** Writes the lock. Errors: DS_INVALID. */
  writeLock(lock: Lock): boolean {
    const text = formatLock(lock)
    const was = this.#lockText
    // a checkout may have made other line ends of ours
    if (was?.replaceAll('\r\n', '\n') === text) return false
    this.#write({ file: this.lockFile, text, was })
    this.#lock = text
    return true
  }

  /** Writes `.dservice/` from what is declared and locked. Errors: DS_INVALID. */
  generate(): Generated {
    sweep(this.folder)
    return generate(this)
  }

  /** What `generate` would do: which files do not fit the lock. Errors: DS_INVALID. */
  stale(): Generated {
    const { remotes, written, removed } = planned(this)
    return { remotes, written, removed }
  }

  /**
   * Runs edits, then writes what they have changed and `.dservice/`: all of it or nothing. Nothing in it waits, so that an interrupt comes
   * before it or after it. Errors: DS_INVALID, and then nothing was written.
   */
  save(edit: () => void): Generated {
    this.#together = new Map()
    try {
      edit()
      sweep(this.folder)
      return generate(this, [...this.#together.values()])
    } catch (error) {
      this.#package = this.#lock = undefined
      throw error
    } finally {
      this.#together = null
    }
  }

  /** What the project needs besides, which no command changes for its owner: sentences for people. */
  hints(): readonly string[] {
    return hintsFor(this.folder)
  }

  #document(): Document {
    return new Document(this.packageFile, this.#packageText ?? NOTHING)
  }

  get #field(): string {
    return this.#document().find(OLD_FIELD) ? OLD_FIELD : FIELD
  }

  #edit(edits: readonly Edit[]): boolean {
    const was = this.#packageText
    const text = edits.reduce(edited, was ?? NOTHING)
    if (text === was) return false
    // an edit that nobody could read is not written
    readManifest(new Document(this.packageFile, text))
    this.#write({ file: this.packageFile, text, was })
    this.#package = text
    return true
  }

  /** Of several edits of a file, the first one knows what it was. */
  #write(writing: Writing): void {
    const first = this.#together?.get(writing.file)
    if (!this.#together) writeAside([writing], this.folder)
    else this.#together.set(writing.file, first ? { ...first, text: writing.text } : writing)
  }
}
