/** `dservice rm name...`: takes remotes out of package.json, lock and types. */
import { noInstance } from '../../base/errors.js'
import { checkName } from '../../base/names.js'
import type { Input } from '../cli/input.js'
import { nearNames } from '../cli/meant.js'
import { projectOf } from './place.js'

export function run(input: Input): Promise<number> {
  return Promise.resolve(remove(input))
}

function remove(input: Input): number {
  const { args, talk } = input
  const names = [...new Set(args.map((name) => checkName(name)))]
  const project = projectOf(input)
  const { lock } = project
  const declared = project.manifest.remotes.map(({ name }) => name)
  const known = new Set([...declared, ...Object.keys(lock.remotes)])
  for (const name of names) if (!known.has(name)) throw notDeclared(name, declared)
  const kept = Object.entries(lock.remotes).filter(([name]) => !names.includes(name))
  const { removed } = project.save(() => {
    for (const name of names) project.undeclare(name)
    if (kept.length < Object.keys(lock.remotes).length)
      project.writeLock({ ...lock, remotes: Object.fromEntries(kept) })
  })
  if (talk.json) talk.document({ project: project.folder, removed: names, files: removed })
  else for (const name of names) talk.data(`- ${name}`)
  return 0
}

/** A name that is no remote of the package; nothing was written. */
export function notDeclared(name: string, declared: readonly string[]): Error {
  const near = nearNames(name, declared)
  return noInstance({
    summary: `package.json declares no remote ${name}`,
    hint: near.length > 0 ? `did you mean ${near.join(' or ')}?` : `dservice add ${name} declares it`,
    ...(declared.length > 0 ? { details: { known: declared } } : {}),
  })
}
