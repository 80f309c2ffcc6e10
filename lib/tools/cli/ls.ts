/** `dservice ls [name[@range]]`: what is there now, proved by a connection to each. */
import { noInstance, unreachable } from '../../base/errors.js'
import type { MeshView } from '../../index.js'
import { withMesh } from './client.js'
import type { Input } from './input.js'
import { failureOf, type Failed } from './failure.js'
import { columnsOf, engineName, rowsOf, summaryText } from './ls-rows.js'
import { withMeant } from './meant.js'
import { renderTable } from './table.js'
import type { Talk } from './talk.js'
import { parseService, type ServiceTarget } from './target.js'
import { oneLine } from './text.js'

export async function run({ args, settings, talk, host }: Input): Promise<number> {
  const target = args[0] === undefined ? undefined : parseService(args[0])
  const { seen, failed } = await withMesh(settings, host, async (mesh) => {
    const view = await mesh.inspect(inspectOptions(target, settings.timeout))
    const seen = target?.range === undefined ? view : await inRange(view, target.range)
    const failed = missing(seen, view, target)
    return { seen, failed: failed && target ? await withMeant(failed, mesh, target) : failed }
  })
  if (talk.json) talk.document({ ...seen, ...(failed ? { error: failed } : {}) })
  else showMesh(seen, talk)
  if (failed && !talk.json) talk.report(failed)
  return failed?.exit ?? 0
}

function inspectOptions(target: ServiceTarget | undefined, settle: string | undefined): object {
  return {
    ...(target ? { name: target.name } : {}),
    ...(settle === undefined ? {} : { settle }),
  }
}

async function inRange(view: MeshView, range: string): Promise<MeshView> {
  const { default: satisfies } = await import('semver/functions/satisfies.js')
  return {
    ...view,
    instances: view.instances.filter(({ version }) => satisfies(version, range)),
    unreachable: view.unreachable.filter(({ version }) => version === null || satisfies(version, range)),
  }
}

/** Prints a mesh as `ls` does: the table on stdout, what to know beside it on stderr. */
export function showMesh(view: MeshView, talk: Talk): void {
  if (view.instances.length > 0) {
    const { text, dropped } = renderTable(columnsOf(talk.style), rowsOf(view.instances), talk)
    talk.data(text)
    talk.note(summaryText(view, talk.style))
    if (dropped.length > 0) talk.note(`not shown, the terminal is too narrow: ${dropped.join(', ')}`)
  }
  for (const { name, version, address, reason } of view.unreachable) {
    const who = name === null ? 'something' : [name, version].filter((part) => part !== null).join('@')
    talk.warn(
      oneLine(`${talk.style.marks.no} ${who} is announced at ${address}, but not reachable: ${reason}`),
    )
  }
}

function missing(seen: MeshView, all: MeshView, target: ServiceTarget | undefined): Failed | null {
  if (seen.instances.length > 0) return null
  const what = target ? `${target.name}${target.range === undefined ? '' : `@${target.range}`}` : 'a service'
  const live = [...new Set(all.instances.map(({ name, version }) => `${name}@${version}`))]
  const others = live.length > 0 ? `; live: ${live.join(', ')}` : ''
  const summary = `no instance of ${what} answers in mesh "${all.mesh}" (${engineName(all.engine)})${others}`
  const make = seen.unreachable.length > 0 ? unreachable : noInstance
  return failureOf(
    make({
      summary,
      hint:
        live.length > 0
          ? 'widen the range, or start an instance in range'
          : 'start one (`dservice run file`, `dservice demo`), or name another mesh with --mesh',
      details: { known: live },
    }),
    'setup',
  )
}
