/// <reference lib="esnext.disposable" preserve="true" />
/** `dservice/testing`: for the tests of those who use dservice: meshes in one process, on a virtual clock, and remotes that are mocked. */
export { mockRemote } from './mock.js'
export type { MockCall, Mocked, MockOptions, RemoteMock } from './mock.js'
export { simulate } from './world.js'
export type { World } from './world.js'
export type { Leftovers, NodeOptions, Place, SimulateOptions } from './types.js'
export type { SightingsOptions, Span } from './sightings.js'
export type { Clock } from '../base/clock.js'
