/// <reference lib="esnext.disposable" preserve="true" />
/** `dservice/testing`: meshes in one process, on a virtual clock, for the tests of those who use dservice. */
export { simulate } from './world.js'
export type { World } from './world.js'
export type { Leftovers, NodeOptions, Place, SimulateOptions } from './types.js'
export type { SightingsOptions, Span } from './sightings.js'
export type { Clock } from '../base/clock.js'
