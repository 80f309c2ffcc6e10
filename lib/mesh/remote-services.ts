/** The apis of remotes by name, as generated files tell them to the compiler. */

/**
 * Filled by the files that `dservice install` writes, so that `dnodeFor('d1')` and `rely('d1')` are typed without a type argument:
 *
 *   declare module 'dservice' { interface RemoteServices { d1: Api } }
 */
export interface RemoteServices {}

/** The api that is meant: the one that is given, else the one that is known by the name, else unknown. */
export type ApiOf<T, Name> = unknown extends T
  ? Name extends keyof RemoteServices
    ? RemoteServices[Name]
    : T
  : T
