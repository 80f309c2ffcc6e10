/** `dservice/dnode`: dnode's own face. `require('dservice/dnode')` is the function `dnode`, with `protocol` on it. */
export { dnode, dnode as default, dnode as 'module.exports' } from './face/factory.js'
export { protocol } from './face/protocol.js'
export type { Dnode, DnodeOptions, DnodeServer } from './face/dnode.js'
export type { DnodeFactory } from './face/factory.js'
export type { DnodeArgument } from './face/parse-args.js'
export type { Proto, Protocol, ProtocolOptions } from './face/protocol.js'
export type { ClassicRemote, Remote } from './remote.js'
export type { Api } from './types.js'
