/** The remotes that this process calls by declaration: one client for all, one handle for each, and what stands in for them in tests. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalid, reasonOf, type DServiceError } from './base/errors.js'
import { checkName, shown } from './base/names.js'
import { DEFAULTS } from './base/options.js'
import { manifestOf, packageAbove } from './declaring.js'
import { dservice } from './defaults.js'
import type { Remote } from './dnode/remote.js'
import { callerIn, createLateHandle, type Look } from './mesh/calls/handle.js'
import type { RemoteDeclaration } from './mesh/declared.js'
import type { ApiOf } from './mesh/remote-services.js'
import type { DService } from './mesh/types.js'

/** What calls by a declaration go to instead of the mesh: what to call with, given the declaration. */
export type StandIn = (declaration: RemoteDeclaration) => ReturnType<Look>

let client: DService | undefined
const handles = new Map<string, Remote>()
const standIns = new Map<string, StandIn>()

/**
 * The handle of a remote, as the package.json nearest above `from` declares it: a file URL (`import.meta.url`) or an absolute path. The
 * same name and package give the same handle. Its calls are made by one client of the process, which is made at the first of them by
 * what `dservice()` would go by; they wait for an instance as any handle's do.
 * Errors: DS_INVALID where the name is not declared.
 *
 *   const d1 = remote<Api>('d1', import.meta.url)
 */
export function remote<T = unknown, N extends string = string>(
  name: N,
  from: string | URL,
): Remote<ApiOf<T, N>> {
  const { file, declaration } = declarationOf(checkName(name), from)
  const { range, timeout } = declaration
  // an edited declaration is another one: a module that is loaded anew goes by it
  const key = JSON.stringify([file, name, range, timeout])
  const known = handles.get(key)
  if (known) return known as Remote<ApiOf<T, N>>
  const handle = createLateHandle<ApiOf<T, N>>(lookFor(declaration))
  handles.set(key, handle)
  return handle
}

/** Calls of that name go there until disposed, whoever declares it. Errors: DS_INVALID where they do already. */
export function standInFor(name: string, standIn: StandIn): Disposable {
  if (standIns.has(name)) {
    throw invalid({
      summary: `${name} is mocked already`,
      hint: 'dispose of the other mock before: await mock[Symbol.asyncDispose]()',
    })
  }
  standIns.set(name, standIn)
  return { [Symbol.dispose]: () => void (standIns.get(name) === standIn && standIns.delete(name)) }
}

function lookFor(declaration: RemoteDeclaration): Look {
  let real: ReturnType<Look> | undefined
  return () => {
    const standIn = standIns.get(declaration.name)
    if (standIn) return standIn(declaration)
    return (real ??= callerIn(relyOn(declaration), 'remote'))
  }
}

/** A client is in no graph: this is a handle at once, and no more. */
function relyOn({ name, range, timeout }: RemoteDeclaration): Remote {
  client ??= dservice()
  // the package of the process may declare something else
  return client.rely(name, range, { timeout: timeout ?? DEFAULTS.timeout })
}

function declarationOf(name: string, from: unknown): { file: string; declaration: RemoteDeclaration } {
  const folder = folderOf(from)
  const info = packageAbove(folder)
  const declaration = manifestOf(info)?.remotes.find((declared) => declared.name === name)
  if (info.file !== null && declaration) return { file: info.file, declaration }
  throw invalid({
    summary: info.file
      ? `${info.file} declares no remote ${JSON.stringify(name)}`
      : `there is no package.json above ${folder}, so nothing declares ${JSON.stringify(name)}`,
    hint: `run: dservice add ${name}`,
  })
}

function folderOf(from: unknown): string {
  if (typeof from === 'string' && path.isAbsolute(from)) return path.dirname(from)
  if (typeof from !== 'string' && !(from instanceof URL)) throw noPlace(shown(from))
  try {
    return fileURLToPath(new URL('.', from))
  } catch (error) {
    throw noPlace(`${shown(String(from))} (${reasonOf(error)})`)
  }
}

function noPlace(what: string): DServiceError {
  return invalid({
    summary: `remote() needs the place of a file to find its package.json, not ${what}`,
    hint: "give import.meta.url: remote('d1', import.meta.url)",
  })
}
