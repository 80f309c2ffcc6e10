/// <reference lib="esnext.disposable" preserve="true" />
/** `dservice/remote`: what the generated module of a remote calls. */
export { remote } from './calling.js'
export type { Remote } from './dnode/remote.js'
