/** `signals: true`: dservices that drain when their process is asked to end. */
import type { DService } from './types.js'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Those to stop, held weakly: one that was dropped needs no stopping. Process-wide, as signals are. */
const watched = new Set<WeakRef<DService<object>>>()

/** Stops the service at SIGINT and SIGTERM, then ends the process by that signal, as if nobody had listened. */
export function stopOnSignals<S extends DService<object>>(service: S): S {
  for (const name of SIGNALS) if (!process.listeners(name).includes(stopAll)) process.on(name, stopAll)
  for (const ref of watched) if (!ref.deref()) watched.delete(ref)
  watched.add(new WeakRef<DService<object>>(service))
  return service
}

/** Ends the process only when the last one has drained. */
function stopAll(signal: NodeJS.Signals): void {
  for (const name of SIGNALS) process.off(name, stopAll)
  const stopping = [...watched].map(async (ref) => ref.deref()?.stop())
  watched.clear()
  void Promise.allSettled(stopping).then(() => process.kill(process.pid, signal))
}
