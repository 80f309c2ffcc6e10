/** echo: a service that answers what it is given. `dservice run` runs this file; `start()` does it in a program. */
import { dservice, type DService, type DServiceOptions } from 'dservice'

/** What the service answers. */
export interface Echo {
  /** Answers the value. */
  echo<T>(value: T): T
  /** Gives the value to the callback instead, as dnode's services do. */
  echoTo<T>(value: T, callback: (value: T) => void): void
}

const echo: Echo = {
  echo: (value) => value,
  echoTo: (value, callback) => callback(value),
}

/** Starts the service as `echo@1.0.0`; resolves when it is ready. */
export async function start(options: DServiceOptions = {}): Promise<DService<Echo>> {
  const service = dservice('echo@1.0.0', echo, options)
  await service.start()
  return service
}

export default echo
