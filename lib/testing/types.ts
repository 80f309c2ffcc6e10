/** What a user of the simulation holds: its options and its figures. */
import type { Logger } from '../base/logger.js'
import type { DService, DServiceOptions } from '../mesh/types.js'

/** What a world is made with. */
export interface SimulateOptions {
  /** Where chance begins: two runs with one seed are the same. Default: 1. */
  readonly seed?: number
  /** Told what all services and clients of the world do, unless they have a logger of their own. */
  readonly logger?: Logger
}

/** The options of a dservice that mean something here, and where it lives. */
export interface NodeOptions extends Pick<
  DServiceOptions,
  'mesh' | 'version' | 'instanceWait' | 'hooks' | 'redact' | 'types' | 'logger'
> {
  /** The node: services and clients of one node are one process. Default: a node of its own, `users`, `users-2`, `client`. */
  readonly node?: string
}

/** A node by its name, or the one that a service or client lives on. */
export type Place = string | Pick<DService, 'dnodeFor' | 'stop'>

/** What is left when everything has been stopped: zeros, or something leaks. */
export interface Leftovers {
  /** Announcements that stand. */
  readonly announced: number
  /** Questions to the engine. */
  readonly watched: number
  readonly connections: number
  /** Ports that are listened on. */
  readonly listeners: number
  /** Timers of the clock. */
  readonly timers: number
  /** Calls, look-ups and starts that have not ended. */
  readonly pending: number
}
