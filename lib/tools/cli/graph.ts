/** `dservice graph`: who relies on whom, what is unmet, and the cycles. */
import { cycle, invalid, noInstance } from '../../base/errors.js'
import type { GraphView, MeshView } from '../../index.js'
import { withMesh } from './client.js'
import type { Input } from './input.js'
import { failureOf, type Failed } from './failure.js'
import { dot, mermaid } from './graph-export.js'
import { engineName } from './ls-rows.js'
import { graphText } from './graph-text.js'
import type { Talk } from './talk.js'
import { oneLine } from './text.js'

export async function run({ options, settings, talk, host }: Input): Promise<number> {
  const isCheck = options['check'] === true
  const pictures = [options['mermaid'] === true, options['dot'] === true]
  if ([...pictures, settings.json].filter(Boolean).length > 1) {
    throw invalid({
      summary: 'more than one format was asked for',
      hint: 'give one of --mermaid, --dot, --json',
    })
  }
  if (isCheck && pictures.includes(true)) {
    throw invalid({
      summary: '--check draws no picture',
      hint: 'give --check with --json, or leave it out',
    })
  }
  const settle = settings.timeout === undefined ? {} : { settle: settings.timeout }
  const view = await withMesh(settings, host, (mesh) => mesh.inspect(settle))
  const failed = finding(view) ?? (isCheck ? unmet(view) : null)
  if (talk.json) {
    talk.document({
      mesh: view.mesh,
      engine: view.engine,
      ...view.graph,
      ...(failed ? { error: failed } : {}),
    })
  } else {
    if (!isCheck) draw(view.graph, options, talk)
    if (failed) talk.report(failed)
  }
  return failed?.exit ?? 0
}

function draw(graph: GraphView, options: Input['options'], talk: Talk): void {
  if (graph.nodes.length === 0) return
  const picture = options['mermaid'] === true ? mermaid : options['dot'] === true ? dot : null
  talk.data(picture ? picture(graph) : graphText(graph, talk.style))
}

/** Required edges that no ready instance meets: services that wait. */
function unmet({ graph: { edges } }: MeshView): Failed | null {
  const open = edges.filter(({ met, optional, lazy }) => !met && !optional && !lazy)
  if (open.length === 0) return null
  const error = noInstance({
    summary: `${open.length === 1 ? 'a required edge is' : `${open.length} required edges are`} unmet`,
    hint: 'start what is missing, or widen the range: `dservice graph` shows what is there',
    details: { known: open.map(({ from, name, range }) => oneLine(`${from} -> ${name}@${range}`)) },
  })
  // it was found, not looked for
  return { ...failureOf(error, 'setup'), exit: 1 }
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
