/** The shapes of remote dependencies: what a package declares, what its lock holds, and how two contracts differ. */
import type { MethodContract } from '../mesh/contract.js'
import type { RemoteDeclaration } from '../mesh/declared.js'

export type { RemoteDeclaration }

/** What package.json says of remote dependencies and of its own services. */
export interface Manifest {
  /** The package.json. */
  readonly file: string
  /** In the order of their names. */
  readonly remotes: readonly RemoteDeclaration[]
  /** `dservice.types`: by name of a service, `./dist/api.d.ts#Api`. */
  readonly types: ReadonlyMap<string, { readonly file: string; readonly root: string }>
  /** What a reader of it should be told, which is no error: an old spelling. */
  readonly hints: readonly string[]
}

/** A method as it is locked. */
export interface LockedMethod extends MethodContract {
  readonly hash: string
}

/** The types as they are locked: line by line, so that two branches merge. */
export interface LockedTypes {
  readonly hash: string
  readonly root: string
  readonly text: readonly string[]
}

/** One remote of the lock. */
export interface LockedRemote {
  /** As it was declared when it was locked. */
  readonly range: string
  /** The version whose contract this is. */
  readonly version: string
  /** The hash of the contract. */
  readonly contract: string
  readonly methods: Readonly<Record<string, LockedMethod>>
  readonly types?: LockedTypes
  /** Its required edges: name -> range. */
  readonly rely: Readonly<Record<string, string>>
}

/** `dservice-lock.json`. */
export interface Lock {
  readonly lockfileVersion: 1
  readonly remotes: Readonly<Record<string, LockedRemote>>
}

/** By semver: nothing that callers could notice, more than before, or less. */
export type Step = 'patch' | 'minor' | 'major'

/** How one method differs. */
export interface MethodChange {
  readonly method: string
  readonly step: Step
  readonly kind: 'added' | 'removed' | 'changed'
  /** In a sentence, from the compiler where it has one; for people. */
  readonly text: string
}

/** How one contract differs from another. */
export interface Verdict {
  readonly step: Step
  /** In the order of the methods' names; empty where nothing differs. */
  readonly changes: readonly MethodChange[]
}

/** Where a project's sources use a remote. */
export interface Use {
  /** Relative to the project, with `/`. */
  readonly file: string
  readonly line: number
  /** Dotted; null: where it is imported or looked up. */
  readonly method: string | null
}
