/** `dservice add name@range...`: declares remotes, locks what was found of them, writes their types. */
import { duration } from '../../base/names.js'
import { invalid, isDServiceError } from '../../base/errors.js'
import {
  lockedIn,
  lockOf,
  type DeclareOptions,
  type Found,
  type Generated,
  type Project,
} from '../../remotes/index.js'
import { withMesh } from '../cli/client.js'
import { failureOf, type Failed } from '../cli/failure.js'
import type { Input } from '../cli/input.js'
import { withMeant } from '../cli/meant.js'
import type { Talk } from '../cli/talk.js'
import { parseService, type ServiceTarget } from '../cli/target.js'
import { count } from '../cli/text.js'
import { foundOf, lookFor, patient, type Seen } from './look.js'
import { projectOf, settingsIn } from './place.js'
import { dotted, fromText, methodsOf, tellProblems, typedIn, typesFile } from './shown.js'

/** A remote that is to be declared; `found` is null where nobody was asked. */
interface Added {
  readonly name: string
  readonly range: string
  readonly found: Found | null
  readonly instances: number
}

export async function run(input: Input): Promise<number> {
  const { args, options, talk } = input
  const targets = targetsOf(args)
  const said = declaredBy(options)
  const project = projectOf(input)
  // what cannot be read is told before anybody is asked
  const { lock } = project
  const isOffline = options['offline'] === true
  const added = isOffline
    ? targets.map((target) => unseen(target, project))
    : await seenBy(input, project, targets)
  if ('exit' in added) {
    talk.report(added)
    return added.exit
  }
  const generated = project.save(() => {
    project.addImports()
    for (const { name, range } of added) project.declare(name, range, said)
    const locked = added.flatMap(({ name, found }) => (found ? [[name, lockOf(found)] as const] : []))
    if (locked.length > 0)
      project.writeLock({ ...lock, remotes: { ...lock.remotes, ...Object.fromEntries(locked) } })
  })
  tell({ project, added, generated }, talk)
  return 0
}

function targetsOf(args: readonly string[]): ServiceTarget[] {
  const targets = args.map(parseService)
  const twice = targets.find(({ name }, at) => targets.findIndex((other) => other.name === name) < at)
  if (!twice) return targets
  throw invalid({ summary: `${twice.name} was given twice`, hint: 'give it once' })
}

function declaredBy(options: Input['options']): DeclareOptions {
  const timeout = options['callTimeout']
  if (typeof timeout === 'string') duration(timeout, '--call-timeout')
  return {
    ...(options['optional'] === true ? { optional: true } : {}),
    ...(options['lazy'] === true ? { lazy: true } : {}),
    ...(typeof timeout === 'string' ? { timeout } : {}),
  }
}

/** Nobody says which versions there are: who names no range keeps the declared one. */
function unseen({ name, range }: ServiceTarget, { manifest }: Project): Added {
  const declared = manifest.remotes.find((remote) => remote.name === name)
  return { name, range: range ?? declared?.range ?? '*', found: null, instances: 0 }
}

/** Looks for all of them; the failure, where one is absent or cannot be locked. */
function seenBy(
  input: Input,
  project: Project,
  targets: readonly ServiceTarget[],
): Promise<readonly Added[] | Failed> {
  const settings = patient(settingsIn(project, input))
  return withMesh(settings, input.host, async (mesh) => {
    const seen = await lookFor(
      mesh,
      targets.map(({ name, range = '*' }) => ({ name, range })),
    )
    try {
      return seen.map((one, at) => addedOf(one, targets[at]?.range))
    } catch (error) {
      if (!isDServiceError(error)) throw error
      const at = seen.findIndex(({ absence }) => absence === error)
      const failed = failureOf(error, 'setup')
      if (at < 0) return failed
      return unwritten(await withMeant(failed, mesh, targets[at] ?? { name: '', range: undefined }))
    }
  })
}

function unwritten(failed: Failed): Failed {
  const { hint = '' } = failed
  const offline = `${hint}${hint.endsWith('?') ? ' Or' : ', or'} declare it alone with --offline`
  return { ...failed, hint: `nothing was written; ${offline}` }
}

/** As npm does it: who names no range takes the version that is there, and what may stand for it. */
function addedOf(seen: Seen, range: string | undefined): Added {
  const found = foundOf(seen)
  const declared = range ?? `^${found.version}`
  return {
    name: seen.name,
    range: declared,
    found: { ...found, declaration: { range: declared } },
    instances: seen.found.filter(({ instance }) => instance.version === found.version).length,
  }
}

interface Told {
  readonly project: Project
  readonly added: readonly Added[]
  readonly generated: Generated
}

function tell({ project, added, generated }: Told, talk: Talk): void {
  const typed = typedIn(generated)
  const hints = project.hints()
  if (talk.json) {
    const remotes = added.map(({ name, range, found, instances }) => ({
      name,
      range,
      version: found?.version ?? null,
      instances,
      methods: found ? methodsOf(found.contract) : [],
      types: typed.get(name)?.from ?? 'nothing',
      file: typesFile(name),
    }))
    talk.document({ project: project.folder, added: remotes, hints })
    return
  }
  for (const { name, range, found, instances } of added) {
    const remote = typed.get(name)
    const what = found
      ? [
          `found ${found.version} (${count(instances, 'instance')})`,
          count(methodsOf(found.contract).length, 'method'),
          remote ? fromText(remote) : null,
          'locked',
        ]
      : [unlockedText(project, name)]
    talk.data(`+ ${name}@${range}  ${dotted(talk, what)}`)
  }
  tellProblems(generated, talk)
  for (const hint of hints) talk.note(hint)
}

function unlockedText({ lock, manifest }: Project, name: string): string {
  const locked = lockedIn(lock, name)
  const isLocked = locked?.range === manifest.remotes.find((remote) => remote.name === name)?.range
  return locked && isLocked
    ? `declared, locked as before (${locked.version})`
    : 'declared, not locked: run dservice install where it is there'
}
