/** `dservice/dnode`: dnode's own face. `require('dservice/dnode')` is the function `dnode`. */
export { dnode, dnode as default, dnode as 'module.exports' } from './factory.js'
export type { Dnode, DnodeFactory, DnodeServer } from './factory.js'
export type { DnodeArgument } from './parse-args.js'
export type { ClassicRemote, Remote } from './remote.js'
export type { Api } from './types.js'
