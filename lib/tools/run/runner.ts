/** The process of one file of `run`: loads it, and serves its default export where that is an api. */
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { isDServiceError } from '../../base/errors.js'
import { failureOf, failureText } from '../cli/failure.js'
import { styleOf } from '../cli/style.js'
import { apiOf } from './naming.js'

/** What this process tells `run`. */
export interface Serving {
  readonly type: 'serving'
  readonly name: string
  readonly version: string
  readonly address: string | null
}

async function serve(file: string, name: string): Promise<void> {
  const module = (await import(pathToFileURL(file).href)) as { default?: unknown }
  const api = apiOf(module.default)
  if (!api) return
  const { dservice } = await import('../../index.js')
  const service = dservice(name, api, { signals: true })
  await service.start()
  const { version, address } = service
  process.send?.({ type: 'serving', name: service.name ?? name, version, address } satisfies Serving)
}

/** Our errors say what to do; the file's own are shown as Node shows them. */
function textOf(error: unknown): string {
  if (isDServiceError(error))
    return failureText(failureOf(error, 'setup'), styleOf(process.env, process.stderr))
  return error instanceof Error ? (error.stack ?? String(error)) : inspect(error)
}

function main(): void {
  const [node = process.execPath, , file = '', name = ''] = process.argv
  // the file sees the command line that it would have under node itself
  process.argv = [node, file]
  // `run` is gone, whatever ended it: go as if it had said so
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
  serve(file, name).catch((error: unknown) => {
    process.stderr.write(`${textOf(error)}\n`)
    process.exit(1)
  })
}

main()
