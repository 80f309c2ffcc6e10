/** `dservice call <name.method> [args...]`: one call, its answer on stdout. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { systemClock } from '../../base/clock.js'
import type { Remote } from '../../index.js'
import { failureOf, type Failed } from './failure.js'
import { withMesh } from './client.js'
import type { Input } from './input.js'
import { callBackPath, callPath } from './handle.js'
import { parseArguments } from './literals.js'
import { withMeant } from './meant.js'
import type { Talk } from './talk.js'
import { parseMethod } from './target.js'
import { span } from './text.js'
import { jsonable, valueText } from './values.js'

export async function run(input: Input): Promise<number> {
  const { settings, talk, host } = input
  const target = parseMethod(input.args[0] ?? '')
  const args = await argumentsOf(input)
  const isCallback = input.options['callback'] === true
  const call = isCallback ? callBackPath : callPath
  return withMesh(settings, host, async (mesh) => {
    const started = systemClock.monotonic()
    try {
      const options = settings.timeout === undefined ? {} : { timeout: settings.timeout }
      const handle: Remote = await mesh.dnodeFor(target.name, target.range, options)
      const value = await call(handle, target.path, args)
      showAnswer(value, talk)
      talk.note(`${span(systemClock.monotonic() - started)}, discovery included`)
      return 0
    } catch (error) {
      const failed = await withMeant(failureOf(error, 'call'), mesh, target)
      talk.report({ ...failed, ...callbackHint(failed, isCallback) })
      return failed.exit
    }
  })
}

function argumentsOf({ args, host }: Input): Promise<unknown[]> {
  return parseArguments(args.slice(1), {
    file: (path) => readFile(path, 'utf8'),
    stdin: () => text(host.stdin as NodeJS.ReadStream),
  })
}

/** How a method that wants a callback fails without one: it calls what is not there, or never answers. */
function callbackHint({ exit, name, message, hint }: Failed, isCallback: boolean): { hint?: string } {
  const calledNothing = name === 'TypeError' && message.endsWith('is not a function')
  if (isCallback ? exit !== 4 : !calledNothing && exit !== 4) return {}
  const own = isCallback
    ? 'if the method returns its answer, call it without --callback'
    : 'if the method answers through a callback, call it with --callback'
  return { hint: hint === undefined ? own : `${hint}; ${own}` }
}

function showAnswer(value: unknown, talk: Talk): void {
  if (talk.json) talk.document({ value: jsonable(value) })
  else talk.data(valueText(value, talk.style.colors.isColorSupported))
}
