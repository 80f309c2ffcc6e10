/** `dservice/dnode`: dnode's own face. `require('dservice/dnode')` is the function `dnode`, with `protocol` on it. */
export { dnode, dnode as default, dnode as 'module.exports' } from './factory.js'
export { protocol } from './protocol.js'
export type { Dnode, DnodeOptions, DnodeServer } from './dnode.js'
export type { DnodeFactory } from './factory.js'
export type { DnodeArgument } from './parse-args.js'
export type { Proto, Protocol, ProtocolOptions } from './protocol.js'
export type { ClassicRemote, Remote } from './remote.js'
export type { Api } from './types.js'
