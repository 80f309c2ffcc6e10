/** Remote dependencies, as the tools know them: what is not exported here is the library's own business. */
export { apiModule, generated, type ApiModule, type TypesFrom } from './declarations/declarations.js'
export { cyclesThrough, type Around, type Relying } from './cycles.js'
export { mismatchesIn } from './fit.js'
export { checkTypes } from './declarations/foreign-types.js'
export type { Generated, GeneratedRemote } from './generate.js'
export { changesByName, judge, judgeAll, type JudgeOptions, type Pair } from './judging/judge.js'
export { readLock } from './lock/lock-read.js'
export { salvageLock, type Salvaged } from './lock/lock-salvage.js'
export { contractOf, EMPTY_LOCK, formatLock, lockedIn, lockOf, type Found } from './lock/lockfile.js'
export { openProject, type DeclareOptions, type Project } from './project.js'
export type {
  Lock,
  LockedMethod,
  LockedRemote,
  LockedTypes,
  Manifest,
  MethodChange,
  RemoteDeclaration,
  Step,
  Use,
  Verdict,
} from './types.js'
export { concerns, usesOf } from './uses/uses.js'
export { readContract } from '../mesh/contract-read.js'
export type { Contract } from '../mesh/contract.js'
