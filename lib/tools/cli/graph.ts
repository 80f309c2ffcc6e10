/** `dservice graph`: who relies on whom, what is unmet, and the cycles. */
import { cycle, invalid, noInstance } from '../../base/errors.js'
import type { MeshView } from '../../index.js'
import { withMesh } from './client.js'
import type { Input } from './input.js'
import { failureOf, type Failed } from './failure.js'
import { dot, mermaid } from './graph-export.js'
import { engineName } from './ls-rows.js'
import { graphText } from './graph-text.js'

export async function run({ options, settings, talk, host }: Input): Promise<number> {
  const formats = [options['mermaid'] === true, options['dot'] === true, settings.json].filter(Boolean)
  if (formats.length > 1) {
    throw invalid({
      summary: 'more than one format was asked for',
      hint: 'give one of --mermaid, --dot, --json',
    })
  }
  const settle = settings.timeout === undefined ? {} : { settle: settings.timeout }
  const view = await withMesh(settings, host, (mesh) => mesh.inspect(settle))
  const failed = finding(view)
  if (talk.json) {
    talk.document({
      mesh: view.mesh,
      engine: view.engine,
      ...view.graph,
      ...(failed ? { error: failed } : {}),
    })
  } else {
    const draw = options['mermaid'] === true ? mermaid : options['dot'] === true ? dot : null
    if (view.graph.nodes.length > 0) talk.data(draw ? draw(view.graph) : graphText(view.graph, talk.style))
    if (failed) talk.report(failed)
  }
  return failed?.exit ?? 0
}

function finding(view: MeshView): Failed | null {
  const { nodes, cycles } = view.graph
  const [path] = cycles
  if (path) {
    return failureOf(
      cycle({
        summary: `required dependencies form ${cycles.length === 1 ? 'a cycle' : `${cycles.length} cycles`}`,
        hint: 'which starts first is undefined; mark one edge { lazy: true }',
        details: { path },
      }),
      'setup',
    )
  }
  if (nodes.length > 0) return null
  return failureOf(
    noInstance({
      summary: `no service answers in mesh "${view.mesh}" (${engineName(view.engine)})`,
      hint: 'start one (`dservice run file`, `dservice demo`), or name another mesh with --mesh',
    }),
    'setup',
  )
}
