/** time: a service that says what time it is, and who says so. `dservice run` runs this file; `start()` does it in a program. */
import { dservice, type DService, type DServiceOptions } from 'dservice'

/** What one instance knows of the time. */
export interface Reading {
  /** The process that answered: with several instances up, the answers come from all of them. */
  readonly pid: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
}

/** What the service answers. */
export interface Time {
  now(): Reading
}

const time: Time = {
  now: () => ({ pid: process.pid, timestamp: Date.now() }),
}

/** Starts the service as `time@1.0.0`; resolves when it is ready. */
export async function start(options: DServiceOptions = {}): Promise<DService<Time>> {
  const service = dservice('time@1.0.0', time, options)
  await service.start()
  return service
}

export default time
