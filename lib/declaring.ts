/** What the package of this process declares: read once, with which of the declared names the process serves itself. */
import type { Logger } from './base/logger.js'
import { findPackage, startFolder, type PackageInfo } from './base/package.js'
import { Declared } from './mesh/declared.js'
import { Document } from './remotes/files/document.js'
import { readManifest } from './remotes/manifest.js'
import type { Manifest } from './remotes/types.js'

let own: PackageInfo | undefined
/** Null: it declares nothing. */
let manifest: Manifest | null | undefined
const byMesh = new Map<string, Declared>()

/** The package.json that this process belongs to. */
export function ownPackage(): PackageInfo {
  return (own ??= packageAbove(startFolder(process.env, process.argv[1])))
}

/** The package.json that files of a folder belong to. Errors: DS_INVALID with file and line. */
export function packageAbove(folder: string): PackageInfo {
  // a document that cannot be read says where
  return findPackage(folder, (file, text) => new Document(file, text))
}

/** What a package.json declares; null: nothing. Errors: DS_INVALID with file and line. */
export function manifestOf({ file, text }: PackageInfo): Manifest | null {
  return file === null || text === null ? null : readManifest(new Document(file, text))
}

/** What the dservices of one mesh go by; null: nothing is declared. Errors: DS_INVALID with file and line. */
export function declaredIn(mesh: string, logger: Logger): Declared | null {
  const known = byMesh.get(mesh)
  if (known) return known
  const found = ownManifest(logger)
  if (!found || found.remotes.length === 0) return null
  const declared = new Declared(found.remotes)
  byMesh.set(mesh, declared)
  return declared
}

/** What the package.json of this process declares; null: nothing. Errors: DS_INVALID with file and line. */
export function ownManifest(logger: Logger): Manifest | null {
  if (manifest === undefined) manifest = read(logger)
  return manifest
}

function read(logger: Logger): Manifest | null {
  const found = manifestOf(ownPackage())
  for (const hint of found?.hints ?? []) logger.warn({ file: found?.file }, hint)
  return found
}
