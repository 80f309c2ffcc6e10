/** `dservice types`: writes the types of what is locked, and says where they are. */
import { invalid } from '../../base/errors.js'
import { lockedIn, type Generated, type GeneratedRemote, type Project } from '../../remotes/index.js'
import { failureOf, type Failed } from '../cli/failure.js'
import type { Input } from '../cli/input.js'
import { count } from '../cli/text.js'
import { projectOf } from './place.js'
import { aligned, dotted, fromText, tellProblems, typesFile } from './shown.js'

export function run(input: Input): Promise<number> {
  return Promise.resolve(write(input))
}

function write(input: Input): number {
  const { options, talk } = input
  const project = projectOf(input)
  const isCheck = options['check'] === true
  const generated = isCheck ? project.stale() : project.generate()
  const failed = isCheck ? unfit(generated) : null
  if (talk.json) {
    const { remotes, written, removed } = generated
    const files = isCheck ? { stale: written, left: removed } : { written, removed }
    const told = remotes.map((remote) => remoteJson(remote, project))
    talk.document({ project: project.folder, remotes: told, ...files, ...(failed ? { error: failed } : {}) })
    return failed?.exit ?? 0
  }
  if (!isCheck) {
    const rows = generated.remotes.map((remote) => [remote.name, typesFile(remote.name), fromText(remote)])
    for (const row of aligned(rows)) talk.data(row)
  }
  tellProblems(generated, talk)
  talk.note(
    dotted(talk, [
      count(generated.remotes.length, 'remote'),
      isCheck ? null : `${count(generated.written.length, 'file')} written`,
    ]),
  )
  if (failed) talk.report(failed)
  return failed?.exit ?? 0
}

function unfit({ written, removed }: Generated): Failed | null {
  const files = [...written, ...removed]
  if (files.length === 0) return null
  const error = invalid({
    summary: `${count(files.length, 'file')} of .dservice ${files.length === 1 ? 'does' : 'do'} not fit dservice-lock.json`,
    hint: 'run dservice types, and commit what it writes',
    details: { known: files },
  })
  return { ...failureOf(error, 'setup'), exit: 1 }
}

function remoteJson({ name, from, problem }: GeneratedRemote, { lock }: Project): object {
  return {
    ...{ name, types: from, file: typesFile(name), version: lockedIn(lock, name)?.version ?? null },
    ...(problem ? { problem: failureOf(problem, 'setup') } : {}),
  }
}
