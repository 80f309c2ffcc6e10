/** `signals: true`: a service that drains when it is asked to end. */
import type { DService } from './types.js'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Stops the service at SIGINT and SIGTERM, then ends the process by that signal, as if nobody had listened. */
export function stopOnSignals<S extends DService<object>>(service: S): S {
  const run = (signal: NodeJS.Signals): void => {
    for (const name of SIGNALS) process.off(name, run)
    void service.stop().finally(() => process.kill(process.pid, signal))
  }
  for (const name of SIGNALS) process.on(name, run)
  return service
}
