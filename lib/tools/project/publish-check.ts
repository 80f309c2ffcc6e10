/** `dservice publish-check [name@version]`: whether a version of a service breaks more than its number says. */
import { rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import compare from 'semver/functions/compare.js'
import inc from 'semver/functions/inc.js'
import parse from 'semver/functions/parse.js'
import { systemClock } from '../../base/clock.js'
import { invalid, isDServiceError, noInstance, reasonOf } from '../../base/errors.js'
import { checkName, checkVersion, splitAt } from '../../base/names.js'
import { findPackage } from '../../base/package.js'
import type { DService } from '../../index.js'
import {
  checkTypes,
  judge,
  openProject,
  type Contract,
  type Step,
  type Verdict,
} from '../../remotes/index.js'
import { withMesh } from '../cli/client.js'
import type { Input } from '../cli/input.js'
import { oneLine } from '../cli/text.js'
import { apiOf } from '../run/naming.js'
import { patient } from './look.js'
import { folderOf, settingsIn } from './place.js'
import { fromFile, fromMesh, textOf, type Side } from './side.js'
import { verdictText } from './verdict.js'

/** What is to be published. */
interface Release {
  readonly name: string
  readonly version: string
}

const STEPS: readonly Step[] = ['patch', 'minor', 'major']

export async function run(input: Input): Promise<number> {
  const { args, options, host, talk } = input
  const text = (key: string): string | undefined =>
    typeof options[key] === 'string' ? options[key] : undefined
  const folder = folderOf(options['cwd'])
  const settings = patient(settingsIn({ folder }, input))
  const release = releaseOf(args[0], folder)
  const [module, against, save] = [text('module'), text('against'), text('save')]
  const { own, other } = await withMesh(settings, host, async (mesh) => {
    const own = module === undefined ? await running(mesh, release) : await ofModule(module, release, folder)
    if (save !== undefined) await saveTo(path.resolve(folder, save), own)
    const other = against === undefined ? await lower(mesh, release) : await fromFile(against, folder)
    return { own, other }
  })
  if (!other && save !== undefined) {
    talk.note(`no lower version of ${release.name} is live: saved, and compared with nothing`)
    return 0
  }
  if (!other) throw nothingToCompare(release)
  const most = admitted(other, release)
  const verdict = await judge(other.contract, own.contract, { folder, clock: systemClock })
  return tell(input, { release, other, most, verdict })
}

/** The name and version that are given, else those of the package.json. */
function releaseOf(word: string | undefined, folder: string): Release {
  const own = findPackage(folder)
  const { name, after } = word === undefined ? { name: own.name, after: undefined } : splitAt(word)
  const version = after ?? own.version
  if (name === undefined || version === undefined) {
    throw invalid({
      summary: `no ${name === undefined ? 'name' : 'version'} to publish: ${own.file ?? `no package.json above ${folder}`} has none`,
      hint: 'give both: `dservice publish-check d1@1.3.0`',
    })
  }
  return { name: checkName(name), version: checkVersion(version) }
}

/** Errors: as of `fromMesh`; where it does not run, with the other way to it. */
async function running(mesh: DService, { name, version }: Release): Promise<Side> {
  try {
    return await fromMesh(mesh, name, version)
  } catch (error) {
    if (!isDServiceError(error) || error.code !== 'DS_NO_INSTANCE') throw error
    const hint = `start ${name}@${version}, or give the file of its api: --module dist/api.js`
    throw noInstance({ summary: error.summary, hint, details: error.details ?? {}, cause: error.cause })
  }
}

/** Serves the default export for a moment, in a mesh in memory that nobody else sees, and asks it. */
async function ofModule(file: string, { name, version }: Release, folder: string): Promise<Side> {
  const exported = await loaded(file, folder)
  const api = apiOf(exported.default)
  if (!api) {
    throw invalid({
      summary: `${file} has no api as its default export`,
      hint: 'where a file starts its service itself, run it, and leave out --module',
    })
  }
  const { dservice } = await import('../../index.js')
  const service: DService = dservice(`${name}@${version}`, api, { engine: 'memory:', mesh: 'publish-check' })
  try {
    await service.start()
    const side = await fromMesh(service, name, version)
    return { ...side, from: file, contract: { ...side.contract, ...(await typesOf(name, folder)) } }
  } finally {
    await service.stop()
  }
}

async function loaded(file: string, folder: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(path.resolve(folder, file)).href)) as { default?: unknown }
  } catch (error) {
    throw invalid({
      summary: `--module ${file} cannot be loaded: ${reasonOf(error)}`,
      hint: 'give a file that Node can import, compiled where it has to be: the api is its default export',
      cause: error,
    })
  }
}

/** What `dservice.types` of the package.json names; the file of the service is read by another program than its own. */
async function typesOf(name: string, folder: string): Promise<Pick<Contract, 'types'>> {
  const { manifest } = openProject(folder)
  const named = manifest.types.get(name)
  if (!named) return {}
  const file = path.join(path.dirname(manifest.file), named.file)
  const text = (await textOf(file)).replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  const types = { root: named.root, text }
  checkTypes(types)
  return { types }
}

/** The highest release below; null where none is live. */
async function lower(mesh: DService, { name, version }: Release): Promise<Side | null> {
  try {
    return await fromMesh(mesh, name, `<${version}`)
  } catch (error) {
    if (isDServiceError(error) && error.code === 'DS_NO_INSTANCE') return null
    throw error
  }
}

/** Whole or not at all: aside first, then by its name. */
async function saveTo(file: string, { name, version, contract }: Side): Promise<void> {
  const aside = `${file}.${process.pid}.tmp`
  try {
    await writeFile(aside, `${JSON.stringify({ v: 1, name, version, contract }, null, 2)}\n`)
    await rename(aside, file)
  } catch (error) {
    await rm(aside, { force: true })
    throw invalid({
      summary: `${file} cannot be written: ${reasonOf(error)}`,
      hint: 'name another file',
      cause: error,
    })
  }
}

function nothingToCompare({ name, version }: Release): Error {
  return noInstance({
    summary: `no version of ${name} below ${version} is live, and --against was not given`,
    hint: 'start the last version, or compare with a file: --against contract.json (made by --save)',
  })
}

/**
 * The most that may change from one version to the other: what `^` lets in is at most minor. In 0.x the minor number is the breaking one
 * and the patch number brings features; in 0.0.x every version may break. A prerelease is taken for the release that it leads to.
 */
export function admits(from: string, to: string): Step {
  const [a, b] = [parse(from), parse(to)]
  if (!a || !b) return 'patch'
  if (a.major !== b.major) return 'major'
  if (a.minor !== b.minor) return a.major === 0 ? 'major' : 'minor'
  if (a.patch === b.patch) return 'patch'
  if (a.major > 0) return 'patch'
  return a.minor === 0 ? 'major' : 'minor'
}

function admitted({ name, version, from }: Side, release: Release): Step {
  if (version === null || name !== release.name) {
    throw invalid({
      summary: `${from} is ${version === null ? 'a contract without a version' : `of ${name}, not of ${release.name}`}`,
      hint: 'compare with what `--save` wrote, or with a lock: --against dservice-lock.json#d1',
    })
  }
  if (compare(version, release.version) <= 0) return admits(version, release.version)
  throw invalid({
    summary: `${release.version} is lower than ${version}, which it is compared with`,
    hint: 'give the version that is to be published: `dservice publish-check d1@1.3.0`',
  })
}

interface Told {
  readonly release: Release
  readonly other: Side
  readonly most: Step
  readonly verdict: Verdict
}

function tell({ talk }: Input, { release, other, most, verdict }: Told): number {
  const { name, version } = release
  const ok = STEPS.indexOf(verdict.step) <= STEPS.indexOf(most)
  const next = ok ? version : nextOf(other.version ?? version, verdict.step)
  if (talk.json) {
    talk.document({ name, version, against: other.version, admits: most, ok, next, ...verdict })
    return ok ? 0 : 1
  }
  talk.note(oneLine(`${name}@${version}, compared with ${other.from}, which admits: ${most}`))
  talk.data(verdictText(verdict, talk.style))
  const { ok: yes, no } = talk.style.marks
  talk.data(
    ok ? `${yes} ${name}@${version} may be published` : `${no} publish it as ${next}, not as ${version}`,
  )
  return ok ? 0 : 1
}

/** The lowest version that admits the step. */
function nextOf(from: string, step: Step): string {
  const kinds = ['patch', 'minor', 'major'] as const
  const nexts = kinds.map((kind) => inc(from, kind) ?? from)
  const fits = nexts.find((next) => STEPS.indexOf(admits(from, next)) >= STEPS.indexOf(step))
  return fits ?? nexts[2] ?? from
}
