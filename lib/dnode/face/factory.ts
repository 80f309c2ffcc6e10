/** `dnode(cons)`: the classic face, for programs that were written for npm's dnode. */
import type { Api } from '../types.js'
import { Dnode, type DnodeOptions, type DnodeServer } from './dnode.js'
import type { DnodeArgument } from './parse-args.js'
import { protocol } from './protocol.js'

/** `dnode(cons)` makes a session to be connected, listened or piped; `dnode.connect` and `dnode.listen` need no api. */
export interface DnodeFactory {
  (cons?: Api, opts?: DnodeOptions): Dnode
  new (cons?: Api, opts?: DnodeOptions): Dnode
  connect(...args: readonly DnodeArgument[]): Dnode
  listen(...args: readonly DnodeArgument[]): DnodeServer
  readonly protocol: typeof protocol
  /** The function itself, for `const { dnode } = require(...)`. */
  readonly dnode: DnodeFactory
}

/** An ordinary function, since `new dnode(cons)` was allowed too. */
function create(cons?: Api, opts?: DnodeOptions): Dnode {
  return new Dnode(cons, opts)
}

function makeFactory(): DnodeFactory {
  const factory = Object.assign(create, {
    connect: (...args: readonly DnodeArgument[]) => new Dnode().connect(...args),
    listen: (...args: readonly DnodeArgument[]) => new Dnode().listen(...args),
    protocol,
  }) as unknown as DnodeFactory
  return Object.assign(factory, { dnode: factory })
}

/** The face of npm's dnode. */
export const dnode: DnodeFactory = makeFactory()
