/** `dservice repl`: a prompt on a terminal, a script through a pipe, single expressions with `-e`. */
import { invalid } from '../../base/errors.js'
import { withMesh } from '../cli/client.js'
import type { Input } from '../cli/input.js'

export async function run(input: Input): Promise<number> {
  const { options, settings, talk, host } = input
  const pieces = options['eval']
  if (Array.isArray(pieces)) {
    const { runPieces } = await import('./script.js')
    return withMesh(settings, host, (mesh) => runPieces(mesh, input, pieces.map(String)))
  }
  if (host.stdin.isTTY !== true) {
    const { runLines } = await import('./script.js')
    return withMesh(settings, host, (mesh) => runLines(mesh, input))
  }
  if (talk.json) {
    throw invalid({
      summary: 'a prompt has no JSON',
      hint: 'use --json with -e, or with code through a pipe',
    })
  }
  const { explore } = await import('./repl.js')
  return withMesh(settings, host, (mesh) => explore(mesh, input))
}
