/** How a command joins the mesh: as a client that announces nothing, and always leaves again. */
import type { DService, DServiceOptions, Logger } from '../../index.js'
import type { Host, Settings } from './talk.js'
import { jsonText } from './text.js'

/** A person at a shell waits shorter for an instance than a program does, until --timeout says otherwise. */
const INSTANCE_WAIT = '300ms'

/** The options of a command's client. */
export function clientOptions(settings: Settings, host: Host): DServiceOptions {
  return {
    instanceWait: settings.timeout ?? INSTANCE_WAIT,
    ...(settings.mesh === undefined ? {} : { mesh: settings.mesh }),
    ...(settings.engine === undefined ? {} : { engine: settings.engine }),
    ...(settings.verbose ? { logger: loggerTo(host) } : {}),
  }
}

/** Runs `use` with a client of the mesh, and stops the client whatever happens. */
export async function withMesh<T>(
  settings: Settings,
  host: Host,
  use: (mesh: DService) => Promise<T>,
): Promise<T> {
  const { dservice } = await import('../../index.js')
  const mesh = dservice(null, undefined, clientOptions(settings, host))
  try {
    return await use(mesh)
  } finally {
    await mesh.stop()
  }
}

/** Writes what the library reports on stderr, for --verbose. */
function loggerTo(host: Host): Logger {
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      host.stderr.write(`${level} ${message} ${jsonText(fields)}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
